/**
 * @file Sides. Every side word of the impression must be borne out: the finding it belongs to must have that side in
 * the findings (bilateral counts for both), or, where its finding is not known, the same place of the body must.
 * A side that the findings never name is flagged as well. `Left greater than right` must not be turned round.
 */

import type { Flag, FlagSeverity } from '../flag.js';
import { broaderChain, type ConceptId } from '../lexicon/concepts.js';
import { carriersOf } from '../lexicon/evidence.js';
import { impliedSides, type Side } from '../lexicon/sides.js';
import type { Mention, Reading, SideUse } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule } from './context.js';
import { covers, type Matches, matchesFor, mostUses, type SideEvidence, samePlace } from './side-evidence.js';
import { checkOrders, readOrders } from './side-orders.js';

/** A denial of a finding for this one side only. */
const clearSide = (findings: Reading, mention: Mention, side: Side): SideUse | undefined => {
  for (const concept of broaderChain(mention.concept)) {
    for (const denial of findings.byConcept.get(concept) ?? []) {
      if (denial.denied && denial.sides.length === 1 && denial.sides[0].side === side) return denial.sides[0];
    }
  }
  return undefined;
};

const carriedSides = (reading: Reading, concept: ConceptId): Set<Side> => {
  const sides = new Set<Side>();
  for (const [mention] of carriersIn(reading, concept)) for (const { side } of mention.sides) sides.add(side);
  return sides;
};

const named = (reading: Reading, side: Side): boolean =>
  reading.sideUses
    .slice(0, mostUses)
    .some((use) => !use.curve && (use.side === side || use.side === 'both' || side === 'both'));

const isImplied = ({ tokens }: Reading, { first }: SideUse): boolean => impliedSides.has(tokens[first].form);

const nameOf = (side: Side): string => (side === 'both' ? 'both sides' : `the ${side}`);

/** A side has at most this many findings looked at. */
const mostFindings = 4;

/** Whether two findings of a list may be two names of one thing: `atelectasis/airspace disease`. */
const akin = (a: Mention, b: Mention): boolean =>
  carriersOf(a.concept).has(b.concept) || carriersOf(b.concept).has(a.concept);

/** The finding of a side that the findings know best: the one that the side belongs to, or its other name. */
const bestMatch = (findings: Reading, use: SideUse): { mention: Mention; matches: Matches } | undefined => {
  let best: { mention: Mention; matches: Matches } | undefined;
  for (const mention of use.mentions.slice(0, mostFindings)) {
    if (best !== undefined && !akin(best.mention, mention)) continue;
    const matches = matchesFor(findings, mention, use);
    if (matches !== undefined && (best === undefined || matches.distance < best.matches.distance))
      best = { mention, matches };
  }
  return best;
};

/** The side against that of the same finding in the findings; undefined where they give it none. */
const checkFinding = (context: Context, use: SideUse): Flag[] | undefined => {
  const best = bestMatch(context.findings, use);
  if (best === undefined) return undefined;
  const { explicit, detailed } = best.matches;
  const flag = (evidence: SideEvidence, severity: FlagSeverity): Flag[] => {
    const message = `The impression puts ${labelOf(best.mention.concept)} on ${nameOf(use.side)}; the findings put it on ${nameOf(evidence.uses[0].side)}.`;
    return [flagAt(context, 'laterality', severity, message, { impression: use, findings: evidence.uses[0] })];
  };
  if (isImplied(context.impression, use)) return [];
  if (!covers(explicit.sides, use.side)) return flag(explicit, 'hard');
  // The finding is on both sides; only the words around it tell which is meant.
  return covers(detailed.sides, use.side) ? [] : flag(detailed, 'soft');
};

/** `Right lung is clear` against a finding there; what is gone now against the history. */
const checkClear = (context: Context, use: SideUse): Flag[] => {
  const { findings, background } = context;
  for (const mention of use.mentions.slice(0, mostFindings)) {
    if (mention.denied) continue;
    const clear = clearSide(findings, mention, use.side);
    if (clear === undefined) continue;
    const message = `The impression puts ${labelOf(mention.concept)} on ${nameOf(use.side)}, which the findings call clear of it.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: use, findings: clear })];
  }
  // A finding that is gone now (`the right pneumothorax is no longer seen`) may have its side in the history.
  for (const mention of use.mentions.slice(0, mostFindings)) {
    if (!mention.denied) continue;
    const sides = carriedSides(background, mention.concept);
    if (sides.size === 0 || covers(sides, use.side)) continue;
    const message = `The impression puts ${labelOf(mention.concept)} on ${nameOf(use.side)}; the background names the other side.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: use })];
  }
  return [];
};

/** How a place is known, and how many words of it make a disagreement hard. */
const placeReadings: readonly { readonly placeOf: (use: SideUse) => readonly string[]; readonly sure: number }[] = [
  { placeOf: ({ words }) => words, sure: 1 },
  { placeOf: ({ context, zones }) => [...context, ...zones], sure: 2 },
];

/** The side against that of the same place; undefined where neither findings nor background know the place. */
const checkPlace = (context: Context, use: SideUse): Flag[] | undefined => {
  const { findings, background } = context;
  for (const { placeOf, sure } of placeReadings) {
    for (const reading of [findings, background]) {
      const { shared, uses: places } = samePlace(reading, use, placeOf);
      if (places.length === 0) continue;
      if (covers(new Set(places.map(({ side }) => side)), use.side)) return [];
      const source = reading === findings ? 'the findings say' : 'the background says';
      const message = `The impression says ${nameOf(use.side)}; for this place ${source} ${nameOf(places[0].side)}.`;
      const at = { impression: use, findings: reading === findings ? places[0] : null };
      return [flagAt(context, 'laterality', shared >= sure ? 'hard' : 'soft', message, at)];
    }
  }
  return undefined;
};

const checkUse = (context: Context, use: SideUse): Flag[] => {
  const { findings, background } = context;
  const found = checkFinding(context, use);
  if (found !== undefined) return found;
  const clear = checkClear(context, use);
  if (clear.length > 0) return clear;
  const placed = checkPlace(context, use);
  if (placed !== undefined) return placed;
  // A side of what is denied is the negation rule's affair.
  if (use.partOfOrgan || use.curve || use.mentions.some(({ denied }) => denied)) return [];
  const known = named(findings, use.side) || named(background, use.side);
  if (known && use.side === 'both') return [];
  const message = known
    ? `Nothing in the findings bears out ${nameOf(use.side)} here.`
    : `The impression names ${nameOf(use.side)}; the findings do not.`;
  const severity = known || use.side === 'both' ? 'soft' : 'hard';
  const place = known ? null : (findings.sideUses[0] ?? null);
  return [flagAt(context, 'laterality', severity, message, { impression: use, findings: place })];
};

const oneSided = (mentions: readonly Mention[]): Set<Side> => {
  const sides = new Set<Side>();
  for (const { sides: uses, denied } of mentions) if (!denied) for (const { side } of uses) sides.add(side);
  return sides;
};

/** A finding named twice on one side, where the findings have it on both: one of the two sides was turned. */
const checkLostSide = (context: Context) => {
  const { findings, impression } = context;
  return [...impression.byConcept].flatMap(([concept, mentions]) => {
    const own = mentions.filter(({ denied, sides }) => !denied && sides.length === 1);
    const last = own.at(-1);
    if (last === undefined || own[0].sentence === last.sentence) return [];
    const stated = oneSided(mentions);
    const near = [...carriersIn(findings, concept)].flatMap(([mention, closeness]) => (closeness < 2 ? [mention] : []));
    const found = oneSided(near);
    if (stated.size !== 1 || stated.has('both') || found.has('both') || found.size !== 2) return [];
    const other = near.find(({ sides }) => sides.some(({ side }) => !stated.has(side)))!;
    const message = `The impression names ${labelOf(concept)} twice on one side; the findings have it on both.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: last.sides[0], findings: other.sides[0] })];
  });
};

/** `Moderate right and small right effusions`: two degrees of one finding on one side. */
const checkDegrees = (context: Context): Flag[] =>
  context.impression.sideUses.flatMap((use, index, uses) => {
    const next = uses[index + 1];
    if (next === undefined || next.side !== use.side || next.sentence !== use.sentence || use.side === 'both')
      return [];
    if (use.degree === null || next.degree === null || use.degree === next.degree || next.first - use.end > 4)
      return [];
    if (use.zones.join() !== next.zones.join() || use.mentions[0] !== next.mentions[0]) return [];
    const message = 'The impression gives one side two degrees where two sides are meant.';
    return [flagAt(context, 'laterality', 'hard', message, { impression: next })];
  });

/** Two descriptions of one measured finding on opposite sides, within the findings. */
const checkWithin = (context: Context) => {
  const { findings } = context;
  const seen = new Map<string, Mention>();
  return findings.measures.slice(0, 40).flatMap((measure) => {
    const mention = findings.mentions.find(
      ({ sentence, denied, sides }) =>
        sentence === measure.sentence && !denied && sides.length === 1 && sides[0].side !== 'both',
    );
    if (mention === undefined || measure.dimension !== 'length') return [];
    const key = `${mention.concept} ${measure.values.map(({ value }) => value).join(' ')} ${[...mention.zones].sort().join(' ')}`;
    const earlier = seen.get(key);
    seen.set(key, mention);
    if (earlier === undefined || earlier.sides[0].side === mention.sides[0].side) return [];
    const message = `The findings describe ${labelOf(mention.concept)} of one size on ${nameOf(earlier.sides[0].side)} and on ${nameOf(mention.sides[0].side)}.`;
    return [flagAt(context, 'laterality', 'soft', message, { findings: mention.sides[0] })];
  });
};

/** Sides of the impression against the findings. */
export const laterality: Rule = (context) => {
  const orders = readOrders(context.impression);
  const compared = new Set(orders.flatMap(({ first, end }) => [first, end]));
  // The two sides of `right greater than left` are judged as a pair.
  const single = context.impression.sideUses.filter(({ first, end }) => !compared.has(first) && !compared.has(end));
  return [
    ...single.flatMap((use) => checkUse(context, use)),
    ...checkOrders(context, orders),
    ...checkLostSide(context),
    ...checkDegrees(context),
    ...checkWithin(context),
  ];
};
