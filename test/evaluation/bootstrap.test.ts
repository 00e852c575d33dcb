import { describe, expect, it } from 'vitest';
import { bootstrap, percentile } from '../../src/evaluation/bootstrap.js';
import { Random } from '../../src/ground/random.js';

describe('a percentile', () => {
  it('lies between its neighbours as NumPy puts it', () => {
    const values = Float64Array.of(1, 2, 4, 8);
    expect(percentile(values, 0.5)).toBe(3);
    expect(percentile(values, 0.025)).toBeCloseTo(1.075, 12);
    expect(percentile(values, 1)).toBe(8);
  });
});

describe('a bootstrap interval', () => {
  const settings = { resamples: 1000, confidence: 0.95, seed: 3 };
  const mean = (examples: number) => (sums: Float64Array) => [sums[0] / examples];

  it('of the mean of a normal sample is about 1.96 standard errors to each side', () => {
    const random = Random.seeded(9);
    const rows = Float64Array.from({ length: 2000 }, () => random.normal());
    const [{ low, high }] = bootstrap(rows, 1, mean(rows.length), settings);
    expect(high - low).toBeCloseTo((2 * 1.96) / Math.sqrt(2000), 1);
    const average = rows.reduce((sum, value) => sum + value, 0) / rows.length;
    expect(low).toBeLessThan(average);
    expect(high).toBeGreaterThan(average);
  });

  it('repeats with the seed', () => {
    const rows = Float64Array.from({ length: 50 }, (_, i) => i % 7);
    expect(bootstrap(rows, 1, mean(50), settings)).toEqual(bootstrap(rows, 1, mean(50), settings));
    expect(bootstrap(rows, 1, mean(50), settings)).not.toEqual(bootstrap(rows, 1, mean(50), { ...settings, seed: 4 }));
  });

  it('of constant values is that value, of no values nothing', () => {
    expect(bootstrap(new Float64Array(5).fill(0.5), 1, mean(5), settings)).toEqual([{ low: 0.5, high: 0.5 }]);
    expect(bootstrap(new Float64Array(0), 1, mean(0), settings)[0].low).toBeNaN();
  });
});
