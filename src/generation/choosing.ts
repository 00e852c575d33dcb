/** @file Which of several drafts of a report is taken: by what, when that is not said, and how it is told. */
import { rerank } from '../guard/rerank.js';
import type { PromptFields } from '../reports/prompt.js';
import type { SimilarImpression } from '../reports/similar.js';
import { type Borrowed, byAgreement } from './agreement.js';
import type { Candidate, Draft } from './drafts.js';

/** What orders several drafts of a report: the guard's flags, or similar reports. */
export type Reranking = 'guard' | 'similar';

/** A report as it is drafted, or a draft of it, and the reports it leans on, the most similar first. */
export type Leaning<Report> = Report & { readonly leanedOn?: readonly SimilarImpression[] };

/** The options that say how many drafts there are and which is taken. */
export interface ChoosingOptions {
  readonly beams?: number;
  readonly nBest?: number;
  readonly rerank?: Reranking;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly copyTokens?: number;
}

/** The draft that was taken; without score where it is another report's impression. */
export interface Chosen extends Omit<Draft, 'score' | 'candidates'> {
  readonly score: number | null;
  readonly candidates: readonly (Candidate | Borrowed)[];
  /** The study it was borrowed from. */
  readonly borrowedFrom?: string;
  /** Studies of the similar reports, the most similar first. */
  readonly leanedOn?: readonly string[];
}

/** Drafts that are made of a report to choose among. */
export const CHOICES = 8;

/**
 * How a model that leans on similar reports drafts where no option says how: they choose among eight beams. (`--beams 1`
 * drafts greedily.) On 1,400 reports that is better for every kind of report, see docs/training.md.
 */
export const chosenBySimilar = <Options extends ChoosingOptions>(options: Options): Options => {
  const { beams, nBest, rerank: by, temperature, topK, topP, copyTokens } = options;
  const said = [beams, nBest, by, temperature, topK, topP, copyTokens].some((option) => option !== undefined);
  return said ? options : { ...options, beams: CHOICES, nBest: CHOICES, rerank: 'similar' };
};

/**
 * Drafts of one report in another order, the best first; by similar reports their impressions are among them.
 *
 * @param leanedOn The similar reports.
 * @example ordered(draft.candidates, [], { findings, background }, 'guard')[0].impression
 */
export const ordered = (
  candidates: readonly Candidate[],
  leanedOn: readonly SimilarImpression[],
  report: PromptFields,
  by: Reranking,
): (Candidate | Borrowed)[] =>
  by === 'guard' ? rerank(candidates, report) : byAgreement(candidates, leanedOn, report);

/** The draft with its candidates in another order, the first taken; the guard's have their flags. */
export const choose = (
  { leanedOn = [], ...draft }: Leaning<Draft>,
  report: PromptFields,
  by: Reranking | undefined,
): Chosen => {
  const leaned = leanedOn.length > 0 ? { leanedOn: leanedOn.map(({ studyId }) => studyId) } : {};
  if (by === undefined) return { ...draft, ...leaned };
  const candidates = ordered(draft.candidates, leanedOn, report, by);
  return { ...draft, ...candidates[0], ...leaned, candidates };
};
