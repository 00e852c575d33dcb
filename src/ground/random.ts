/**
 * @file Random numbers that can be repeated and resumed: the same seed gives the same numbers on every machine, and the state can
 * be saved in a checkpoint and restored. Not for secrets.
 *
 * Source: xoshiro128** 1.1 by Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c, its state filled by a
 * splitmix generator as they advise; normal deviates by Box and Muller (1958).
 */

/** All there is to a generator; plain JSON. */
export interface RandomState {
  /** The four 32-bit words of xoshiro128**, unsigned. */
  readonly words: readonly [number, number, number, number];
  /** The second of a pair of normal deviates, kept for the next call; null when there is none. */
  readonly spare: number | null;
}

/** 32-bit splitmix: fills a state from one number, so that near seeds give unlike states. */
const splitmix = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
};

/** FNV-1a over UTF-16 units: a number for a purpose's name. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
};

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** A stream of random numbers. */
export class Random {
  /** In 32-bit integers, so that drawing allocates nothing. */
  readonly #words = new Int32Array(4);
  #spare: number | null;

  private constructor(state: RandomState) {
    this.#words.set(state.words);
    this.#spare = state.spare;
  }

  /**
   * A generator from a seed.
   *
   * @param seed An integer of at most 53 bits.
   * @param purpose A name that makes streams of one seed independent, e.g. `dropout` and `shuffle`; default none.
   * @throws {RangeError} When the seed is no safe integer.
   * @example Random.seeded(42, 'weights').normal()
   */
  static seeded(seed: number, purpose = ''): Random {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed} is not an integer of at most 53 bits`);
    const low = splitmix(seed | 0);
    const high = splitmix(Math.floor(seed / 2 ** 32) ^ 0x5bf03635);
    const named = splitmix(hashOf(purpose));
    const word = (): number => (low() ^ high() ^ named()) >>> 0;
    const words: [number, number, number, number] = [word(), word(), word(), word()];
    // The one state from which nothing but zeros would come.
    if (words.every((value) => value === 0)) words[0] = 1;
    return new Random({ words, spare: null });
  }

  /**
   * A generator that goes on where another stood.
   *
   * @param state What {@link Random.state} gave.
   * @throws {RangeError} When it is no state.
   */
  static restored(state: RandomState): Random {
    const { words, spare } = state;
    const valid =
      words.length === 4 &&
      words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32) &&
      words.some((word) => word !== 0) &&
      (spare === null || Number.isFinite(spare));
    if (!valid) throw new RangeError('not a state of a random number generator');
    return new Random(state);
  }

  /** The state, to be saved. */
  state(): RandomState {
    const [a, b, c, d] = this.#words;
    return { words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0], spare: this.#spare };
  }

  /** The next 32 bits, as an integer in [0, 2^32). */
  bits(): number {
    const words = this.#words;
    const before = words[1]!;
    const c = words[2]! ^ words[0]!;
    const d = words[3]! ^ before;
    words[1] = before ^ c;
    words[0] = words[0]! ^ d;
    words[2] = c ^ (before << 9);
    words[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(before, 5), 7), 9) >>> 0;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * Normally distributed.
   *
   * @param mean Default 0.
   * @param deviation Standard deviation; default 1.
   */
  normal(mean = 0, deviation = 1): number {
    const spare = this.#spare;
    if (spare !== null) {
      this.#spare = null;
      return mean + deviation * spare;
    }
    // 1 - u lies in (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  }

  /**
   * A uniform integer in [0, n), without bias.
   *
   * @param n From 1 to 2^32.
   * @throws {RangeError} When n is out of range.
   */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`below(${n}): n must be from 1 to 2^32`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let drawn = this.bits();
    while (drawn >= limit) drawn = this.bits();
    return drawn % n;
  }

  /** Shuffles an array in place (Fisher and Yates) and returns it. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const chosen = this.below(last + 1);
      [items[last], items[chosen]] = [items[chosen]!, items[last]!];
    }
    return items;
  }
}
