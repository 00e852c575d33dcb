/** @file The tokenizer against what Transformers and Hugging Face tokenizers computed, and its refusals. */
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { T5Tokenizer } from '../../src/t5/tokenizer.js';

const fixture = 'test/fixtures/t5-text';
const json = async (name: string) => JSON.parse(await readFile(join(fixture, name), 'utf8'));
const tokenizer = await T5Tokenizer.fromDirectory(fixture);
const tokenizerJson = await json('tokenizer.json');
const withParts = (parts: object, config?: object) => T5Tokenizer.fromJson({ ...tokenizerJson, ...parts }, config);

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

const expectedTokens: Case[] = await json('expected_tokens.json');

describe('encoding and decoding', () => {
  it.each(expectedTokens)('does as Transformers: %#', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it('does as Hugging Face tokenizers on 800 nasty texts', async () => {
    const lines = (await readFile(join(fixture, 'fuzzed_tokens.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(800);
    for (const line of lines) {
      const { text, ids, decoded } = JSON.parse(line) as Case;
      expect({ text, ids: tokenizer.encode(text), decoded: tokenizer.decode(ids) }).toEqual({ text, ids, decoded });
    }
  });

  it('knows its size and special ids', () => {
    expect(tokenizer).toMatchObject({ vocabSize: 1300, padTokenId: 0, eosTokenId: 1, unkTokenId: 2 });
    expect(tokenizer.piece(5)).toBe('▁No');
    expect(tokenizer.piece(1300)).toBeUndefined();
  });

  it('ends with </s>, or leaves it out when only the pieces are wanted', () => {
    expect(tokenizer.encode('No')).toEqual([5, 1]);
    expect(tokenizer.encodePieces('No')).toEqual([5]);
    expect(tokenizer.encode('')).toEqual([1]);
  });

  it('takes half a surrogate pair for the replacement character', () => {
    expect(tokenizer.encode('No \ud83d focal')).toEqual(tokenizer.encode('No \ufffd focal'));
  });

  it('lets ids beyond the vocabulary stand for nothing', () => {
    expect(tokenizer.decode([5, 9999, 25])).toBe('No focal');
    expect(tokenizer.decode([])).toBe('');
  });

  it('encodes any text to known ids, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.every((id) => id >= 0 && id < 1300)).toBe(true);
        expect(ids.at(-1)).toBe(1);
        expect(tokenizer.encode(text)).toEqual(ids);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it("splits at white space first where the file says so, as the original T5's does", () => {
    const metaspace = { type: 'Metaspace', replacement: '▁', add_prefix_space: true };
    const original = withParts({
      normalizer: tokenizerJson.normalizer.normalizers[0],
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
      decoder: metaspace,
    });
    expect(original.encode('  No \n focal  ')).toEqual([5, 25, 1]);
    expect(original.encode('<extra_id_0>No')).toEqual([1299, 5, 1]);
    expect(tokenizer.encode('<extra_id_0>No')).not.toEqual([1299, 5, 1]);
  });

  it('cleans up spaces only where the configuration says so', () => {
    const config = { eos_token: { content: '</s>' }, clean_up_tokenization_spaces: true };
    const ids = [...tokenizer.encodePieces('No'), ...tokenizer.encodePieces(' .')];
    expect(tokenizer.decode(ids)).toBe('No .');
    expect(withParts({}, config).decode(ids)).toBe('No.');
  });

  it('finds special tokens that only tokenizer_config.json names', () => {
    const lone = withParts({ added_tokens: [] }, { additional_special_tokens: ['<extra_id_3>', '<other>'] });
    expect(lone.encode('No</s><extra_id_3>')).toEqual([5, 1, 1296, 1]);
    expect(lone.decode([5, 1296, 1])).toBe('No');
  });

  it('keeps a single-word token apart from words that contain it', () => {
    const whole = { id: 1300, content: 'heart', single_word: true, normalized: false };
    const added = withParts({ added_tokens: [...tokenizerJson.added_tokens, whole] });
    expect(added.encode('heart')).toEqual([1300, 1]);
    expect(added.encode('hearts')).not.toContain(1300);
    expect(added.vocabSize).toBe(1301);
  });
});

describe('files', () => {
  it('are passed on as they were', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    await tokenizer.save(directory);
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
      expect((await readFile(join(directory, name))).equals(await readFile(join(fixture, name)))).toBe(true);
    }
  });

  it('that are missing or broken are reported with a way out', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    await expect(T5Tokenizer.fromDirectory(directory)).rejects.toThrow(/no tokenizer\.json/);
    await writeFile(join(directory, 'spiece.model'), '');
    await expect(T5Tokenizer.fromDirectory(directory)).rejects.toThrow(/spiece\.model only.*save_pretrained/);
    await writeFile(join(directory, 'tokenizer.json'), '{');
    await expect(T5Tokenizer.fromDirectory(directory)).rejects.toThrow(/not JSON.*tokenizer\.json/);
    await copyFile(join(fixture, 'tokenizer.json'), join(directory, 'tokenizer.json'));
    expect((await T5Tokenizer.fromDirectory(directory)).encode('No')).toEqual([5, 1]);
  });

  it.each<[string, object, RegExp]>([
    ['another model', { model: { ...tokenizerJson.model, type: 'BPE' } }, /unsupported tokenizer model.*BPE/],
    ['byte fallback', { model: { ...tokenizerJson.model, byte_fallback: true } }, /byte_fallback/],
    ['no vocabulary', { model: { type: 'Unigram', unk_id: 2, vocab: [] } }, /not a unigram tokenizer.*vocab/],
    ['an unk_id beyond it', { model: { ...tokenizerJson.model, unk_id: 5000 } }, /unk_id 5000/],
    ['another pre-tokenizer', { pre_tokenizer: { type: 'ByteLevel' } }, /unsupported pre_tokenizer.*ByteLevel/],
    ['another normalizer', { normalizer: { type: 'BertNormalizer' } }, /unsupported normalizer.*BertNormalizer/],
    ['another decoder', { decoder: { type: 'WordPiece' } }, /unsupported decoder/],
    ['another post-processor', { post_processor: { type: 'BertProcessing' } }, /unsupported post_processor/],
    [
      'a damaged character map',
      { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
      /damaged precompiled_charsmap/,
    ],
  ])('of a kind that is no T5 tokenizer are refused: %s', (_, parts, message) => {
    expect(() => withParts(parts)).toThrow(Failure);
    expect(() => withParts(parts)).toThrow(message);
  });
});
