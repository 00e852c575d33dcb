/**
 * @file Reproducible random numbers for shuffles, splits and untrained weights: xoshiro128** (Blackman & Vigna 2018),
 * seeded by hashing any text. Not for secrets.
 */
import { createHash } from 'node:crypto';

/** A stream of random numbers; the same seed gives the same stream. */
export interface RandomSource {
  /** A number from 0 (included) to 1 (excluded), a multiple of 2^-32. */
  uniform(): number;
  /** A whole number from 0 (included) to `limit` (excluded). */
  below(limit: number): number;
  /** A draw from the standard normal distribution (Box & Muller 1958). */
  normal(): number;
  /** A copy in random order (Fisher–Yates). */
  shuffle<Item>(items: readonly Item[]): Item[];
}

/**
 * @param seed Any text or number; streams of different seeds are unrelated.
 * @example randomSource('7 epoch 2').shuffle([1, 2, 3])
 */
export const randomSource = (seed: string | number): RandomSource => {
  const digest = createHash('sha256').update(String(seed)).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset));
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const uniform = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result / 2 ** 32;
  };
  let spare: number | undefined;
  const below = (limit: number): number => Math.floor(uniform() * limit);
  return {
    uniform,
    below,
    normal: () => {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle: (items) => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
      }
      return shuffled;
    },
  };
};
