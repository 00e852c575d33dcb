/**
 * @file What the findings say of a side of the impression: the sides that they give to its finding, by how well finding,
 * zone, degree and course agree; where its finding is not known, the sides of the same place.
 */
import type { Side } from '../lexicon/sides.js';
import type { Mention, Reading, SideUse } from '../reading/mention.js';
import { carriersIn } from './context.js';

/** Whether some sides bear out another: `both` is every side, left and right are both. */
export const covers = (sides: ReadonlySet<Side>, side: Side): boolean =>
  side === 'both'
    ? sides.has('both') || (sides.has('left') && sides.has('right'))
    : sides.has(side) || sides.has('both');

/** The sides that the findings give to a finding of the impression. */
export interface SideEvidence {
  readonly sides: ReadonlySet<Side>;
  readonly uses: readonly SideUse[];
}

const disjoint = <Item>(a: readonly Item[], b: readonly Item[]): boolean =>
  a.length > 0 && b.length > 0 && !a.some((item) => b.includes(item));

/** How many words two lists of few words share. */
export const sharedWords = (a: readonly string[], b: readonly string[]): number => {
  let shared = 0;
  for (const word of a) if (b.includes(word)) shared += 1;
  return shared;
};

/** What sets a finding apart, in order of weight: a near finding in the same zone beats the same one in another. */
const distances = { byCloseness: [0, 6, 16], zone: 8, degree: 3, course: 1 };

/** What tells two equal matches apart: a zone that only one names, the degree on that side, up to three words around the side. */
const details = { zoneUnnamed: 1, degree: 1, word: 0.4, mostWords: 3 };

/** The nearest of several sides. */
class Nearest {
  #best = Number.POSITIVE_INFINITY;
  #uses: SideUse[] = [];

  add(use: SideUse, distance: number): void {
    if (distance > this.#best + 1e-9) return;
    if (distance < this.#best - 1e-9) this.#uses = [];
    this.#best = Math.min(distance, this.#best);
    this.#uses.push(use);
  }

  get distance(): number {
    return this.#best;
  }

  get evidence(): SideEvidence | undefined {
    return this.#uses.length === 0
      ? undefined
      : { sides: new Set(this.#uses.map(({ side }) => side)), uses: this.#uses };
  }
}

/** Best matches by what is explicit, and among those by what only tells them apart. */
export interface Matches {
  /** How far the best is apart by what is explicit. */
  readonly distance: number;
  readonly explicit: SideEvidence;
  readonly detailed: SideEvidence;
}

/**
 * The sides of the findings that match a side of the impression best: same finding, same zone, same degree, same course.
 *
 * @param mention The finding that the side belongs to.
 * @returns undefined where the findings give no side to anything that carries the finding.
 */
export const matchesFor = (reading: Reading, mention: Mention, use: SideUse): Matches | undefined => {
  const explicit = new Nearest();
  const detailed = new Nearest();
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
      const there = side.zones.length > 0 ? side.zones : candidate.zones;
      const elsewhere = use.side !== 'both' && disjoint(zones, there);
      const distance =
        distances.byCloseness[rank] +
        (elsewhere ? distances.zone : 0) +
        (use.side !== 'both' && degree ? distances.degree : 0) +
        (use.side !== 'both' && course ? distances.course : 0);
      const unnamed = use.side !== 'both' && zones.length > 0 && there.length === 0 ? details.zoneUnnamed : 0;
      const graded = use.degree !== null && use.degree === side.degree ? details.degree : 0;
      const shared = Math.min(details.mostWords, sharedWords(use.context, side.context));
      explicit.add(side, distance);
      detailed.add(side, distance + unnamed - graded - details.word * shared);
    }
  }
  return explicit.evidence === undefined
    ? undefined
    : { distance: explicit.distance, explicit: explicit.evidence, detailed: detailed.evidence! };
};

/** At most this many sides of a text are looked at; no report has more. */
export const mostUses = 200;

/** The sides in a text whose place shares most with that of a side in the impression. */
export const samePlace = (
  reading: Reading,
  use: SideUse,
  placeOf: (use: SideUse) => readonly string[],
): { readonly shared: number; readonly uses: readonly SideUse[] } => {
  let best = 1;
  let uses: SideUse[] = [];
  const place = placeOf(use);
  for (const other of reading.sideUses.slice(0, mostUses)) {
    if (other.curve !== use.curve) continue;
    const shared = sharedWords(place, placeOf(other));
    if (shared > best) uses = [];
    if (shared >= best) {
      best = shared;
      uses.push(other);
    }
  }
  return { shared: best, uses };
};
