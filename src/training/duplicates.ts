/**
 * @file What a data set repeats: reports with the same findings, which in chest radiology are many (11.9 % of MIMIC-CXR's
 * training reports; Jantrienes et al. 2023). Told, not removed: a model should learn what is usual as often as it is.
 */
import type { Example } from '../reports/example.js';

/** Repetitions in training data, and between training and dev data. */
export interface Duplicates {
  /** Training examples whose findings another one has too. */
  readonly sameFindings: number;
  /** Training examples whose findings and background another one has too. */
  readonly sameFindingsAndBackground: number;
  /** Different impressions among the examples with repeated findings. */
  readonly impressionsOfSameFindings: number;
  /** Dev examples whose findings are in the training data: scores on these say little. */
  readonly devFindingsInTraining: number;
}

const normal = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();

/**
 * Counts repetitions; case and white space do not matter.
 *
 * @example countDuplicates(train, dev).sameFindings
 */
export const countDuplicates = (train: readonly Example[], dev: readonly Example[]): Duplicates => {
  const byFindings = groups(train, ({ findings }) => normal(findings));
  const byBoth = groups(train, ({ findings, background }) => `${normal(findings)}\n${normal(background)}`);
  const repeated = [...byFindings.values()].filter((group) => group.length > 1);
  return {
    sameFindings: repeated.reduce((total, group) => total + group.length, 0),
    sameFindingsAndBackground: [...byBoth.values()].reduce((total, { length }) => total + (length > 1 ? length : 0), 0),
    impressionsOfSameFindings: new Set(repeated.flat().map(({ impression }) => normal(impression))).size,
    devFindingsInTraining: dev.filter(({ findings }) => byFindings.has(normal(findings))).length,
  };
};

const groups = (examples: readonly Example[], keyOf: (example: Example) => string): Map<string, Example[]> => {
  const found = new Map<string, Example[]>();
  for (const example of examples) {
    const key = keyOf(example);
    const group = found.get(key);
    if (group === undefined) found.set(key, [example]);
    else group.push(example);
  }
  return found;
};
