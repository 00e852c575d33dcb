/** @file Token sequences as the rectangles that a training step takes. */
import type { Random } from '../ground/random.js';
import type { T5Config } from '../t5/config.js';

/** An example as token ids, each ending with the end-of-sequence token. */
export interface TokenPair {
  readonly input: readonly number[];
  readonly target: readonly number[];
}

/** Examples padded to one rectangle; all arrays row by row. */
export interface TokenBatch {
  /** Rows. */
  readonly size: number;
  /** Columns of the input, the longest row's length. */
  readonly inputTokens: number;
  /** Columns of the target. */
  readonly targetTokens: number;
  readonly inputIds: BigInt64Array;
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: BigInt64Array;
  /** The targets shifted right by one, beginning with the decoder's start token. */
  readonly decoderInputIds: BigInt64Array;
  /** The targets, -100 where padded. */
  readonly labels: BigInt64Array;
  /** Labels that count. */
  readonly labelTokens: number;
}

/** The label of a padded position: it does not count in the loss. */
export const IGNORED = -100n;

/**
 * Pads examples to one batch.
 *
 * @example const batch = padBatch([{ input: [5, 6, 1], target: [9, 1] }], config);
 */
export const padBatch = (
  pairs: readonly TokenPair[],
  config: Pick<T5Config, 'padTokenId' | 'decoderStartTokenId'>,
): TokenBatch => {
  const inputTokens = Math.max(...pairs.map(({ input }) => input.length));
  const targetTokens = Math.max(...pairs.map(({ target }) => target.length));
  const pad = BigInt(config.padTokenId);
  const inputIds = new BigInt64Array(pairs.length * inputTokens).fill(pad);
  const attentionMask = new BigInt64Array(pairs.length * inputTokens);
  const decoderInputIds = new BigInt64Array(pairs.length * targetTokens).fill(pad);
  const labels = new BigInt64Array(pairs.length * targetTokens).fill(IGNORED);
  let labelTokens = 0;
  for (const [row, { input, target }] of pairs.entries()) {
    for (const [column, id] of input.entries()) {
      inputIds[row * inputTokens + column] = BigInt(id);
      attentionMask[row * inputTokens + column] = 1n;
    }
    decoderInputIds[row * targetTokens] = BigInt(config.decoderStartTokenId);
    for (const [column, id] of target.entries()) {
      labels[row * targetTokens + column] = BigInt(id);
      if (column + 1 < target.length) decoderInputIds[row * targetTokens + column + 1] = BigInt(id);
    }
    labelTokens += target.length;
  }
  return {
    size: pairs.length,
    inputTokens,
    targetTokens,
    inputIds,
    attentionMask,
    decoderInputIds,
    labels,
    labelTokens,
  };
};

/**
 * The same example with some of its input's tokens hidden; the end token stays.
 *
 * @param share Chance of each token to be hidden.
 * @param unknownTokenId What stands in their place.
 * @example hideTokens(pair, 0.1, tokenizer.unkTokenId, Random.seeded(7))
 */
export const hideTokens = (pair: TokenPair, share: number, unknownTokenId: number, random: Random): TokenPair => {
  if (share === 0) return pair;
  const last = pair.input.length - 1;
  return { ...pair, input: pair.input.map((id, at) => (at < last && random.uniform() < share ? unknownTokenId : id)) };
};
