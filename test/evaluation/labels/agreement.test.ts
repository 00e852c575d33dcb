import { describe, expect, it } from 'vitest';
import { countLabels, labelColumns, labelScores, observationScores } from '../../../src/evaluation/labels/agreement.js';
import type { Labels } from '../../../src/evaluation/labels/observations.js';

const sumsOf = (pairs: readonly (readonly [Labels, Labels])[]): Float64Array => {
  const sums = new Float64Array(labelColumns);
  for (const [reference, prediction] of pairs) {
    const row = new Float64Array(labelColumns);
    countLabels(reference, prediction, row, 0);
    row.forEach((value, column) => {
      sums[column] += value;
    });
  }
  return sums;
};

const pairs: (readonly [Labels, Labels])[] = [
  [{ Edema: 'positive', Pneumonia: 'uncertain' }, { Edema: 'uncertain' }],
  [{ Edema: 'negative' }, { Edema: 'positive', Fracture: 'negative' }],
  [{ Fracture: 'positive' }, { Fracture: 'positive' }],
];

describe('label agreement', () => {
  const sums = sumsOf(pairs);

  it('counts positive and uncertain as present, negative and unmentioned as absent', () => {
    const { Edema, Pneumonia, Fracture } = observationScores(sums, 0);
    expect(Edema).toEqual({ precision: 1 / 2, recall: 1, f1: 2 / 3, inReferences: 1, inPredictions: 2 });
    expect(Pneumonia).toEqual({ precision: 0, recall: 0, f1: 0, inReferences: 1, inPredictions: 0 });
    expect(Fracture.f1).toBe(1);
  });

  it('is micro over all labels together and macro over the observations that occur', () => {
    const { fourteen, five } = labelScores(sums, 0);
    expect(fourteen.micro).toEqual({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
    expect(fourteen.macro.f1).toBeCloseTo((2 / 3 + 0 + 1) / 3, 12);
    expect(five.micro.f1).toBeCloseTo(2 / 3, 12);
  });
});
