/**
 * @file Severity. A degree given to a finding (`mild`, `large`) must be the findings' own for the same finding; the
 * highest degree needs one at all.
 */
import type { Flag } from '../flag.js';
import type { Mention } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule, spanOf } from './context.js';

/** From this level on a degree that the findings do not give is flagged. */
const high = 4;

const checkMention = (context: Context, mention: Mention): Flag[] => {
  const stated = mention.degree;
  if (stated === null || mention.denied) return [];
  let nearest = 3;
  let same: Mention[] = [];
  for (const [candidate, closeness] of carriersIn(context.findings, mention.concept)) {
    if (candidate.denied || closeness > nearest) continue;
    if (closeness < nearest) same = [];
    nearest = closeness;
    same.push(candidate);
  }
  if (same.length === 0) return [];
  const graded = same.filter(({ degree }) => degree !== null);
  if (graded.length === 0) {
    if (stated.level < high) return [];
    const message = `The impression gives ${labelOf(mention.concept)} a high degree; the findings give none.`;
    return [flagAt(context, 'severity', 'soft', message, { impression: stated, findings: same[0] })];
  }
  const step = nearest === 0 ? 1 : 2;
  if (graded.some(({ degree }) => Math.abs(degree!.level - stated.level) < step)) return [];
  const other = graded[0].degree!;
  const message = `The impression calls ${labelOf(mention.concept)} "${spanOf(context.impression, stated).text}"; the findings "${spanOf(context.findings, other).text}".`;
  return [flagAt(context, 'severity', 'soft', message, { impression: stated, findings: other })];
};

/** Degrees of findings. */
export const severity: Rule = (context) =>
  context.impression.mentions.flatMap((mention) => checkMention(context, mention));
