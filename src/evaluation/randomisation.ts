/**
 * @file Whether two systems differ by more than chance: the paired approximate randomisation test (E. W. Noreen,
 * "Computer-intensive methods for testing hypotheses", 1989; for summaries and translation S. Riezler and J. T. Maxwell,
 * 2005). Under the null hypothesis the two outputs for an example could be swapped; so they are, at random, and the
 * p-value is the share of such samples whose difference is at least the one observed.
 */
import { Random } from '../ground/random.js';
import { createWeightedSums } from './weighted-sums.js';

/** How the test is made; printed with it. */
export interface RandomisationSettings {
  /** Default 10,000, as RadEval. */
  readonly samples: number;
  readonly seed: number;
}

/** A figure of two systems. */
export interface Difference {
  /** System minus other. */
  readonly difference: number;
  /** Two-sided, (at least as extreme samples + 1) / (samples + 1). */
  readonly p: number;
}

/**
 * Tests every figure that follows from column sums over the examples.
 *
 * @param rows One row an example. // (examples, width)
 * @param otherRows The other system's, of the same examples in the same order. // (examples, width)
 * @param width Columns of a row.
 * @param figuresOf The figures of a system: column sums → figures, always as many.
 * @returns One difference a figure.
 */
export const pairedRandomisation = (
  rows: Float64Array,
  otherRows: Float64Array,
  width: number,
  figuresOf: (sums: Float64Array) => readonly number[],
  { samples, seed }: RandomisationSettings,
): Difference[] => {
  const sums = new Float64Array(width);
  const otherSums = new Float64Array(width);
  rows.forEach((value, at) => {
    sums[at % width] += value;
    otherSums[at % width] += otherRows[at];
  });
  /** What swapping an example adds to the one system's sums and takes from the other's; equal examples drop out. */
  const swaps: number[] = [];
  for (let at = 0; at < rows.length; at += width) {
    const swap = otherRows.subarray(at, at + width).map((value, column) => value - rows[at + column]);
    if (swap.some((value) => value !== 0)) swaps.push(...swap);
  }
  const swapSums = createWeightedSums(Float64Array.from(swaps), width);
  const chosen = new Int32Array(swaps.length / width);

  const random = Random.seeded(seed, 'randomisation');
  const others = figuresOf(otherSums);
  const differences = figuresOf(sums).map((figure, index) => figure - others[index]);
  const extreme = new Float64Array(differences.length);
  const swapped = new Float64Array(width);
  const otherSwapped = new Float64Array(width);
  for (let sample = 0; sample < samples; sample += 1) {
    let bits = 0;
    for (let index = 0; index < chosen.length; index += 1) {
      if ((index & 31) === 0) bits = random.bits();
      chosen[index] = (bits >>> (index & 31)) & 1;
    }
    const shift = swapSums.of(chosen);
    for (let column = 0; column < width; column += 1) {
      swapped[column] = sums[column] + shift[column];
      otherSwapped[column] = otherSums[column] - shift[column];
    }
    const shuffled = figuresOf(swapped);
    const otherShuffled = figuresOf(otherSwapped);
    for (let index = 0; index < differences.length; index += 1) {
      // A hair's breadth for the order of additions.
      if (Math.abs(shuffled[index] - otherShuffled[index]) >= Math.abs(differences[index]) - 1e-12) extreme[index] += 1;
    }
  }
  return differences.map((difference, index) => ({ difference, p: (extreme[index] + 1) / (samples + 1) }));
};
