import { describe, expect, it } from 'vitest';
import { pairedRandomisation } from '../../src/evaluation/randomisation.js';
import { Random } from '../../src/ground/random.js';

const mean = (n: number) => (sums: Float64Array) => [sums[0] / n];

describe('the paired approximate randomisation test', () => {
  it('approaches the exact p-value of all sign flips', () => {
    const left = Float64Array.of(0.9, 0.8, 0.4, 0.7, 0.6, 0.5, 0.9, 0.3);
    const right = Float64Array.of(0.5, 0.7, 0.5, 0.2, 0.6, 0.1, 0.8, 0.2);
    const differences = [...left].map((value, i) => value - right[i]);
    const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
    let extreme = 0;
    for (let mask = 0; mask < 256; mask += 1) {
      const sum = differences.reduce((total, value, i) => total + ((mask >> i) & 1 ? -value : value), 0);
      if (Math.abs(sum) >= observed - 1e-12) extreme += 1;
    }
    const [{ difference, p }] = pairedRandomisation(left, right, 1, mean(8), { samples: 20_000, seed: 1 });
    expect(difference).toBeCloseTo(observed / 8, 12);
    expect(Math.abs(p - extreme / 256)).toBeLessThan(0.01);
  });

  it('is 1 for equal systems, small for systems that always differ, and repeats with the seed', () => {
    const values = Float64Array.from({ length: 40 }, (_, i) => (i % 9) / 10);
    const better = values.map((value) => value + 0.05);
    const settings = { samples: 2000, seed: 3 };
    expect(pairedRandomisation(values, values, 1, mean(40), settings)[0]).toEqual({ difference: 0, p: 1 });
    expect(pairedRandomisation(better, values, 1, mean(40), settings)[0].p).toBeLessThan(0.001);
    expect(pairedRandomisation(better, values, 1, mean(40), settings)).toEqual(
      pairedRandomisation(better, values, 1, mean(40), settings),
    );
  });

  it('gives p-values below 0.1 to about a tenth of pairs of equal systems', () => {
    const random = Random.seeded(5);
    let below = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const side = (): Float64Array => Float64Array.from({ length: 40 }, () => random.uniform());
      const [{ p }] = pairedRandomisation(side(), side(), 1, mean(40), { samples: 400, seed: trial });
      if (p < 0.1) below += 1;
    }
    expect(below).toBeGreaterThan(6);
    expect(below).toBeLessThan(40);
  });
});
