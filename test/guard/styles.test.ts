/** @file The guard on invented reports of many styles: what must be found, and what must not be flagged. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkImpression } from '../../src/guard/check.js';
import type { Flag, FlagKind, GuardInput } from '../../src/guard/flag.js';
import { type InventedReport, inventedReports } from './report-styles.js';

const runs = { numRuns: 400, seed: 20 };

const newFlags = ({ findings, background, impression }: InventedReport, changed: string): Flag[] => {
  const before = checkImpression({ findings, background, impression }).map(({ message }) => message);
  return checkImpression({ findings, background, impression: changed }).filter(
    ({ message }) => !before.includes(message),
  );
};

const expectFound = (report: InventedReport, changed: string | undefined, kinds: readonly FlagKind[]): void => {
  if (changed === undefined) return;
  const found = newFlags(report, changed).some(({ kind }) => kinds.includes(kind));
  if (!found) expect.fail(`not found in:\n${report.findings}\n--\n${report.impression}\n--\n${changed}`);
};

const pairs = JSON.parse(
  readFileSync(new URL('../fixtures/guard/invented-pairs.json', import.meta.url), 'utf8'),
) as readonly (GuardInput & { study_id: string })[];

describe('the invented pairs that agree', () => {
  it.each(pairs)('raise no hard flag: $study_id', (pair) => {
    expect(checkImpression(pair).filter(({ severity }) => severity === 'hard')).toEqual([]);
  });
});

describe('reports of any style', () => {
  it('raise no hard flag where the impression agrees with the findings', () => {
    fc.assert(
      fc.property(inventedReports, (report) => {
        const hard = checkImpression(report).filter(({ severity }) => severity === 'hard');
        if (hard.length > 0) expect.fail(`${report.findings}\n--\n${report.impression}\n${JSON.stringify(hard)}`);
      }),
      runs,
    );
  });
  const errors: readonly (readonly [string, keyof InventedReport, readonly FlagKind[]])[] = [
    ['a side is turned', 'sideTurned', ['laterality']],
    ['a critical finding is denied', 'denied', ['negation']],
    ['a critical finding is dropped', 'dropped', ['omission']],
    ['a number is changed', 'numberChanged', ['number']],
    ['a critical finding is added', 'added', ['unsupported', 'negation']],
  ];
  it.each(errors)('are flagged when %s', (_, change, kinds) => {
    fc.assert(
      fc.property(inventedReports, (report) => expectFound(report, report[change], kinds)),
      runs,
    );
  });
});
