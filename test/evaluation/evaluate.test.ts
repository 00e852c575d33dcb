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
    const { baselines, baselineDescriptions } = evaluate(items, { training }).evaluation;
    expect(baselines.nearest.rouge.plain.rouge1.recall).toBeCloseTo(1 / 3, 12);
    expect(baselineDescriptions.nearest).toContain('training report');
  });

  it('tells normal from abnormal reports by their references', () => {
    const { normal, abnormal } = evaluation.strata;
    expect([normal.examples, abnormal.examples]).toEqual([1, 2]);
    expect(normal.rouge.plain.rouge1.fmeasure).toBeCloseTo(6 / 7, 12);
    expect(examples.map(({ stratum }) => stratum)).toEqual(['normal', 'abnormal', 'abnormal']);
    expect(abnormal.baselines.fixed.labels.fourteen.micro.f1).toBe(0);
  });

  it('scores what is said: labels, words of change, length, novelty', () => {
    expect(examples[1].labels.prediction).toEqual({ Cardiomegaly: 'positive' });
    expect(evaluation.labels.fourteen.micro).toEqual({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
    expect(evaluation.observations.Cardiomegaly.f1).toBe(1);
    expect(evaluation.length.prediction).toBeCloseTo(4 / 3, 12);
    expect(evaluation.length.ratio).toBeCloseTo(4 / 11, 12);
  });

  it('tests another system against this one', () => {
    const against = { name: 'copy', predictions: items.map(({ reference }) => reference) };
    const compared = evaluate(items, { against, randomisationSamples: 500 }).evaluation.against;
    const test = compared?.tests.find(({ figure }) => figure === 'rouge.plain.rouge1.fmeasure');
    expect(test?.other).toBe(1);
    expect(test?.difference).toBeLessThan(0);
    expect(test?.p).toBeGreaterThan(0);
  });

  it('knows nothing of a stratum without reports', () => {
    const { abnormal } = evaluate(items.slice(0, 1)).evaluation.strata;
    expect(abnormal.examples).toBe(0);
    expect(JSON.parse(JSON.stringify(abnormal)).labels.fourteen.micro.f1).toBeNull();
  });

  it('repeats with the seed', () => {
    expect(JSON.stringify(evaluate(items, { seed: 4 }))).toBe(JSON.stringify(evaluate(items, { seed: 4 })));
    expect(evaluate(items, { seed: 4 }).evaluation.settings.seed).toBe(4);
  });
});
