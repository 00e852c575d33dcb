/**
 * @file The guard's report card: its recall on seeded errors and its false alarms on the untouched human impressions.
 * An error is caught when the seeded impression raises a flag of a fitting kind that the untouched one does not.
 */
import { Random } from '../ground/random.js';
import { checkImpression } from './check.js';
import type { Flag, FlagKind, GuardInput } from './flag.js';
import { type ErrorKind, errorKinds, type SeededError, seedErrors } from './seed-errors.js';
import { countFlags, type FlagSummary } from './summary.js';

/** The kinds of flags that fit each kind of error. */
export const fittingKinds: Readonly<Record<ErrorKind, readonly FlagKind[]>> = {
  side: ['laterality'],
  // A denial taken away from a finding that the findings never name leaves an unsupported finding.
  // A denied change is one of comparison.
  negation: ['negation', 'unsupported', 'comparison'],
  omission: ['omission'],
  number: ['number'],
  severity: ['severity'],
  // What the findings deny is contradicted; what they never name is unsupported.
  addition: ['unsupported', 'negation'],
};

/** One line of the report card. */
export interface CardLine {
  readonly kind: ErrorKind;
  /** Impressions in which the error could be made. */
  readonly seeded: number;
  /** Caught by a new flag of a fitting kind. */
  readonly caught: number;
  /** Caught by a new hard flag of any kind. */
  readonly caughtHard: number;
  /** Untouched impressions, of all reports, with a flag of a fitting kind: hard, and of either severity. */
  readonly falseHard: number;
  readonly falseAny: number;
}

/** A seeded error with what the guard made of it. */
export interface JudgedError extends SeededError {
  /** Index of its report. */
  readonly report: number;
  readonly flags: readonly Flag[];
  readonly caught: boolean;
}

const keyOf = ({ kind, impression, findings, message }: Flag): string =>
  `${kind} ${impression?.text ?? ''} ${findings?.start ?? ''} ${message}`;

/** The flags that another check of the same report did not raise, or not as often. */
const newFlags = (flags: readonly Flag[], before: readonly Flag[]): Flag[] => {
  const known = new Map<string, number>();
  for (const flag of before) known.set(keyOf(flag), (known.get(keyOf(flag)) ?? 0) + 1);
  return flags.filter((flag) => {
    const left = known.get(keyOf(flag)) ?? 0;
    known.set(keyOf(flag), left - 1);
    return left <= 0;
  });
};

/**
 * Seeds errors into human impressions and judges the guard by them.
 *
 * @param reports The human reports.
 * @param seed Which errors are made; the same seed makes the same card.
 * @returns A line for each kind, and every seeded error with its flags.
 */
export const reportCard = (
  reports: readonly GuardInput[],
  seed: number,
): {
  readonly lines: readonly CardLine[];
  readonly errors: readonly JudgedError[];
  readonly untouched: FlagSummary;
} => {
  const tally = new Map(
    errorKinds.map((kind) => [kind, { seeded: 0, caught: 0, caughtHard: 0, falseHard: 0, falseAny: 0 }]),
  );
  const errors: JudgedError[] = [];
  const counter = countFlags();
  for (const [report, input] of reports.entries()) {
    const before = checkImpression(input);
    counter.add(before);
    for (const kind of errorKinds) {
      const line = tally.get(kind)!;
      const fitting = before.filter((flag) => fittingKinds[kind].includes(flag.kind));
      line.falseHard += Number(fitting.some(({ severity }) => severity === 'hard'));
      line.falseAny += Number(fitting.length > 0);
    }
    for (const error of seedErrors(input, Random.seeded(seed, `report ${report}`))) {
      const line = tally.get(error.kind)!;
      const fitting = fittingKinds[error.kind];
      const flags = checkImpression({ ...input, impression: error.impression });
      const fresh = newFlags(flags, before);
      const caught = fresh.some(({ kind }) => fitting.includes(kind));
      line.seeded += 1;
      line.caught += Number(caught);
      line.caughtHard += Number(fresh.some(({ severity }) => severity === 'hard'));
      errors.push({ ...error, report, flags, caught });
    }
  }
  return { lines: errorKinds.map((kind) => ({ kind, ...tally.get(kind)! })), errors, untouched: counter.summary() };
};
