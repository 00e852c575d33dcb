/**
 * @file Seeded random integers, so that an interval or a p-value printed today comes out the same next year:
 * xoshiro128** (D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", 2021), its state filled
 * from the seed by SplitMix32. For resampling only; nothing here is secret-grade.
 */

/** A stream of random integers; two with the same seed give the same numbers. */
export interface Random {
  /** The next integer from 0 to 2^32 - 1. */
  next(): number;
  /**
   * The next integer from 0 to `bound - 1`, by multiplication; off from uniform by less than bound / 2^32.
   * @param bound At most 2^21, so that the product stays exact.
   */
  below(bound: number): number;
}

/**
 * A stream of random integers.
 *
 * @param seed Any integer; its lowest 32 bits count.
 * @example createRandom(7).below(10); // the same digit on every machine
 */
export const createRandom = (seed: number): Random => {
  let filling = seed | 0;
  const fill = (): number => {
    filling = (filling + 0x9e3779b9) | 0;
    let mixed = Math.imul(filling ^ (filling >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();

  const next = (): number => {
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
  return { next, below: (bound) => Math.floor((next() * bound) / 0x1_0000_0000) };
};
