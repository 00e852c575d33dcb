/**
 * @file Missed findings. What the findings affirm and must not be lost (`weight` of the finding tables) has to appear in
 * the impression: by name, as a kind of it, or as its usual reading, and on a side that is not the opposite one.
 * A malpositioned line or tube counts.
 */
import type { Flag } from '../flag.js';
import { broaderChain, type ConceptId, conceptById, deviceIds } from '../lexicon/concepts.js';
import { carriersOf } from '../lexicon/evidence.js';
import { namesStudy } from '../reading/attributes.js';
import type { Mention, Reading } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, inAdvice, labelOf, type Rule } from './context.js';

/** Critical findings whose omission is soft: impressions often leave them to the findings. */
const oftenLeft: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'mediastinal-widening',
  'mediastinal-shift',
  'foreign-body',
  'adenopathy',
]);

/** Findings of the lungs that an impression names by a wider circle of words. */
const wide: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'opacity',
  'consolidation',
  'pneumonia',
  'nodular-opacity',
  'lesion',
  'aspiration',
]);

/** Statements about fluid, which stand for an opacity only loosely. */
const ofFluid: ReadonlySet<ConceptId> = new Set<ConceptId>(['edema', 'congestion', 'heart-failure', 'effusion']);

/** Findings that are no loss when old, healed or calcified. */
const harmlessWhenOld: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'fracture',
  'compression',
  'nodule',
  'nodular-opacity',
  'opacity',
  'lesion',
  'dislocation',
  'adenopathy',
  'foreign-body',
]);

/** How a finding of the impression stands for one of the findings. */
type Cover = 'fully' | 'loosely' | undefined;

const coverOf = (named: ConceptId, lost: ConceptId): Cover => {
  const closeness = carriersOf(named).get(lost);
  // A deformity elsewhere does not stand for a fracture.
  if (named === 'old-fracture' && lost === 'fracture') return 'loosely';
  if (closeness !== undefined && (closeness < 2 || (wide.has(lost) && !ofFluid.has(named)))) return 'fully';
  if (broaderChain(lost).includes(named) || carriersOf(lost).get(named) === 1) return 'fully';
  return closeness === undefined ? undefined : 'loosely';
};

/** Whether both have sides and none in common. */
const apart = (a: Mention, b: Mention): boolean =>
  a.sides.length > 0 &&
  b.sides.length > 0 &&
  !a.sides.some(({ side }) => b.sides.some((other) => side === 'both' || other.side === 'both' || side === other.side));

/** Whether the findings hold what an impression's mention on the other side stands for; else it is the lost one, turned. */
const accountedFor = (findings: Reading, stated: Mention): boolean => {
  for (const [found] of carriersIn(findings, stated.concept)) {
    if (!found.denied && found.sides.length > 0 && !apart(found, stated)) return true;
  }
  return false;
};

/**
 * Whether a mention of another name may be the lost finding: not where it lies in another zone and the findings have its
 * own finding besides, as a nodule of the upper lobe beside an opacity at the base.
 */
const standsFor = (findings: Reading, stated: Mention, lost: Mention): boolean => {
  if (stated.concept === lost.concept || stated.zones.length === 0 || lost.zones.length === 0) return true;
  if (stated.zones.some((zone) => lost.zones.includes(zone))) return true;
  for (const [found, closeness] of carriersIn(findings, stated.concept)) {
    if (!found.denied && closeness < 2 && found.zones.some((zone) => stated.zones.includes(zone))) return false;
  }
  return true;
};

const coverIn = ({ findings, impression }: Context, lost: Mention): Cover => {
  let best: Cover;
  for (const [named, mentions] of impression.byConcept) {
    const cover = coverOf(named, lost.concept);
    if (cover === undefined || (cover === 'loosely' && best === 'loosely')) continue;
    const stands = (mention: Mention): boolean => {
      if (apart(mention, lost) && accountedFor(findings, mention)) return false;
      // `correlation with history of malignancy` is advice, not the nodule's name.
      return named === lost.concept || (!mention.denied && !inAdvice(impression, mention));
    };
    const standing = mentions.filter(stands);
    if (standing.length === 0) continue;
    if (cover === 'fully' && standing.some((mention) => standsFor(findings, mention, lost))) return cover;
    best = 'loosely';
  }
  return best;
};

/** What the rest of a sentence says of every finding in it. */
interface SentenceNote {
  readonly old: boolean;
  readonly calcified: boolean;
  readonly device: boolean;
  /** Explained by what lies over it: fat, soft tissue, a nipple. */
  readonly overlay: boolean;
}

const notesOf = (reading: Reading): SentenceNote[] => {
  const notes = reading.sentences.map(() => ({ old: false, calcified: false, device: false, overlay: false }));
  let sentence = 0;
  for (const { first, end, value } of reading.phrases.nature) {
    while (sentence < notes.length - 1 && reading.sentences[sentence].end <= first) sentence += 1;
    if (value === 'overlay') notes[sentence].overlay = true;
    if (value === 'old' && !namesStudy(reading.tokens, { first, end })) notes[sentence].old = true;
    if (value === 'calcified' && !/^non|^not$/.test(reading.tokens[first - 1]?.form ?? ''))
      notes[sentence].calcified = true;
  }
  for (const mention of reading.mentions) {
    if (deviceIds.has(mention.concept)) notes[mention.sentence].device = true;
    if (mention.concept === 'granuloma' && !mention.denied) notes[mention.sentence].calcified = true;
  }
  return notes;
};

/** How many mentions on, in its own sentence, the reading of a finding is looked for. */
const readingReach = 4;

/** Whether the findings themselves read a finding as something that the impression names: `haziness, consistent with edema`. */
const interpreted = ({ findings, impression }: Context, mention: Mention, at: number): boolean =>
  findings.mentions
    .slice(at + 1, at + 1 + readingReach)
    .some(
      (reading) =>
        reading.sentence === mention.sentence &&
        !reading.denied &&
        reading.concept !== mention.concept &&
        carriersOf(reading.concept).has(mention.concept) &&
        (impression.byConcept.get(reading.concept) ?? []).some(({ denied }) => !denied),
    );

const checkMention = (context: Context, mention: Mention, at: number, note: SentenceNote): Flag[] => {
  const { findings } = context;
  const { concept, natures, course } = mention;
  const { weight } = conceptById.get(concept)!;
  if (weight === 'minor' || mention.denied || inAdvice(findings, mention)) return [];
  if (course?.course === 'gone' || (natures.includes('calcified') && harmlessWhenOld.has(concept))) return [];
  const settled = (note.old && !natures.includes('acute')) || note.calcified || (concept === 'fracture' && note.device);
  if (settled && harmlessWhenOld.has(concept)) return [];
  if (note.overlay && (wide.has(concept) || concept === 'nodule')) return [];
  if (wide.has(concept) && interpreted(context, mention, at)) return [];
  const cover = coverIn(context, mention);
  if (cover === 'fully') return [];
  const known =
    natures.includes('old') || natures.includes('steady') || course?.course === 'same' || course?.course === 'better';
  const hard =
    weight === 'critical' &&
    !oftenLeft.has(concept) &&
    !known &&
    cover === undefined &&
    !mention.uncertain &&
    !mention.afterBlank;
  const message = `The findings describe ${labelOf(concept)}; the impression does not mention it.`;
  return [flagAt(context, 'omission', hard ? 'hard' : 'soft', message, { findings: mention })];
};

/** How far a word of malposition may stand from its device, in tokens. */
const malpositionReach = 25;

/** A device said to lie wrong, of which the impression says nothing. */
const checkMalposition = (context: Context): Flag[] => {
  const { findings, impression } = context;
  return findings.phrases.malposition.slice(0, 20).flatMap((place) => {
    const device = findings.mentions.find(
      ({ concept, first, denied }) =>
        deviceIds.has(concept) && !denied && Math.abs(first - place.first) < malpositionReach,
    );
    if (device === undefined || impression.byConcept.has(device.concept)) return [];
    const message = `The findings describe a malpositioned ${labelOf(device.concept)}; the impression does not mention it.`;
    return [flagAt(context, 'omission', 'hard', message, { findings: place })];
  });
};

/** Critical findings that the impression leaves out; one flag a finding, the hardest. */
export const omission: Rule = (context) => {
  const notes = notesOf(context.findings);
  const flagged = new Map<ConceptId, Flag>();
  for (const [at, mention] of context.findings.mentions.entries()) {
    const earlier = flagged.get(mention.concept);
    if (earlier?.severity === 'hard') continue;
    for (const flag of checkMention(context, mention, at, notes[mention.sentence])) {
      if (earlier === undefined || flag.severity === 'hard') flagged.set(mention.concept, flag);
    }
  }
  return [...flagged.values(), ...checkMalposition(context)];
};
