/**
 * @file Comparison. A change of a finding must not run opposite to the findings' (improved against worse: hard; changed
 * against stable: soft), and words of change need an earlier study: one named in the background or the findings.
 */

import type { Flag } from '../flag.js';
import type { Course } from '../lexicon/attributes.js';
import type { Mention } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule } from './context.js';

const directions: Readonly<Record<Exclude<Course, 'changed'>, number>> = {
  better: -1,
  gone: -1,
  same: 0,
  worse: 1,
  new: 1,
};

/** How two courses differ: not, by one being a change and the other none, or by running opposite ways. */
const difference = (a: Course, b: Course): 0 | 1 | 2 => {
  if (a === 'changed' || b === 'changed') return a === 'same' || b === 'same' ? 1 : 0;
  return Math.min(2, Math.abs(directions[a] - directions[b])) as 0 | 1 | 2;
};
const names: Readonly<Record<Course, string>> = {
  better: 'improved',
  worse: 'worse',
  same: 'unchanged',
  new: 'new',
  gone: 'resolved',
  changed: 'changed',
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
  if (others.some(({ course }) => difference(course!.course, stated.course) === 0)) return [];
  const other = others[0].course!;
  const opposite = difference(stated.course, other.course) === 2 && nearest === 0;
  const message = `The impression calls ${labelOf(mention.concept)} ${names[stated.course]}; the findings call it ${names[other.course]}.`;
  return [flagAt(context, 'comparison', opposite ? 'hard' : 'soft', message, { impression: stated, findings: other })];
};

/** `Significant interval change` where the findings find everything unchanged. */
const checkChange = (context: Context): Flag[] => {
  const { findings, impression } = context;
  const stated = impression.phrases.course.find(({ value }) => value === 'changed');
  const [same] = findings.phrases.course;
  if (stated === undefined || same === undefined || findings.phrases.course.some(({ value }) => value !== 'same'))
    return [];
  const message = 'The impression speaks of a change; the findings call everything unchanged.';
  return [flagAt(context, 'comparison', 'soft', message, { impression: stated, findings: same })];
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
  ...checkChange(context),
  ...checkGround(context),
];
