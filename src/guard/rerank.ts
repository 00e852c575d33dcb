/** @file The best of several drafts: the one with the fewest hard flags, then soft flags, then the model's own score. */
import { checkImpression } from './check.js';
import type { Flag, GuardInput } from './flag.js';

/** A draft with the model's score, higher is better (a log-probability). */
export interface Candidate {
  readonly impression: string;
  readonly score: number;
}

/** A draft with its flags. */
export type RankedCandidate<Draft extends Candidate> = Draft & { readonly flags: readonly Flag[] };

const count = (flags: readonly Flag[], severity: Flag['severity']): number =>
  flags.reduce((sum, flag) => sum + Number(flag.severity === severity), 0);

/**
 * Orders the drafts of one report.
 *
 * @param candidates Drafts of the same findings, e.g. the beams of one search. Not changed.
 * @param input The findings and background they were made from.
 * @returns The same drafts with their flags, best first; equal ones keep their order.
 * @example rerank(beams, { findings, background })[0].impression
 */
export const rerank = <Draft extends Candidate>(
  candidates: readonly Draft[],
  input: Omit<GuardInput, 'impression'>,
): RankedCandidate<Draft>[] =>
  candidates
    .map((candidate) => ({ ...candidate, flags: checkImpression({ ...input, impression: candidate.impression }) }))
    .sort(
      (a, b) =>
        count(a.flags, 'hard') - count(b.flags, 'hard') ||
        count(a.flags, 'soft') - count(b.flags, 'soft') ||
        b.score - a.score,
    );
