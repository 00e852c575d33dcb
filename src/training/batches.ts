/**
 * @file Which examples make up which batch of which epoch: a pure function of the seed, so that a resumed run goes on
 * with the batch at which it stopped. Examples of like length stand together, so that little is padded; which of them
 * meet, and the order of the batches, are drawn anew in each epoch.
 */
import { Random } from '../ground/random.js';

/** Lengths in tokens of an example. */
export interface Lengths {
  readonly input: number;
  readonly target: number;
}

/** Batches whose examples are sorted among themselves: larger pads less, smaller mixes more. */
const BATCHES_SORTED_TOGETHER = 16;

/**
 * The batches of an epoch, as indices into the examples. Every example occurs once; the last batches may be smaller.
 *
 * @param batchSize Examples of a batch.
 * @param epoch Counted from 0.
 * @example epochBatches(lengths, 16, 7, 0)
 */
export const epochBatches = (
  lengths: readonly Lengths[],
  batchSize: number,
  seed: number,
  epoch: number,
): number[][] => {
  const random = Random.seeded(seed, `epoch ${epoch}`);
  const order = random.shuffle(lengths.map((_, index) => index));
  const batches: number[][] = [];
  const group = batchSize * BATCHES_SORTED_TOGETHER;
  for (let first = 0; first < order.length; first += group) {
    const members = order
      .slice(first, first + group)
      .sort((a, b) => lengths[a].input - lengths[b].input || lengths[a].target - lengths[b].target || a - b);
    for (let at = 0; at < members.length; at += batchSize) batches.push(members.slice(at, at + batchSize));
  }
  return random.shuffle(batches);
};

/** Share of a rectangle's places that are padding, over inputs and targets of an epoch's batches. */
const paddingShare = (lengths: readonly Lengths[], batches: readonly (readonly number[])[]): number => {
  let [tokens, places] = [0, 0];
  for (const members of batches) {
    for (const side of ['input', 'target'] as const) {
      const sizes = members.map((index) => lengths[index][side]);
      tokens += sizes.reduce((total, size) => total + size, 0);
      places += sizes.length * Math.max(...sizes);
    }
  }
  return 1 - tokens / places;
};

/** Share of padding above which it costs more than to leave it out. */
const PADDING_WORTH_PACKING = 0.02;

/** Whether a training step over such batches is to leave padding out; see `packing.ts`. */
export const isWorthPacking = (lengths: readonly Lengths[], batches: readonly (readonly number[])[]): boolean =>
  paddingShare(lengths, batches) > PADDING_WORTH_PACKING;
