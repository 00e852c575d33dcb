/**
 * @file Sides. Every side word of the impression must be borne out: the finding it belongs to must have that side in
 * the findings (bilateral counts for both), or, where its finding is not known, the same place of the body must.
 * A side that the findings never name is flagged as well. `Left greater than right` must not be turned round.
 */
import type { Side } from '../lexicon/attributes.js';
import { orderWords } from '../lexicon/attributes.js';
import { broaderChain, type ConceptId } from '../lexicon/concepts.js';
import type { Mention, Reading, SideUse, TokenRange } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, labelOf, type Rule } from './context.js';

const covers = (sides: ReadonlySet<Side>, side: Side): boolean =>
  side === 'both'
    ? sides.has('both') || (sides.has('left') && sides.has('right'))
    : sides.has(side) || sides.has('both');

/** A side that the findings give to the finding of a side of the impression, and how far the two are apart. */
interface Evidence {
  readonly sides: ReadonlySet<Side>;
  readonly uses: readonly SideUse[];
}

const disjoint = <Item>(a: readonly Item[], b: readonly Item[]): boolean =>
  a.length > 0 && b.length > 0 && !a.some((item) => b.includes(item));

/** What sets a finding apart, in order of weight: a near finding in the same zone beats the same one in another. */
const distances = { byCloseness: [0, 6, 16], zone: 8, degree: 3, course: 1 };

/** The sides of the findings that match best: same finding, same zone, same degree, same course. */
const evidenceFor = (reading: Reading, mention: Mention, use: SideUse): Evidence | undefined => {
  let best = Number.POSITIVE_INFINITY;
  let uses: SideUse[] = [];
  const zones = use.zones.length > 0 ? use.zones : mention.zones;
  for (const [candidate, closeness] of carriersIn(reading, mention.concept)) {
    if (candidate.denied !== mention.denied) continue;
    // For a bilateral finding everything that nearly says the same counts: one side may have another name.
    const rank = use.side === 'both' && closeness === 1 ? 0 : closeness;
    const degree =
      mention.degree !== null && candidate.degree !== null && mention.degree.level !== candidate.degree.level;
    const course =
      mention.course !== null && candidate.course !== null && mention.course.course !== candidate.course.course;
    for (const side of candidate.sides) {
      const elsewhere = use.side !== 'both' && disjoint(zones, side.zones.length > 0 ? side.zones : candidate.zones);
      const distance =
        distances.byCloseness[rank] +
        (elsewhere ? distances.zone : 0) +
        (use.side !== 'both' && degree ? distances.degree : 0) +
        (use.side !== 'both' && course ? distances.course : 0);
      if (distance > best) continue;
      if (distance < best) uses = [];
      best = distance;
      uses.push(side);
    }
  }
  return uses.length === 0 ? undefined : { sides: new Set(uses.map(({ side }) => side)), uses };
};

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

/** At most this many sides of the findings are looked at; no report has more. */
const mostUses = 200;

/** The sides in a text whose words share most with those of a side in the impression. */
const samePlace = (reading: Reading, use: SideUse): SideUse[] => {
  let best = 1;
  let uses: SideUse[] = [];
  for (const other of reading.sideUses.slice(0, mostUses)) {
    let shared = 0;
    for (const word of use.words) if (other.words.includes(word)) shared += 1;
    if (shared > best) uses = [];
    if (shared >= best) {
      best = shared;
      uses.push(other);
    }
  }
  return uses;
};

const named = (reading: Reading, side: Side): boolean =>
  reading.sideUses.slice(0, mostUses).some((use) => use.side === side || use.side === 'both' || side === 'both');

/** Places that lie on the left without saying so; an impression that names one is not held to it. */
const impliedLeft: ReadonlySet<string> = new Set(['lingula', 'lingular', 'retrocardiac']);

const isImplied = ({ tokens }: Reading, { first }: SideUse): boolean => impliedLeft.has(tokens[first].form);

const nameOf = (side: Side): string => (side === 'both' ? 'both sides' : `the ${side}`);

const checkUse = (context: Context, use: SideUse) => {
  const { findings, background } = context;
  // The finding that the side directly belongs to decides; those that share it along a list are asked only without it.
  for (const mention of use.mentions.slice(0, 4)) {
    const evidence = evidenceFor(findings, mention, use);
    if (evidence === undefined) continue;
    if (covers(evidence.sides, use.side)) return [];
    if (isImplied(context.impression, use)) return [];
    const message = `The impression puts ${labelOf(mention.concept)} on ${nameOf(use.side)}; the findings put it on ${nameOf(evidence.uses[0].side)}.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: use, findings: evidence.uses[0] })];
  }
  // `Right lung is clear` against a finding there, of which the findings give no side.
  for (const mention of use.mentions.slice(0, 4).filter(({ denied }) => !denied)) {
    const clear = clearSide(findings, mention, use.side);
    if (clear === undefined) continue;
    const message = `The impression puts ${labelOf(mention.concept)} on ${nameOf(use.side)}, which the findings call clear of it.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: use, findings: clear })];
  }
  // A finding that is gone now (`the right pneumothorax is no longer seen`) may have its side in the history.
  for (const mention of use.mentions.slice(0, 4).filter(({ denied }) => denied)) {
    const sides = carriedSides(background, mention.concept);
    if (sides.size === 0 || covers(sides, use.side)) continue;
    const message = `The impression puts ${labelOf(mention.concept)} on ${nameOf(use.side)}; the background names the other side.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: use })];
  }
  for (const reading of [findings, background]) {
    const places = samePlace(reading, use);
    if (places.length === 0) continue;
    if (covers(new Set(places.map(({ side }) => side)), use.side)) return [];
    const source = reading === findings ? 'the findings say' : 'the background says';
    const message = `The impression says ${nameOf(use.side)}; for this place ${source} ${nameOf(places[0].side)}.`;
    const at = { impression: use, findings: reading === findings ? places[0] : null };
    return [flagAt(context, 'laterality', 'hard', message, at)];
  }
  if (use.partOfOrgan || named(findings, use.side) || named(background, use.side)) return [];
  const message = `The impression names ${nameOf(use.side)}; the findings do not.`;
  const severity = use.side === 'both' ? 'soft' : 'hard';
  return [
    flagAt(context, 'laterality', severity, message, { impression: use, findings: findings.sideUses[0] ?? null }),
  ];
};

/** `left greater than right`: the first side is the greater one. */
interface SideOrder extends TokenRange {
  readonly greater: Side;
  readonly lesser: Side;
}

const readOrders = ({ sideUses, tokens }: Reading): SideOrder[] =>
  sideUses.flatMap((use, index) => {
    const next = sideUses[index + 1];
    if (next === undefined || next.sentence !== use.sentence || next.first - use.end > 4 || next.first === use.end)
      return [];
    for (let at = use.end; at < next.first; at += 1) {
      const form = tokens[at].form;
      if (orderWords.has(form) || form === '>')
        return [{ first: use.first, end: next.end, greater: use.side, lesser: next.side }];
      if (use.side === next.side && next.first === use.end + 1 && (form === 'and' || form === 'or' || form === 'to')) {
        return [{ first: use.first, end: next.end, greater: use.side, lesser: next.side }];
      }
      if (form === 'less' || form === '<')
        return [{ first: use.first, end: next.end, greater: next.side, lesser: use.side }];
    }
    return [];
  });

const checkOrders = (context: Context, orders: readonly SideOrder[]) => {
  const found = readOrders(context.findings).slice(0, mostUses);
  return orders.flatMap((order) => {
    if (order.greater === order.lesser) {
      return [
        flagAt(context, 'laterality', 'hard', 'The impression names one side twice where two are meant.', {
          impression: order,
        }),
      ];
    }
    const reversed = found.find(({ greater }) => greater === order.lesser);
    if (reversed === undefined || found.some(({ greater }) => greater === order.greater)) return [];
    const message = `The impression says more on ${nameOf(order.greater)}; the findings say more on ${nameOf(reversed.greater)}.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: order, findings: reversed })];
  });
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
    ...checkWithin(context),
  ];
};
