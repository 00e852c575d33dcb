/**
 * @file Makes the tokenizer that ships with `--model tiny`: src/models/tiny/*.json, T5's conventions with a vocabulary of
 * chest radiology. The pieces and their frequencies are hand-written (tiny-tokenizer/words.txt, parts.txt), with the
 * words of the project's synthetic samples where such text is given; no patient's report is read. A piece's score is the
 * logarithm of its share, as in a unigram model (Kudo 2018). No randomness: the same input gives the same bytes.
 *
 * Usage, after a build: node scripts/make-tiny-tokenizer.mjs [TEXT ...]
 *   TEXT  synthetic text files whose words are counted in as well
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { charsmapNormalizer } from '../dist/t5/charsmap.js';

const texts = process.argv.slice(2);
/** Any T5's tokenizer: its character map (nmt_nfkc, of SentencePiece, Apache-2.0) is taken, and nothing else. */
const charsmapSource = new URL('../test/fixtures/t5-text/tokenizer.json', import.meta.url);
const here = new URL('./tiny-tokenizer/', import.meta.url);
const out = new URL('../src/models/tiny/', import.meta.url);

/** The first `Precompiled` step of a normaliser. */
const precompiledOf = (step) =>
  step?.type === 'Precompiled' ? step : (step?.normalizers ?? []).map(precompiledOf).find((found) => found);
const precompiled = precompiledOf(JSON.parse(readFileSync(charsmapSource, 'utf8')).normalizer);
const normalize = charsmapNormalizer(precompiled.precompiled_charsmap, charsmapSource.pathname);

/** Piece → occurrences in a million words. */
const weights = new Map();
const atLeast = (piece, weight) => weights.set(piece, Math.max(weight, weights.get(piece) ?? 0));

/** Lines of `weight word word ...`; # begins a comment only at the line's beginning, since it is also a piece. */
const entriesOf = (name) =>
  readFileSync(new URL(name, here), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('# ') && line !== '#')
    .flatMap((line) => {
      const [weight, ...words] = line.trim().split(/ +/);
      if (!(Number(weight) > 0)) throw new Error(`${name}: no weight in "${line}"`);
      return words.map((word) => [word, Number(weight)]);
    });

/** Rows of the embedding. Beyond it the list's rarest forms are left to their parts: a small model learns them no better. */
const vocabularySize = 3000;
const special = ['<pad>', '</s>', '<unk>'];

/** Forms of the list that may be left out again. */
const listed = new Set();
const list = (piece, weight) => {
  listed.add(piece);
  atLeast(piece, weight);
};
for (const [entry, weight] of entriesOf('words.txt')) {
  const [, word, marks] = /^(.*?)([\^~]*)$/.exec(entry);
  list(`▁${word}`, weight);
  const capitals = marks.split('^').length - 1;
  const capitalWeight = capitals === 2 ? weight : weight / 3;
  if (capitals > 0) list(`▁${word[0].toUpperCase()}${word.slice(1)}`, capitalWeight);
  if (marks.includes('~')) list(word, weight / 10);
}
for (const [piece, weight] of entriesOf('parts.txt')) {
  listed.delete(piece);
  atLeast(piece, weight);
}

/** Words that synthetic text has this often and the list lacks are added, at their share of that text. */
const oftenEnough = 5;
if (texts.length > 0) {
  const counts = new Map();
  let total = 0;
  for (const path of texts) {
    for (const [word] of normalize(readFileSync(path, 'utf8')).matchAll(/\p{L}[\p{L}\p{M}'’-]*\p{L}/gu)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      total++;
    }
  }
  for (const [word, count] of counts) {
    if (count >= oftenEnough) list(`▁${word}`, Math.min(1000, (count / total) * 1e6));
  }
}

// Every character that may stand in a report has a piece, so that nothing ordinary becomes <unk>.
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));
const others = '€‘’“”„‚–—−•†‡⁄≤≥≠≈→←↑↓°±×÷·§©®¬¶«»¿¡¢£¥αβγδεκλμπσφωΔΩ';
const letter = /\p{L}/u;
for (const char of [...range(0x21, 0x7e), ...range(0xc0, 0xff), ...others]) {
  // What the character map rewrites never reaches the model; what it becomes does.
  for (const piece of normalize(char)) {
    if (/^[a-z]$/.test(piece)) atLeast(piece, 20);
    else if (/^[A-Z]$/.test(piece)) atLeast(piece, 12);
    else if (piece !== ' ') atLeast(piece, letter.test(piece) ? 1 : 3);
    listed.delete(piece);
  }
}
atLeast('▁', 400);

const byWeight = ([a, x], [b, y]) => y - x || (a < b ? -1 : 1);
const rarest = [...weights]
  .filter(([piece]) => listed.has(piece))
  .sort(byWeight)
  .reverse();
for (const [piece] of rarest.slice(0, Math.max(0, weights.size + special.length - vocabularySize)))
  weights.delete(piece);

const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
const vocab = [
  ...special.map((content) => [content, 0]),
  ...[...weights].sort(byWeight).map(([piece, weight]) => [piece, Number(Math.log(weight / total).toFixed(6))]),
];

const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const token = (content) => ({ content, single_word: false, lstrip: false, rstrip: false, normalized: false });
const end = { SpecialToken: { id: '</s>', type_id: 0 } };
const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: special.map((content, id) => ({ id, ...token(content), special: true })),
  normalizer: precompiled,
  pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A', type_id: 0 } }, end],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, end, { Sequence: { id: 'B', type_id: 0 } }, end],
    special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
  },
  decoder: metaspace,
  model: { type: 'Unigram', unk_id: 2, vocab, byte_fallback: false },
};
const named = { eos_token: '</s>', pad_token: '<pad>', unk_token: '<unk>' };
const config = {
  added_tokens_decoder: Object.fromEntries(special.map((content, id) => [id, { ...token(content), special: true }])),
  additional_special_tokens: [],
  clean_up_tokenization_spaces: false,
  ...named,
  extra_ids: 0,
  model_max_length: 1e30,
  tokenizer_class: 'T5Tokenizer',
};
const specialTokensMap = Object.fromEntries(Object.entries(named).map(([name, content]) => [name, token(content)]));
const write = (name, json) => writeFileSync(new URL(name, out), `${JSON.stringify(json, null, 1)}\n`);
write('tokenizer.json', tokenizer);
write('tokenizer_config.json', config);
write('special_tokens_map.json', specialTokensMap);
console.log(`${vocab.length} pieces, ${vocab.filter(([piece]) => piece.startsWith('▁')).length} of them begin a word`);
