import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluation/evaluate.js';
import type { EvaluationItem } from '../../src/evaluation/item.js';

const item = (studyId: string, findings: string, reference: string, prediction: string): EvaluationItem => ({
  studyId,
  findings,
  background: '',
  reference,
  prediction,
});

const items = [
  item('1', 'Lungs are clear. Heart normal.', 'No acute cardiopulmonary abnormality.', 'No acute abnormality.'),
  item('2', 'Lungs are clear. Heart large.', 'Cardiomegaly.\nNo edema.', 'Cardiomegaly.'),
  item('3', 'Small left effusion.', 'Small left pleural effusion.', ''),
];

describe('an evaluation', () => {
  const { evaluation, examples } = evaluate(items);

  it('gives each example its scores under both settings', () => {
    expect(examples.map(({ study_id }) => study_id)).toEqual(['1', '2', '3']);
    expect(examples[0].rouge.plain.rouge1).toEqual({ precision: 1, recall: 3 / 4, fmeasure: 6 / 7 });
    expect(examples[1].prediction).toBe('Cardiomegaly.');
  });

  it('means every score over the examples', () => {
    const total = examples.reduce((sum, { rouge }) => sum + rouge.stemmed.rougeLsum.recall, 0);
    expect(evaluation.rouge.stemmed.rougeLsum.recall).toBeCloseTo(total / 3, 12);
    expect(evaluation.examples).toBe(3);
    expect(evaluation.emptyPredictions).toBe(1);
  });

  it('carries an interval around every mean', () => {
    const { low, high } = evaluation.intervals.rouge.plain.rouge1.fmeasure;
    expect(low).toBeLessThanOrEqual(evaluation.rouge.plain.rouge1.fmeasure);
    expect(high).toBeGreaterThanOrEqual(evaluation.rouge.plain.rouge1.fmeasure);
  });

  it('scores the baselines on the same references', () => {
    expect(evaluation.baselines.fixed.rouge.plain.rouge1.recall).toBeCloseTo((1 + 1 / 3 + 0) / 3, 12);
    expect(evaluation.baselines.lead.rouge.plain.rouge1.precision).toBeCloseTo((0 + 0 + 1) / 3, 12);
  });

  it('looks the nearest report up in the training data when that is given', () => {
    const training = [{ studyId: 't', findings: 'Small left effusion.', reference: 'Small left pleural effusion.' }];
    const { baselines } = evaluate(items, { training }).evaluation;
    expect(baselines.nearest.rouge.plain.rouge1.recall).toBeCloseTo(1 / 3, 12);
    expect(baselines.nearest.description).toContain('training report');
  });

  it('repeats with the seed', () => {
    expect(JSON.stringify(evaluate(items, { seed: 4 }))).toBe(JSON.stringify(evaluate(items, { seed: 4 })));
    expect(evaluate(items, { seed: 4 }).evaluation.settings.seed).toBe(4);
  });
});
