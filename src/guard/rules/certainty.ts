/** @file Certainty. A finding that the findings only suspect must not become definite, nor a definite one suspected. */
import type { Flag } from '../flag.js';
import { deviceIds } from '../lexicon/concepts.js';
import type { Mention } from '../reading/mention.js';
import { type Context, flagAt, inAdvice, labelOf, type Rule } from './context.js';

const checkMention = (context: Context, mention: Mention): Flag[] => {
  const { findings, impression } = context;
  if (mention.denied || mention.afterBlank || deviceIds.has(mention.concept) || inAdvice(impression, mention))
    return [];
  const same = (findings.byConcept.get(mention.concept) ?? []).filter(({ denied }) => !denied);
  if (same.length === 0 || same.some(({ uncertain, afterBlank }) => uncertain === mention.uncertain || afterBlank))
    return [];
  // `likely` is as good as stated; only a suspicion differs from it.
  if (mention.likely || same.some(({ likely }) => likely)) return [];
  const label = labelOf(mention.concept);
  const message = mention.uncertain
    ? `The impression doubts ${label}; the findings state it.`
    : `The impression states ${label}; the findings only suspect it.`;
  return [flagAt(context, 'certainty', 'soft', message, { impression: mention, findings: same[0] })];
};

/** Certainty of the same finding in both texts. */
export const certainty: Rule = (context) =>
  context.impression.mentions.flatMap((mention) => checkMention(context, mention));
