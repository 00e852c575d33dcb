/**
 * @file T5's tokenizer: text → token ids → text, exactly as Hugging Face tokenizers (Rust) does it for the same
 * `tokenizer.json`. Segmentation is `@huggingface/tokenizers`' unigram model; what that package 0.2.0 gets wrong around it
 * is done here: the character map (`charsmap.ts`), white space and `▁` (`normalizer.ts`), tokens in the text
 * (`added-tokens.ts`), decoding. Words are segmented one by one, as the reference does, so that each is done once and kept.
 *
 * Source: Transformers' `T5TokenizerFast`, Hugging Face tokenizers.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import { type AddedToken, type Section, splitterOf } from './added-tokens.js';
import { normalizerOf, preTokenizerOf, stepSchema } from './normalizer.js';
import { unigramSegmenter } from './unigram.js';

const addedTokenSchema = z.looseObject({
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

const tokenId = z.int().min(0);

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema.extend({ id: tokenId })).default([]),
  normalizer: stepSchema.nullish(),
  pre_tokenizer: stepSchema.nullish(),
  post_processor: stepSchema.nullish(),
  decoder: stepSchema.nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    unk_id: tokenId,
    byte_fallback: z.boolean().default(false),
    vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
  }),
});

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);

const configSchema = z.looseObject({
  eos_token: specialToken.nullish(),
  unk_token: specialToken.nullish(),
  pad_token: specialToken.nullish(),
  additional_special_tokens: z.array(specialToken).nullish(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), addedTokenSchema).nullish(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
});

const templateSchema = z.looseObject({
  single: z.array(
    z.union([
      z.object({ Sequence: z.looseObject({ id: z.literal('A') }) }),
      z.object({ SpecialToken: z.looseObject({ id: z.string() }) }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(tokenId) })),
});

const decoderSchema = z.looseObject({
  type: z.literal('Metaspace'),
  replacement: z.string().length(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  add_prefix_space: z.boolean().default(true),
});

const parsePart = <T>(schema: z.ZodType<T>, value: unknown, what: string, where: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Failure({
    what,
    where,
    got: `${issue.path.join('.') || 'the whole'}: ${issue.message}`,
    fix: "give the file that Transformers' T5TokenizerFast saves",
  });
};

/** Words whose segmentation is kept; beyond it the table starts anew, so that hostile text cannot fill the memory. */
const keptWords = 200_000;

/** Files of a tokenizer in a model directory that are passed on when a model is saved, whether read here or not. */
const fileNames = [
  ...['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'],
  ...['added_tokens.json', 'spiece.model'],
];

/** Transformers' `clean_up_tokenization`: no space before punctuation and English clitics. */
const cleanUp = (text: string): string =>
  [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", " 's", " 've", " 're"].reduce(
    (cleaned, spaced) => cleaned.replaceAll(spaced, spaced.trim()),
    text,
  );

/** The ids that the template puts before and behind a single text. */
const affixesOf = (postProcessor: unknown, eosId: number, where: string): { before: number[]; behind: number[] } => {
  if (postProcessor === undefined || postProcessor === null) return { before: [], behind: [eosId] };
  const what = 'unsupported post_processor in the tokenizer';
  parsePart(z.looseObject({ type: z.literal('TemplateProcessing') }), postProcessor, what, where);
  const template = parsePart(templateSchema, postProcessor, what, where);
  const affixes = { before: [] as number[], behind: [] as number[] };
  let side = affixes.before;
  for (const part of template.single) {
    if ('Sequence' in part) side = affixes.behind;
    else side.push(...(template.special_tokens[part.SpecialToken.id]?.ids ?? []));
  }
  return affixes;
};

/** Text to token ids and back. */
export class T5Tokenizer {
  /** Number of ids: one more than the largest. The model's embedding may have more rows. */
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly eosTokenId: number;
  readonly unkTokenId: number;
  /** The tokenizer's files by name, as read, to be written beside a model's weights. */
  readonly files: ReadonlyMap<string, Uint8Array>;

  readonly #segmentAnew: (word: string) => number[];
  readonly #pieces: string[] = [];
  readonly #special = new Set<number>();
  readonly #normalize: (text: string) => string;
  readonly #words: (stretch: { text: string; atStart: boolean }) => readonly { text: string }[];
  readonly #split: (text: string) => Section[];
  readonly #splitNormalized: (text: string) => Section[];
  readonly #affixes: { readonly before: readonly number[]; readonly behind: readonly number[] };
  readonly #marker: string;
  readonly #dropsFirstMarker: boolean;
  readonly #cleansUp: boolean;
  readonly #segmented = new Map<string, readonly number[]>();

  private constructor(tokenizerJson: unknown, tokenizerConfig: unknown, where: string, files: Map<string, Uint8Array>) {
    const json = parsePart(tokenizerSchema, tokenizerJson, 'not a unigram tokenizer', where);
    const config = parsePart(configSchema, tokenizerConfig ?? {}, 'damaged tokenizer_config.json', where);
    if ((json.model.type ?? 'Unigram') !== 'Unigram' || json.model.byte_fallback) {
      throw new Failure({
        what: 'unsupported tokenizer model',
        where,
        got: json.model.byte_fallback ? 'byte_fallback' : json.model.type,
        fix: 'use the tokenizer of a T5 model (SentencePiece unigram)',
      });
    }
    const { vocab, unk_id: unkId } = json.model;
    if (unkId >= vocab.length) {
      throw new Failure({ what: 'damaged tokenizer', where, got: `unk_id ${unkId} of ${vocab.length} pieces` });
    }
    this.files = files;
    this.unkTokenId = unkId;
    this.#segmentAnew = unigramSegmenter(vocab, unkId, config.eos_token ?? '</s>');

    const ids = new Map<string, number>();
    for (const [id, [piece]] of vocab.entries()) {
      this.#pieces[id] = piece;
      ids.set(piece, id);
    }
    const added = this.#addedTokens(json.added_tokens, config, ids);
    for (const token of added) {
      this.#pieces[token.id] = token.content;
      ids.set(token.content, token.id);
      if (token.special) this.#special.add(token.id);
    }
    this.vocabSize = this.#pieces.length;
    const idOf = (content: string): number => {
      const id = ids.get(content);
      if (id !== undefined) return id;
      throw new Failure({ what: `no ${content} in the tokenizer`, where, fix: 'use the tokenizer of a T5 model' });
    };
    this.eosTokenId = idOf(config.eos_token ?? '</s>');
    this.padTokenId = idOf(config.pad_token ?? '<pad>');

    this.#normalize = normalizerOf(json.normalizer ?? null, where);
    this.#words = preTokenizerOf(json.pre_tokenizer ?? null, where);
    this.#split = splitterOf(
      added.filter((token) => !token.normalized),
      ({ content }) => content,
    );
    this.#splitNormalized = splitterOf(
      added.filter((token) => token.normalized),
      ({ content }) => this.#normalize(content),
    );
    this.#affixes = affixesOf(json.post_processor, this.eosTokenId, where);
    const decoder = parsePart(decoderSchema, json.decoder, 'unsupported decoder in the tokenizer', where);
    this.#marker = decoder.replacement;
    this.#dropsFirstMarker = (decoder.prepend_scheme ?? (decoder.add_prefix_space ? 'always' : 'never')) !== 'never';
    // Transformers 4.57 and 5: not unless the file says so.
    this.#cleansUp = config.clean_up_tokenization_spaces ?? false;
  }

  /** The added tokens of `tokenizer.json`, then those that only `tokenizer_config.json` has, as Transformers joins them. */
  #addedTokens(
    listed: readonly (z.infer<typeof addedTokenSchema> & { id: number })[],
    config: z.infer<typeof configSchema>,
    ids: ReadonlyMap<string, number>,
  ): AddedToken[] {
    const complete = (token: z.infer<typeof addedTokenSchema>, id: number): AddedToken => ({
      ...token,
      id,
      normalized: token.normalized ?? !token.special,
    });
    const added = new Map(listed.map((token) => [token.content, complete(token, token.id)]));
    for (const [id, token] of Object.entries(config.added_tokens_decoder ?? {})) {
      if (!added.has(token.content)) added.set(token.content, complete(token, Number(id)));
    }
    const special = [config.eos_token ?? '</s>', config.unk_token ?? '<unk>', config.pad_token ?? '<pad>'];
    for (const content of [...special, ...(config.additional_special_tokens ?? [])]) {
      const known = added.get(content);
      const id = known?.id ?? ids.get(content);
      if (id === undefined) continue;
      const plain = { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false };
      added.set(content, { ...(known ?? plain), special: true });
    }
    return [...added.values()];
  }

  /**
   * Reads the tokenizer of a model directory: `tokenizer.json`, and `tokenizer_config.json` where there is one.
   *
   * @param directory The model directory.
   * @throws {Failure} When `tokenizer.json` is missing, damaged or not a T5's.
   * @example const tokenizer = await T5Tokenizer.fromDirectory('flan-t5-base');
   */
  static async fromDirectory(directory: string): Promise<T5Tokenizer> {
    const files = new Map<string, Uint8Array>();
    for (const name of fileNames) {
      const path = join(directory, name);
      try {
        files.set(name, await readFile(path));
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw readFailure(path, error);
      }
    }
    const parse = (name: string): unknown => {
      const bytes = files.get(name);
      if (bytes === undefined) return undefined;
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      } catch (error) {
        const where = join(directory, name);
        throw new Failure({ what: 'not JSON', where, fix: 'download or save the tokenizer again' }, { cause: error });
      }
    };
    if (!files.has('tokenizer.json')) {
      const sentencePiece = files.has('spiece.model');
      throw new Failure({
        what: 'no tokenizer.json',
        where: directory,
        got: sentencePiece ? 'spiece.model only' : undefined,
        fix: sentencePiece
          ? 'make it once with Transformers: T5TokenizerFast.from_pretrained(DIR).save_pretrained(DIR)'
          : 'give a model directory that Hugging Face Transformers reads, tokenizer included',
      });
    }
    return new T5Tokenizer(
      parse('tokenizer.json'),
      parse('tokenizer_config.json'),
      join(directory, 'tokenizer.json'),
      files,
    );
  }

  /**
   * Makes a tokenizer from parsed files.
   *
   * @param tokenizerJson `tokenizer.json`, parsed.
   * @param tokenizerConfig `tokenizer_config.json`, parsed; may be left out.
   * @throws {Failure} When it is damaged or not a T5's.
   * @example T5Tokenizer.fromJson(JSON.parse(text)).encode('No focal consolidation.')
   */
  static fromJson(tokenizerJson: unknown, tokenizerConfig?: unknown): T5Tokenizer {
    const bytesOf = (json: unknown): Uint8Array => Buffer.from(`${JSON.stringify(json, null, 2)}\n`);
    const files = new Map([['tokenizer.json', bytesOf(tokenizerJson)]]);
    if (tokenizerConfig !== undefined) files.set('tokenizer_config.json', bytesOf(tokenizerConfig));
    return new T5Tokenizer(tokenizerJson, tokenizerConfig, 'tokenizer.json', files);
  }

  /**
   * The ids of a text, `</s>` at the end. Nothing is cut: lengths are the caller's concern.
   * Half a surrogate pair counts as U+FFFD, the replacement character.
   *
   * @example tokenizer.encode('No focal consolidation.') // [5, 25, 48, 3, 1]
   */
  encode(text: string): number[] {
    return [...this.#affixes.before, ...this.encodePieces(text), ...this.#affixes.behind];
  }

  /** The ids of a text, without `</s>`. */
  encodePieces(text: string): number[] {
    const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
    const ids: number[] = [];
    for (const section of this.#split(wellFormed)) {
      if ('id' in section) {
        ids.push(section.id);
        continue;
      }
      for (const stretch of this.#splitNormalized(this.#normalize(section.text))) {
        if ('id' in stretch) {
          ids.push(stretch.id);
          continue;
        }
        const words = this.#words({ text: stretch.text, atStart: section.atStart && stretch.atStart });
        for (const { text: word } of words) for (const id of this.#segment(word)) ids.push(id);
      }
    }
    return ids;
  }

  /** The ids of one word, from the table or anew. */
  #segment(word: string): readonly number[] {
    const known = this.#segmented.get(word);
    if (known !== undefined) return known;
    const ids = this.#segmentAnew(word);
    if (this.#segmented.size >= keptWords) this.#segmented.clear();
    this.#segmented.set(word, ids);
    return ids;
  }

  /**
   * The text of ids for a reader: special tokens (`</s>`, `<pad>`, `<unk>`, `<extra_id_…>`) left out, as Transformers'
   * `decode(ids, skip_special_tokens=True)`. Ids beyond the vocabulary, which a padded embedding allows, stand for nothing.
   *
   * @example tokenizer.decode([5, 25, 48, 3, 1]) // 'No focal consolidation.'
   */
  decode(ids: Iterable<number>): string {
    let text = '';
    let first = true;
    for (const id of ids) {
      const piece = this.#pieces[id];
      if (piece === undefined || this.#special.has(id)) continue;
      text += piece.replaceAll(this.#marker, first && this.#dropsFirstMarker ? '' : ' ');
      first = false;
    }
    return this.#cleansUp ? cleanUp(text) : text;
  }

  /** The piece of an id, e.g. `▁No`; undefined beyond the vocabulary. */
  piece(id: number): string | undefined {
    return this.#pieces[id];
  }

  /**
   * Writes the tokenizer's files into a model directory.
   *
   * @param directory An existing directory.
   * @throws {Failure} When a file cannot be written.
   */
  async save(directory: string): Promise<void> {
    for (const [name, content] of this.files) await writeWhole(join(directory, name), content);
  }
}
