/** @file Random numbers: the reference's bits, distributions, saving and restoring. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/ground/random.js';

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

describe('a random stream', () => {
  it("gives the reference's bits (xoshiro128** from state 1, 2, 3, 4)", () => {
    const random = Random.restored({ words: [1, 2, 3, 4], spare: null });
    expect(draw(8, () => random.bits())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
    ]);
  });

  it('is the same for the same seed and purpose, and another for any other', () => {
    const first = (seed: number, purpose?: string) => Random.seeded(seed, purpose).bits();
    expect(first(7, 'dropout')).toBe(first(7, 'dropout'));
    const streams = [
      ...[0, 1, 2, -1, 2 ** 32, 2 ** 33, 2 ** 53 - 1].map((seed) => first(seed)),
      first(0, 'dropout'),
      first(0, 'shuffle'),
    ];
    expect(new Set(streams).size).toBe(streams.length);
    expect(() => Random.seeded(0.5)).toThrow(RangeError);
  });

  it('goes on from a state that went through JSON, between the two of a pair of normal deviates too', () => {
    const random = Random.seeded(3);
    for (let i = 0; i < 7; i++) random.normal();
    const again = Random.restored(JSON.parse(JSON.stringify(random.state())));
    const next = (from: Random) => [...draw(5, () => from.normal()), from.uniform(), from.below(10)];
    expect(next(again)).toEqual(next(random));
  });

  it('does not change a state that was given out', () => {
    const random = Random.seeded(3);
    const state = random.state();
    const copy = structuredClone(state);
    random.bits();
    expect(state).toEqual(copy);
  });

  it.each([
    { words: [0, 0, 0, 0] as const, spare: null },
    { words: [1, 2, 3, -4] as const, spare: null },
    { words: [1, 2, 3, 4] as const, spare: Number.NaN },
  ])('refuses what is no state: %#', (state) => {
    expect(() => Random.restored(state)).toThrow(RangeError);
  });

  it('draws uniform numbers in [0, 1)', () => {
    const random = Random.seeded(11);
    const numbers = draw(50_000, () => random.uniform());
    expect(Math.min(...numbers.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
    expect(numbers.every((number) => number < 1)).toBe(true);
    const tenths = draw(10, () => 0);
    for (const number of numbers) tenths[Math.floor(number * 10)]! += 1;
    for (const count of tenths) expect(Math.abs(count - 5000)).toBeLessThan(350); // 5 standard deviations
  });

  it('draws normal deviates of the mean, deviation and tails asked for', () => {
    const random = Random.seeded(12);
    const numbers = draw(50_000, () => random.normal(2, 3));
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    const deviation = Math.sqrt(numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length);
    expect(mean).toBeCloseTo(2, 1);
    expect(deviation).toBeCloseTo(3, 1);
    const beyondTwo = numbers.filter((number) => Math.abs(number - 2) > 6).length / numbers.length;
    expect(beyondTwo).toBeCloseTo(0.0455, 2);
  });

  it('draws integers below n evenly, and nothing else', () => {
    const random = Random.seeded(13);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[random.below(3)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450);
    expect(random.below(1)).toBe(0);
    expect(() => random.below(0)).toThrow(RangeError);
    expect(() => random.below(2 ** 32 + 1)).toThrow(RangeError);
  });

  it('shuffles: all stay, order differs by seed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const shuffled = Random.seeded(seed).shuffle([...items]);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
      { seed: 4 },
    );
    const hundred = draw(100, () => 0).map((_, i) => i);
    expect(Random.seeded(1).shuffle([...hundred])).not.toEqual(Random.seeded(2).shuffle([...hundred]));
  });
});
