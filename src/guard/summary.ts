/** @file Flags of many reports, counted. */
import type { Flag, FlagKind } from './flag.js';
import { flagKinds } from './flag.js';

/** How often one kind was flagged. */
export interface KindCount {
  readonly kind: FlagKind;
  /** Flags of the kind. */
  readonly flags: number;
  /** Reports with at least one flag of the kind, by severity. */
  readonly hardReports: number;
  readonly softReports: number;
}

/** Flags of many reports, counted. */
export interface FlagSummary {
  readonly reports: number;
  /** Reports with at least one hard flag, with at least one soft flag, with any. */
  readonly hardReports: number;
  readonly softReports: number;
  readonly flaggedReports: number;
  readonly kinds: readonly KindCount[];
}

/**
 * Counts flags report by report, so that the flags themselves need not be kept.
 *
 * @example const counter = countFlags(); counter.add(checkImpression(report)); counter.summary().hardReports
 */
export const countFlags = (): { add: (flags: readonly Flag[]) => void; summary: () => FlagSummary } => {
  const totals = { reports: 0, hardReports: 0, softReports: 0, flaggedReports: 0 };
  const kinds = new Map(flagKinds.map((kind) => [kind, { flags: 0, hardReports: 0, softReports: 0 }]));
  const has = (flags: readonly Flag[], severity: Flag['severity'], kind?: FlagKind): number =>
    Number(flags.some((flag) => flag.severity === severity && (kind === undefined || flag.kind === kind)));
  return {
    add: (flags) => {
      totals.reports += 1;
      totals.hardReports += has(flags, 'hard');
      totals.softReports += has(flags, 'soft');
      totals.flaggedReports += Number(flags.length > 0);
      for (const kind of new Set(flags.map((flag) => flag.kind))) {
        const count = kinds.get(kind)!;
        count.flags += flags.filter((flag) => flag.kind === kind).length;
        count.hardReports += has(flags, 'hard', kind);
        count.softReports += has(flags, 'soft', kind);
      }
    },
    summary: () => ({ ...totals, kinds: flagKinds.map((kind) => ({ kind, ...kinds.get(kind)! })) }),
  };
};
