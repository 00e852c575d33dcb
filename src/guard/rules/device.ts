/**
 * @file Devices. A tube or line that the impression names must be named by the findings; where both say where its tip
 * lies, they must say the same.
 */
import type { Flag } from '../flag.js';
import { type ConceptId, deviceIds } from '../lexicon/concepts.js';
import { tipPositions } from '../lexicon/devices.js';
import type { Mention, Reading } from '../reading/mention.js';
import type { PhraseMatch } from '../reading/phrases.js';
import { type Context, flagAt, labelOf, type Rule } from './context.js';

const manyNames: ReadonlySet<ConceptId> = new Set<ConceptId>(['surgical-hardware', 'pacemaker', 'central-line']);

const labels: ReadonlyMap<string, string> = new Map(tipPositions.map(({ id, label }) => [id, label]));

/** The positions named in the sentence of a mention or the one behind it. */
const positionsOf = ({ sentences, phrases }: Reading, mention: Mention): PhraseMatch<string>[] => {
  const from = sentences[mention.sentence].first;
  const to = sentences[Math.min(mention.sentence + 1, sentences.length - 1)].end;
  return phrases.tip.slice(0, 200).filter(({ first }) => first >= from && first < to);
};

const checkDevice = (context: Context, mention: Mention): Flag[] => {
  const { findings, background, impression } = context;
  const same = findings.byConcept.get(mention.concept) ?? [];
  if (same.length === 0) {
    // Surgical material and pacemakers go by many names; a tube or line that stands nowhere is one too many.
    const loose =
      manyNames.has(mention.concept) && [...findings.byConcept.keys()].some((concept) => deviceIds.has(concept));
    const known = loose || background.byConcept.has(mention.concept);
    const message = `The impression names a ${labelOf(mention.concept)}; the findings do not.`;
    return known || mention.denied ? [] : [flagAt(context, 'device', 'soft', message, { impression: mention })];
  }
  const here = positionsOf(impression, mention);
  const there = same.flatMap((device) => positionsOf(findings, device));
  if (here.length === 0 || there.length === 0) return [];
  const stray = here.find(({ value }) => !there.some((other) => other.value === value));
  if (stray === undefined) return [];
  const message = `The impression puts the ${labelOf(mention.concept)} at the ${labels.get(stray.value)}; the findings at the ${labels.get(there[0].value)}.`;
  return [flagAt(context, 'device', 'soft', message, { impression: stray, findings: there[0] })];
};

/** Devices and their tips. */
export const device: Rule = (context) =>
  context.impression.mentions
    .filter(({ concept }) => deviceIds.has(concept))
    .flatMap((mention) => checkDevice(context, mention));
