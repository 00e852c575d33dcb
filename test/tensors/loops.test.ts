import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrayBeside,
  compileLoop,
  loopArrays,
  minus,
  over,
  plus,
  root,
  seededMasks,
  sumOfSquares,
  times,
} from '../../src/tensors/index.js';

const f32 = Math.fround;

/** Lengths on both sides of a vector, a block and several blocks. */
const LENGTHS = [0, 1, 3, 4, 5, 16_383, 16_384, 16_385, 40_001];

const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed) * 3);

describe('a compiled loop', () => {
  it.each(LENGTHS)('changes each of %i elements by its formula, from the old values of all arrays', (length) => {
    const loop = compileLoop(['x', 'y', 'z'], ['a', 'b'], ({ x, y, z }, { a, b }) => {
      const sum = plus(times(a, x), times(b, y));
      return { x: sum, y: minus(x, over(z, root(plus(times(sum, sum), b)))) };
    });
    const [x, y, z] = [1, 2, 3].map((seed) => numbers(length, seed));
    const [a, b] = [f32(0.3), f32(0.7)];
    const wanted = Array.from(x, (_, i) => {
      const sum = f32(f32(a * x[i]) + f32(b * y[i]));
      const below = f32(Math.sqrt(f32(f32(sum * sum) + b)));
      return [sum, f32(x[i] - f32(z[i] / below))];
    });
    const before = z.slice();
    loop({ x, y, z }, { a: 0.3, b: 0.7 });
    expect(Array.from(x)).toEqual(wanted.map(([sum]) => sum));
    expect(Array.from(y)).toEqual(wanted.map(([, difference]) => difference));
    expect(z).toEqual(before);
  });

  it.each(LENGTHS)('does the same to %i elements in its own memory, and spares those beside', (length) => {
    const [x, after, alone] = loopArrays([length, 8, 8], 2);
    const y = arrayBeside(x);
    x.set(numbers(length, 1));
    y.set(numbers(length, 2));
    for (const each of [after, alone]) each.fill(7);
    const z = numbers(length, 3);
    const loop = compileLoop(['x', 'y', 'z'], ['a'], ({ x, y, z }, { a }) => ({
      x: plus(x, times(a, z)),
      z: minus(y, x),
    }));
    const wanted = Array.from(x, (_, i) => [f32(x[i] + f32(0.5 * z[i])), f32(y[i] - x[i])]);
    loop({ x, y, z }, { a: 0.5 });
    expect(Array.from(x)).toEqual(wanted.map(([each]) => each));
    expect(Array.from(z)).toEqual(wanted.map(([, each]) => each));
    expect(y).toEqual(numbers(length, 2));
    expect([...after, ...alone]).toEqual(new Array(16).fill(7));
    expect(sumOfSquares(x)).toBe(sumOfSquares(x.slice()));
    const from = Math.min(5, length);
    expect(sumOfSquares(x.subarray(from))).toBe(sumOfSquares(x.slice(from)));
  });

  it('may exchange two arrays', () => {
    const swap = compileLoop(['x', 'y'], [], ({ x, y }) => ({ x: y, y: x }));
    const [x, y] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
    swap({ x, y }, {});
    expect([[...x], [...y]]).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
  });

  it('sets an array to a number', () => {
    const set = compileLoop(['x'], ['a'], (_, { a }) => ({ x: a }));
    const x = numbers(7, 1);
    set({ x }, { a: 2.5 });
    expect([...x]).toEqual(new Array(7).fill(2.5));
  });
});

describe('the sum of squares', () => {
  it.each(LENGTHS)('of %i numbers is that of float64', (length) => {
    const x = numbers(length, 4);
    const wanted = x.reduce((total, each) => total + each * each, 0);
    expect(sumOfSquares(x)).toBeCloseTo(wanted, 6 - Math.ceil(Math.log10(wanted + 1)));
  });

  it('is not disturbed by what was summed before', () => {
    sumOfSquares(numbers(16_384, 1));
    expect(sumOfSquares(Float32Array.of(3, 4))).toBe(25);
  });
});

describe('dropout masks', () => {
  it('are the same for the same seed, step and place, and others otherwise', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(2 ** 40),
        fc.nat(300),
        fc.integer({ min: 64, max: 200_000 }),
        (seed, step, site, length) => {
          const draw = (...[a, b, c]: [number, number, number]): Uint8Array =>
            seededMasks(a).mask(b, c, length, 128).slice();
          const mask = draw(seed, step, site);
          expect(draw(seed, step, site)).toEqual(mask);
          for (const other of [draw(seed + 1, step, site), draw(seed, step + 1, site), draw(seed, step, site + 1)]) {
            expect(Buffer.compare(other, mask)).not.toBe(0);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('do not depend on what was drawn before', () => {
    const masks = seededMasks(5);
    masks.mask(1, 0, 100_000, 230);
    masks.mask(1, 1, 70_001, 230);
    expect(masks.mask(2, 0, 70_001, 230)).toEqual(seededMasks(5).mask(2, 0, 70_001, 230));
  });

  it.each([1, 128, 230, 255])('keep %i of 256, each element apart from its neighbours', (kept) => {
    const length = 1_000_000;
    const mask = seededMasks(9).mask(3, 1, length, kept);
    const p = kept / 256;
    const within = (found: number, mean: number): void =>
      expect(Math.abs(found / length - mean)).toBeLessThan(5 * Math.sqrt((mean * (1 - mean)) / length));
    within(
      mask.reduce((total, each) => total + each, 0),
      p,
    );
    for (const distance of [1, 4, 16, 64, 65_536]) {
      let both = 0;
      for (let i = distance; i < length; i++) both += mask[i] & mask[i - distance];
      within((both * length) / (length - distance), p * p);
    }
  });
});
