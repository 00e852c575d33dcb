/**
 * @file Comparison. A change of a finding must not run opposite to the findings' (improved against worse: hard; changed
 * against stable: soft), and words of change need an earlier study: one named in the background or the findings.
 */

import type { Flag } from '../flag.js';
import type { Course } from '../lexicon/attributes.js';
import type { Mention } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule } from './context.js';

const directions: Readonly<Record<Course, number>> = { better: -1, gone: -1, same: 0, worse: 1, new: 1 };
const names: Readonly<Record<Course, string>> = {
  better: 'improved',
  worse: 'worse',
  same: 'unchanged',
  new: 'new',
  gone: 'resolved',
};

const checkMention = (context: Context, mention: Mention): Flag[] => {
  const stated = mention.course;
  if (stated === null || mention.denied) return [];
  let nearest = 3;
  let others: Mention[] = [];
  for (const [candidate, closeness] of carriersIn(context.findings, mention.concept)) {
    if (candidate.course === null || closeness > nearest || closeness === 2) continue;
    if (closeness < nearest) others = [];
    nearest = closeness;
    others.push(candidate);
  }
  if (others.length === 0) return [];
  const direction = directions[stated.course];
  if (others.some(({ course }) => directions[course!.course] === direction)) return [];
  const other = others[0].course!;
  const opposite = direction * directions[other.course] === -1 && nearest === 0;
  const message = `The impression calls ${labelOf(mention.concept)} ${names[stated.course]}; the findings call it ${names[other.course]}.`;
  return [flagAt(context, 'comparison', opposite ? 'hard' : 'soft', message, { impression: stated, findings: other })];
};

/** Change words although no earlier study is spoken of. */
const checkGround = (context: Context): Flag[] => {
  const { findings, background, impression } = context;
  const [first] = impression.phrases.course;
  if (first === undefined || findings.phrases.course.length > 0 || findings.phrases.comparison.length > 0) return [];
  const compared = background.phrases.comparison.length > 0 && background.phrases.noComparison.length === 0;
  if (compared) return [];
  const message = 'The impression speaks of change; neither findings nor background name an earlier study.';
  return [flagAt(context, 'comparison', 'soft', message, { impression: first })];
};

/** Change against change, and change against nothing. */
export const comparison: Rule = (context) => [
  ...context.impression.mentions.flatMap((mention) => checkMention(context, mention)),
  ...checkGround(context),
];
