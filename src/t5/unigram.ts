/**
 * @file What is taken from `@huggingface/tokenizers`: segmentation by a unigram model, and the plain normalisers.
 * The package's type files name each other without extensions, so that TypeScript sees `any` under Node's resolution;
 * the parts in use are typed here.
 *
 * Source of the model: Kudo 2018, "Subword Regularization", https://arxiv.org/abs/1804.10959.
 */
import { Tokenizer } from '@huggingface/tokenizers';

interface PackageTokenizer {
  readonly model: {
    readonly scores: number[];
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    tokenize(word: string): string[];
  };
  readonly normalizer: { normalize(text: string): string };
}

const packageTokenizer = (model: object, normalizer: object | null, eosToken: string): PackageTokenizer =>
  new Tokenizer(
    { model, normalizer, added_tokens: [], pre_tokenizer: null, post_processor: null, decoder: null },
    { eos_token: eosToken },
  ) as unknown as PackageTokenizer;

/**
 * The segmentation of a unigram model: from a word to its likeliest pieces' ids; characters without a piece that touch
 * are one `<unk>`.
 *
 * @param vocab Pieces with their log probabilities; the index is the id.
 * @param unkId The id of `<unk>`.
 * @param eosToken The text of `</s>`.
 */
export const unigramSegmenter = (
  vocab: readonly (readonly [string, number])[],
  unkId: number,
  eosToken: string,
): ((word: string) => number[]) => {
  const { model } = packageTokenizer({ type: 'Unigram', vocab, unk_id: unkId }, null, eosToken);
  // The package lowers the score of the piece <unk> itself; the reference only that of characters without a piece.
  model.scores[unkId] = vocab[unkId]![1];
  return (word) => {
    const ids: number[] = [];
    for (const piece of model.tokenize(word)) {
      const id = model.tokens_to_ids.get(piece) ?? unkId;
      if (id !== unkId || ids.at(-1) !== unkId) ids.push(id);
    }
    return ids;
  };
};

/** The normaliser that a step of `tokenizer.json` describes, for those kinds that the package does as the reference. */
export const plainNormalizer = (step: object): ((text: string) => string) => {
  const unused = { type: 'Unigram', vocab: [['<unk>', 0]], unk_id: 0 };
  const { normalizer } = packageTokenizer(unused, step, '</s>');
  return (text) => normalizer.normalize(text);
};
