/**
 * @file Bootstrap intervals: examples are drawn with replacement, every figure is computed anew from the sample, and
 * the percentiles of what comes out bound it (B. Efron, "Bootstrap methods: another look at the jackknife", 1979).
 * `rouge_score`'s `BootstrapAggregator` does the same with an unseeded generator and reports the median of the samples
 * for the mean; here the mean is the mean, and the seed is part of the result.
 */
import { Random } from '../ground/random.js';
import { createWeightedSums } from './weighted-sums.js';

/** The bounds between which a figure fell in the given share of the samples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How intervals are made; printed with them. */
export interface BootstrapSettings {
  /** Default 1,000, as `rouge_score`. */
  readonly resamples: number;
  /** Share of the samples inside the interval, default 0.95. */
  readonly confidence: number;
  /** Default 1. */
  readonly seed: number;
}

/**
 * The percentile of sorted values, linear between neighbours (NumPy's default).
 *
 * @param sorted Ascending; not empty.
 * @param share From 0 to 1.
 */
export const percentile = (sorted: Float64Array, share: number): number => {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
};

/**
 * Intervals of figures that follow from column sums over the examples.
 *
 * @param rows One row an example. // (examples, width)
 * @param width Columns of a row.
 * @param figuresOf The figures of a sample: column sums → figures, always as many.
 * @param settings How many samples, which share, which seed.
 * @returns One interval a figure; NaN bounds where there are no examples.
 * @example bootstrap(Float64Array.of(0.2, 0.4, 0.9), 1, ([sum]) => [sum / 3], { resamples: 1000, confidence: 0.95, seed: 1 });
 */
export const bootstrap = (
  rows: Float64Array,
  width: number,
  figuresOf: (sums: Float64Array) => readonly number[],
  { resamples, confidence, seed }: BootstrapSettings,
): Interval[] => {
  const examples = rows.length / width;
  if (examples === 0) return figuresOf(new Float64Array(width)).map(() => ({ low: Number.NaN, high: Number.NaN }));
  const random = Random.seeded(seed, 'bootstrap');
  const sums = createWeightedSums(rows, width);
  const times = new Int32Array(examples);
  const drawn: Float64Array[] = [];
  for (let sample = 0; sample < resamples; sample += 1) {
    times.fill(0);
    // By multiplication, faster than without bias; off from uniform by less than examples / 2^32.
    for (let draw = 0; draw < examples; draw += 1) times[Math.floor((random.bits() * examples) / 2 ** 32)] += 1;
    figuresOf(sums.of(times)).forEach((figure, index) => {
      drawn[index] ??= new Float64Array(resamples);
      drawn[index][sample] = figure;
    });
  }
  const tail = (1 - confidence) / 2;
  return drawn.map((figures) => {
    figures.sort();
    return { low: percentile(figures, tail), high: percentile(figures, 1 - tail) };
  });
};
