/**
 * @file Of several drafts of a report, the one that agrees most with the impressions of similar reports: minimum Bayes
 * risk (Kumar & Byrne 2004) with ROUGE-L as the gain, where those impressions stand for what a radiologist may write. The
 * draft is always the model's own; a small model, that writes "no acute disease" too readily, is held to what others
 * wrote about such findings.
 */
import { createRougeScorer } from '../evaluation/rouge.js';

/** A draft and the model's score of it. */
interface Scored {
  readonly impression: string;
  readonly score: number;
}

/**
 * Orders the drafts of one report by their mean stemmed ROUGE-L with impressions of similar reports, highest first; equal
 * ones by the model's score.
 *
 * @param candidates Drafts, e.g. the beams of one search. Not changed.
 * @param impressions Those of the similar reports; without any the order is the score's.
 * @example byAgreement(draft.candidates, ['Left pleural effusion.', 'Small left effusion.'])[0].impression
 */
export const byAgreement = <Draft extends Scored>(
  candidates: readonly Draft[],
  impressions: readonly string[],
): Draft[] => {
  const agreement = ({ impression }: Draft): number =>
    impressions.reduce((sum, other) => sum + rouge.score(other, impression).stemmed.rougeL.fmeasure, 0);
  return candidates
    .map((candidate) => ({ candidate, agreement: agreement(candidate) }))
    .sort((a, b) => b.agreement - a.agreement || b.candidate.score - a.candidate.score)
    .map(({ candidate }) => candidate);
};

const rouge = createRougeScorer(['rougeL']);
