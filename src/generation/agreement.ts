/**
 * @file The impression of a report that is chosen by similar reports: among the model's drafts, and the impressions that
 * the similar reports have themselves, the one that agrees most with those impressions and least offends the findings.
 * Minimum Bayes risk (Kumar & Byrne 2004) with ROUGE-L as the gain, where the impressions of similar reports stand for
 * what a radiologist may write; taking one of them whole is the retrieval of CXR-RePaiR (Endo et al. 2021). A small model,
 * that writes "no acute disease" too readily, is so held to what others wrote about such findings.
 */
import { labelReport } from '../evaluation/labels/label.js';
import { type Labels, observations } from '../evaluation/labels/observations.js';
import { createRougeScorer } from '../evaluation/rouge.js';
import { checkImpression } from '../guard/check.js';
import type { PromptFields } from '../reports/prompt.js';
import type { SimilarImpression } from '../reports/similar.js';
import type { Candidate } from './drafts.js';

/** The impression of a similar report as a candidate: the model has no part in it, so that it has no score. */
export interface Borrowed {
  readonly impression: string;
  readonly score: null;
  readonly truncated: false;
  /** The study it stands in. */
  readonly borrowedFrom: string;
}

/** What a hard flag costs, and twice what a soft flag or an omitted observation costs, on the scale of ROUGE-L. */
const HARD_FLAG = 0.2;

/**
 * Orders the drafts of one report, and the impressions of similar ones, by their mean stemmed ROUGE-L with the impressions of
 * similar reports, less 0.2 for each of the guard's hard flags and 0.1 for each soft flag and for each finding label that the
 * findings have, positive or uncertain, and the candidate lacks.
 *
 * @param candidates Drafts, best first, e.g. the beams of one search. Not changed.
 * @param similar Impressions of similar reports; without any the order is that of the flags, then of the drafts.
 * @param report What the drafts are drafts of.
 * @returns All of them, the best first; of equal ones drafts before borrowed impressions. What is both is a draft.
 * @example byAgreement(draft.candidates, [{ studyId: '7', impression: 'Left effusion.' }], { findings, background })[0].impression
 */
export const byAgreement = <Draft extends Pick<Candidate, 'impression'>>(
  candidates: readonly Draft[],
  similar: readonly SimilarImpression[],
  report: PromptFields,
): (Draft | Borrowed)[] => {
  const texts = new Set(candidates.map(({ impression }) => impression));
  const borrowed = similar.flatMap(({ impression, studyId }): Borrowed[] => {
    if (texts.has(impression)) return [];
    texts.add(impression);
    return [{ impression, score: null, truncated: false, borrowedFrom: studyId }];
  });
  const found = labelReport(report.findings);
  const gain = (impression: string): number => {
    const agreement = similar.reduce(
      (sum, other) => sum + rouge.score(other.impression, impression).stemmed.rougeL.fmeasure,
      0,
    );
    const flags = checkImpression({ ...report, impression });
    const hard = flags.filter(({ severity }) => severity === 'hard').length;
    const soft = flags.length - hard + omitted(found, labelReport(impression));
    return agreement / Math.max(1, similar.length) - HARD_FLAG * (hard + soft / 2);
  };
  return [...candidates, ...borrowed]
    .map((candidate) => ({ candidate, gain: gain(candidate.impression) }))
    .sort((a, b) => b.gain - a.gain)
    .map(({ candidate }) => candidate);
};

const rouge = createRougeScorer(['rougeL']);

const isNamed = (assertion: Labels[keyof Labels]): boolean => assertion !== undefined && assertion !== 'negative';

/** How many findings, devices aside, are present or possible in one text and not in the other. */
const omitted = (found: Labels, named: Labels): number =>
  observations.filter(
    (observation) =>
      observation !== 'No Finding' &&
      observation !== 'Support Devices' &&
      isNamed(found[observation]) &&
      !isNamed(named[observation]),
  ).length;
