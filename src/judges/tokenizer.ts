/**
 * @file Texts to the token ids of BERT (WordPiece) and RoBERTa (byte-level BPE), by `@huggingface/tokenizers` from the
 * `tokenizer.json` that Transformers saves. What the package 0.2.0 gets wrong is done here: ideographs outside the Basic
 * Multilingual Plane are words of their own to BERT. A text is stripped, and cut as `bert_score` and CheXbert cut it.
 *
 * Source: `bert_score.utils.sent_encode`; Hugging Face tokenizers' `BertNormalizer`, `RobertaProcessing`.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { Failure } from '../ground/failure.js';
import { strip } from '../reports/python.js';

/** The package's type files name each other without extensions, so that TypeScript sees `any`; the part in use is typed here. */
interface PackageTokenizer {
  encode(text: string, options?: { readonly add_special_tokens?: boolean }): { readonly ids: number[] };
}

const modelTypes = { WordPiece: 'WordPiece', BPE: 'BPE' } as const;

const stepSchema = z.looseObject({ type: z.string() });
const tokenizerSchema = z.looseObject({
  model: z.looseObject({ type: z.enum(modelTypes) }),
  normalizer: stepSchema.nullish(),
  pre_tokenizer: z.looseObject({ type: z.string(), pretokenizers: z.array(stepSchema).optional() }).nullish(),
});

/** The tokens of a text. */
export interface TokenizedText {
  /** First and last are special. */
  readonly ids: readonly number[];
  /** Whether the text was longer than the model reads. */
  readonly cut: boolean;
}

/** A tokenizer of BERT's or RoBERTa's kind. */
export interface EncoderTokenizer {
  /** Ids that frame a text: `[CLS]` and `[SEP]`, or `<s>` and `</s>`. */
  readonly special: readonly [first: number, last: number];
  /**
   * @param maxTokens Special ones included; a longer text loses its end.
   */
  tokenize(text: string, maxTokens: number): TokenizedText;
}

/** Ideographs beyond 16 bits that `BertNormalizer` sets apart with blanks. */
const farIdeograph = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/**
 * Makes a tokenizer.
 *
 * @param tokenizerJson `tokenizer.json`, parsed.
 * @param tokenizerConfig `tokenizer_config.json`, parsed; `{}` where there is none.
 * @param where The file's path, for errors.
 * @throws {Failure} When it is damaged or of another kind.
 * @example encoderTokenizer(json, config, 'tokenizer.json').tokenize('No effusion.', 512).ids // [101, 2053, …, 102]
 */
export const encoderTokenizer = (tokenizerJson: unknown, tokenizerConfig: object, where: string): EncoderTokenizer => {
  const fix = "give the tokenizer.json that Transformers saves for a BERT or RoBERTa (AutoTokenizer's save_pretrained)";
  const parsed = tokenizerSchema.safeParse(tokenizerJson);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new Failure({
      what: 'no tokenizer of BERT or RoBERTa',
      where,
      got: `${path.join('.') || 'it'}: ${message}`,
      fix,
    });
  }
  const { model, normalizer, pre_tokenizer: before } = parsed.data;
  const byteLevel =
    before !== null &&
    before !== undefined &&
    [before, ...(before.pretokenizers ?? [])].some(({ type }) => type === 'ByteLevel');
  if (model.type === modelTypes.BPE && !byteLevel)
    throw new Failure({ what: 'no tokenizer of BERT or RoBERTa', where, got: 'BPE that is not byte-level', fix });
  const setsApart = normalizer?.type === 'BertNormalizer' && normalizer.handle_chinese_chars !== false;

  // Cutting and padding are done here, whatever the file says.
  const json = { ...parsed.data, truncation: null, padding: null };
  let tokenizer: PackageTokenizer;
  let framing: readonly number[];
  try {
    tokenizer = new Tokenizer(json, tokenizerConfig) as unknown as PackageTokenizer;
    framing = tokenizer.encode('').ids;
  } catch (error) {
    throw new Failure({ what: 'damaged tokenizer', where, fix }, { cause: error });
  }
  if (framing.length !== 2)
    throw new Failure({
      what: 'a tokenizer that does not frame a text with two special tokens',
      where,
      got: `${framing.length}`,
      fix,
    });
  const special = [framing[0], framing[1]] as const;

  return {
    special,
    tokenize: (text, maxTokens) => {
      // Half a surrogate pair becomes U+FFFD, as it would on the way into Python.
      const stripped = strip(Buffer.from(text, 'utf8').toString('utf8'));
      if (stripped === '') return { ids: special, cut: false };
      const prepared = setsApart ? stripped.replace(farIdeograph, ' $& ') : byteLevel ? ` ${stripped}` : stripped;
      const { ids } = tokenizer.encode(prepared);
      return ids.length <= maxTokens
        ? { ids, cut: false }
        : { ids: [...ids.slice(0, maxTokens - 1), special[1]], cut: true };
    },
  };
};
