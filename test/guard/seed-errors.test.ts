/** @file The seeder and the report card made with it. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/ground/random.js';
import { reportCard } from '../../src/guard/report-card.js';
import { type ErrorKind, errorKinds, seedErrors } from '../../src/guard/seed-errors.js';
import { countFlags } from '../../src/guard/summary.js';

const report = {
  findings: 'There is a small left pneumothorax. A 9 mm nodule is in the right upper lobe. Heart size is normal.',
  impression: '1. Small left pneumothorax. 2. 9 mm nodule in the right upper lobe. 3. No acute bony abnormality.',
};

const seeded = (kind: ErrorKind, seed: number): string | undefined =>
  seedErrors(report, Random.seeded(seed)).find((error) => error.kind === kind)?.impression;

describe('seedErrors', () => {
  it('makes every kind of error where the impression allows it', () => {
    expect(seedErrors(report, Random.seeded(3)).map(({ kind }) => kind)).toEqual([...errorKinds]);
  });
  it('makes the same errors with the same seed and others with another', () => {
    const all = (seed: number): string => JSON.stringify(seedErrors(report, Random.seeded(seed)));
    expect(all(5)).toBe(all(5));
    expect(new Set([1, 2, 3, 4, 5].map(all)).size).toBeGreaterThan(1);
  });
  it('turns one side and nothing else', () => {
    const turned = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => seeded('side', seed));
    for (const impression of turned) {
      expect([report.impression.replace('left', 'right'), report.impression.replace('right', 'left')]).toContain(
        impression,
      );
    }
    expect(new Set(turned).size).toBe(2);
  });
  it('changes a number or its unit', () => {
    for (const seed of [1, 2, 3, 4]) expect(seeded('number', seed)).not.toContain('9 mm');
  });
  it('drops a sentence with a critical finding that the findings state', () => {
    for (const seed of [1, 2, 3, 4]) expect(seeded('omission', seed)).toMatch(/^(?!.*pneumothorax)|^(?!.*nodule)/);
  });
  it('raises a degree', () => {
    expect(seeded('severity', 1)).toMatch(/(Large|Massive) left pneumothorax/);
  });
  it('makes nothing where nothing can be made', () => {
    expect(seedErrors({ findings: '', impression: '' }, Random.seeded(1)).map(({ kind }) => kind)).toEqual([
      'addition',
    ]);
  });
});

describe('reportCard', () => {
  it('counts what was seeded, found, and falsely flagged', () => {
    const wrong = { findings: 'Left effusion.', impression: 'Right effusion.' };
    const { lines, errors, untouched } = reportCard([report, wrong], 1);
    const side = lines.find(({ kind }) => kind === 'side')!;
    expect(side).toMatchObject({ seeded: 2, caught: 1, falseHard: 1, falseAny: 1 });
    expect(untouched).toMatchObject({ reports: 2, hardReports: 1 });
    expect(errors.filter(({ kind }) => kind === 'side').map(({ caught }) => caught)).toEqual([true, false]);
  });
});

describe('countFlags', () => {
  it('counts flags and reports by kind and severity', () => {
    const counter = countFlags();
    const span = { start: 0, end: 1, text: 'x' };
    const flag = { kind: 'number', severity: 'hard', impression: span, findings: null, message: 'm.' } as const;
    counter.add([flag, flag, { ...flag, kind: 'form', severity: 'soft' }]);
    counter.add([]);
    const summary = counter.summary();
    expect(summary).toMatchObject({ reports: 2, hardReports: 1, softReports: 1, flaggedReports: 1 });
    expect(summary.kinds.find(({ kind }) => kind === 'number')).toEqual({
      kind: 'number',
      flags: 2,
      hardReports: 1,
      softReports: 0,
    });
  });
});
