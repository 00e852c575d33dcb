import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createWeightedSums } from '../../src/evaluation/weighted-sums.js';

it('sums columns as adding each row its weight times does, whatever repeats, is constant or mostly zero', () => {
  const cell = fc.constantFrom(0, 0, 0, 1, 0.5, 2);
  const table = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 12 }))
    .chain(([width, count]) =>
      fc.tuple(
        fc.constant(width),
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: count, maxLength: count }),
        fc.array(fc.nat({ max: 3 }), { minLength: count, maxLength: count }),
      ),
    );
  fc.assert(
    fc.property(table, ([width, rows, weights]) => {
      const sums = createWeightedSums(Float64Array.from(rows.flat()), width).of(Int32Array.from(weights));
      const expected = Array.from({ length: width }, (_, column) =>
        rows.reduce((total, row, index) => total + weights[index] * row[column], 0),
      );
      expect([...sums]).toEqual(expected);
    }),
  );
});
