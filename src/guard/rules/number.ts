/**
 * @file Numbers. Every measurement of the impression must stand in the findings or the background after both are
 * brought to one unit; so must numbered ribs and vertebrae, and a count given to a finding must be the findings' own.
 */

import type { Flag } from '../flag.js';
import { movements } from '../lexicon/measures.js';
import type { Measure, MeasureValue, Reading } from '../reading/mention.js';
import { lastBefore } from '../reading/phrases.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule } from './context.js';

/** How far an approximate value (`about 2 cm`) may lie from the written one. */
const approximateShare = 0.1;

/** Equal, or equal after rounding to the impression's last digit where its unit is the coarser one. */
const agrees = (stated: MeasureValue, found: MeasureValue, approximate: boolean): boolean => {
  const difference = Math.abs(stated.value - found.value);
  if (difference <= 1e-6 * Math.max(1, stated.value)) return true;
  if (stated.step > found.step * 1.5 && difference <= stated.step / 2 + 1e-9) return true;
  return approximate && difference <= approximateShare * found.value;
};

/** Whether each value of a measurement has its own counterpart in another one: `3 x 1 mm` is not `3 x 3 mm`. */
const contained = (stated: Measure, found: Measure): boolean => {
  const free = [...found.values];
  return stated.values.every((value) => {
    const at = free.findIndex((other) => agrees(value, other, stated.approximate));
    if (at >= 0) free.splice(at, 1);
    return at >= 0;
  });
};

/** At most this many measurements of the findings are compared; no report has more. */
const mostMeasures = 100;

/** How far before a length the word of moving a tube may stand. */
const movementReach = 6;

/** Whether a measurement is advice: `recommend withdrawal by 2 cm`, `pull back 3 cm`. */
const isAdvised = ({ sentences, phrases, tokens }: Reading, measure: Measure): boolean => {
  const { first } = sentences[measure.sentence];
  for (let at = Math.max(first, measure.first - movementReach); at < measure.first; at += 1)
    if (movements.has(tokens[at].form)) return true;
  const last = lastBefore(phrases.advice, measure.first);
  return last !== undefined && last.first >= first;
};

const checkMeasures = (context: Context): Flag[] => {
  const { findings, background, impression } = context;
  const known = [...findings.measures, ...background.measures].slice(0, mostMeasures);
  const advisedThere = findings.measures.slice(0, mostMeasures).some((measure) => isAdvised(findings, measure));
  return impression.measures.flatMap((measure) => {
    const { dimension } = measure;
    if (known.some((other) => other.dimension === dimension && contained(measure, other))) return [];
    const place = findings.measures.find((other) => other.dimension === dimension) ?? null;
    // A span of time without any in the findings belongs to advice, which the impression may add.
    if (dimension === 'time' && place === null) return [];
    const message =
      place === null
        ? 'The impression gives a measurement that the findings do not.'
        : 'The measurement in the impression differs from that in the findings.';
    // `recommend withdrawal by 2 cm` measures nothing in the image; where the findings advise too, it is theirs.
    const advice = isAdvised(impression, measure) && !advisedThere;
    const severity = dimension === 'time' || advice ? 'soft' : 'hard';
    return [flagAt(context, 'number', severity, message, { impression: measure, findings: place })];
  });
};

const family = (place: string): string => place.replace(/\d+/, '');

const checkPlaces = (context: Context): Flag[] => {
  const { findings, background, impression } = context;
  const known = new Set([...findings.numberedPlaces, ...background.numberedPlaces].map(({ place }) => place));
  const byFamily = new Map(findings.numberedPlaces.map((place) => [family(place.place), place]));
  return impression.numberedPlaces.flatMap((stated) => {
    if (known.has(stated.place)) return [];
    const other = byFamily.get(family(stated.place)) ?? findings.numberedPlaces[0];
    const message =
      other === undefined
        ? `The impression names ${stated.place}; the findings name no number.`
        : `The impression names ${stated.place}; the findings name ${other.place}.`;
    return [flagAt(context, 'number', 'hard', message, { impression: stated, findings: other ?? null })];
  });
};

const checkCounts = (context: Context): Flag[] => {
  const { findings, impression } = context;
  return impression.mentions.flatMap((mention) => {
    if (mention.count === null || mention.denied) return [];
    const counted = [...carriersIn(findings, mention.concept)].filter(
      ([{ count, denied }]) => count !== null && !denied,
    );
    if (counted.length === 0 || counted.some(([{ count }]) => count === mention.count)) return [];
    const message = `The impression counts ${mention.count} for ${labelOf(mention.concept)}; the findings count ${counted[0][0].count}.`;
    return [flagAt(context, 'number', 'hard', message, { impression: mention, findings: counted[0][0] })];
  });
};

/** Measurements, numbered ribs and vertebrae, counts. */
export const number: Rule = (context) => [...checkMeasures(context), ...checkPlaces(context), ...checkCounts(context)];
