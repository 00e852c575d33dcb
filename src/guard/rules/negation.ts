/**
 * @file Negation. A finding that one text affirms and the other denies, where nothing in the findings makes it
 * uncertain: `pneumothorax` against `no pneumothorax`, `cardiomegaly` against `heart size is normal`, `acute
 * cardiopulmonary abnormality` against findings without anything acute. Also findings that contradict themselves.
 */
import type { Flag, FlagSeverity } from '../flag.js';
import { broaderChain, type ConceptId, conceptById, deviceIds, kindsOf } from '../lexicon/concepts.js';
import { carriersOf } from '../lexicon/evidence.js';
import { constellations, rarelyRuledOut, ruledOut } from '../lexicon/negation-use.js';
import type { Mention, Reading } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, inAdvice, labelOf, type Rule } from './context.js';

const isOld = ({ natures }: Mention): boolean =>
  (natures.includes('old') || natures.includes('calcified') || natures.includes('steady')) &&
  !natures.includes('acute');

/** Whether the denial, narrowed as it is, is one of this affirmed mention. */
const denialMeets = (denial: Mention, affirmed: Mention): boolean => {
  if (denial.narrowings.includes('other')) return false;
  // `no large effusion` meets a large one, and loosely one without degree; `no moderate hernia` one of at least that degree.
  if (denial.narrowings.includes('large') && (affirmed.degree?.level ?? 4) < 4) return false;
  const degree = affirmed.degree?.level ?? 4;
  if (denial.degree !== null && denial.degree.level >= 3 && degree < denial.degree.level) return false;
  if (denial.narrowings.includes('acute') && isOld(affirmed)) return false;
  return sidesMeet(denial, affirmed);
};

/** Whether a denial speaks of displaced, suspicious, large ones only and this is not called one: shown, not blocked. */
const isSpared = (denial: Mention, affirmed: Mention): boolean =>
  (denial.narrowings.includes('special') && !affirmed.special) ||
  (affirmed.degree === null && (denial.narrowings.includes('large') || (denial.degree?.level ?? 0) >= 4));

const sidesMeet = (a: Mention, b: Mention): boolean =>
  a.sides.length === 0 ||
  b.sides.length === 0 ||
  a.sides.some(({ side }) => b.sides.some((other) => side === 'both' || other.side === 'both' || side === other.side));

const samePlace = (a: Mention, b: Mention): boolean =>
  a.sides.length > 0 &&
  b.sides.length > 0 &&
  sidesMeet(a, b) &&
  (a.zones.length === 0 || b.zones.length === 0 || a.zones.some((zone) => b.zones.includes(zone)));

/** Findings of the lungs whose names overlap so much that one may stand for the other. */
const overlapping: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'opacity',
  'consolidation',
  'pneumonia',
  'atelectasis',
  'interstitial',
  'nodule',
  'nodular-opacity',
]);

/** A denial in the findings, and how much the findings hold against it. */
interface Denial {
  readonly mention: Mention;
  readonly severity: FlagSeverity;
}

/** A denial in the findings that meets an affirmed statement of the impression. */
const denialOf = (findings: Reading, affirmed: Mention): Denial | undefined => {
  let nearest = 3;
  for (const [mention, closeness] of carriersIn(findings, affirmed.concept)) {
    // A calcified density carries no consolidation.
    if (mention.denied || (mention.natures.includes('calcified') && mention.concept !== affirmed.concept)) continue;
    nearest = Math.min(nearest, closeness);
  }
  if (nearest === 0) return undefined;
  let general: Mention | undefined;
  for (const concept of broaderChain(affirmed.concept)) {
    for (const mention of findings.byConcept.get(concept) ?? []) {
      if (!mention.denied || !denialMeets(mention, affirmed)) continue;
      const exact = concept === affirmed.concept && !mention.byNormality;
      if (nearest === 3 || (exact && (nearest === 2 || !overlapping.has(concept)))) {
        if (!isSpared(mention, affirmed)) return { mention, severity: 'hard' };
        general ??= mention;
        continue;
      }
      // What is otherwise clear says nothing against a reading of what is not.
      if (nearest === 2 || !mention.byNormality) general ??= mention;
    }
  }
  return general === undefined ? undefined : { mention: general, severity: 'soft' };
};

const checkAffirmed = (context: Context, mention: Mention): Flag[] => {
  if (mention.denied || deviceIds.has(mention.concept) || inAdvice(context.impression, mention)) return [];
  if (mention.uncertain && !mention.alternative) return [];
  // Resolving, resolved, previous: what is gone now was there before.
  if (mention.course?.course === 'better' || mention.course?.course === 'gone' || mention.natures.includes('old'))
    return [];
  const denial = denialOf(context.findings, mention);
  if (denial === undefined || (denial.severity === 'soft' && mention.alternative)) return [];
  const message = `The impression states ${labelOf(mention.concept)}; the findings deny ${labelOf(denial.mention.concept)}.`;
  return [flagAt(context, 'negation', denial.severity, message, { impression: mention, findings: denial.mention })];
};

const removals: ReadonlySet<string> = new Set(['removal', 'removed', 'remove']);

/** A tube or line that the findings name and the impression denies; one that was taken out may be denied. */
const checkDeniedDevice = (context: Context, denial: Mention): Flag[] => {
  const { findings } = context;
  const there = (findings.byConcept.get(denial.concept) ?? []).find(({ denied, sentence }) => {
    const { first, end } = findings.sentences[sentence];
    return !denied && !findings.tokens.slice(first, Math.min(end, first + 60)).some(({ form }) => removals.has(form));
  });
  if (there === undefined) return [];
  const message = `The impression denies a ${labelOf(denial.concept)}; the findings name one.`;
  return [flagAt(context, 'negation', 'soft', message, { impression: denial, findings: there })];
};

/** Mentions of a finding and of its kinds. */
function* kindsIn(reading: Reading, broader: ConceptId): Generator<Mention> {
  for (const concept of kindsOf(broader)) yield* reading.byConcept.get(concept) ?? [];
}

/** Whether the findings deny a finding in so many words; that the heart is normal denies no failure by name. */
const kindsDenied = (findings: Reading, denial: Mention): boolean =>
  broaderChain(denial.concept).some((concept) =>
    (findings.byConcept.get(concept) ?? []).some((mention) => mention.denied && !mention.byNormality),
  );

/** At most this many measurements are compared; no report has more. */
const mostMeasures = 100;

const sizesIn = ({ measures }: Reading, sentence: number): number[] =>
  measures
    .slice(0, mostMeasures)
    .filter((measure) => measure.sentence === sentence && measure.dimension === 'length')
    .flatMap(({ values }) => values.map(({ value }) => value));

/** Whether a denied finding has the size of one that the findings describe: what is not there has no size. */
const sameSize = ({ findings, impression }: Context, denial: Mention, mention: Mention): boolean => {
  const denied = sizesIn(impression, denial.sentence).slice(0, 4);
  return denied.length > 0 && sizesIn(findings, mention.sentence).some((size) => denied.includes(size));
};

/** `No new pneumothorax` beside one that the findings do not call old and that the impression does not name otherwise. */
const deniesAsNew = ({ impression }: Context, denial: Mention, mention: Mention): boolean =>
  denial.narrowings.includes('other') &&
  mention.concept === denial.concept &&
  !isOld(mention) &&
  (mention.course === null || mention.course.course === 'new' || mention.course.course === 'worse') &&
  (impression.byConcept.get(denial.concept) ?? []).every(({ denied }) => denied) &&
  sidesMeet(denial, mention);

/** Whether a text affirms a finding by any name: pneumonia may be denied where the consolidation is called atelectasis. */
const named = (reading: Reading, mention: Mention): boolean =>
  [...reading.byConcept].some(
    ([concept, mentions]) => carriersOf(concept).has(mention.concept) && mentions.some(({ denied }) => !denied),
  );

const affirmedIn = (reading: Reading, concept: ConceptId): Mention | undefined =>
  reading.byConcept.get(concept)?.find(({ denied, uncertain }) => !denied && !uncertain);

/** `No heart failure` beside a large heart and effusions. */
const checkConstellation = (context: Context, denial: Mention): Flag[] => {
  const { findings } = context;
  const parts = constellations.get(denial.concept);
  const core = parts && affirmedIn(findings, parts.needs);
  if (core === undefined || !parts!.oneOf.some((concept) => affirmedIn(findings, concept) !== undefined)) return [];
  const message = `The impression denies ${labelOf(denial.concept)}; the findings describe its signs.`;
  return [flagAt(context, 'negation', 'soft', message, { impression: denial, findings: core })];
};

const checkDenied = (context: Context, denial: Mention): Flag[] => {
  const { findings } = context;
  if (!denial.denied) return [];
  if (deviceIds.has(denial.concept)) return checkDeniedDevice(context, denial);
  const deniedThere = broaderChain(denial.concept).some((concept) =>
    (findings.byConcept.get(concept) ?? []).some((mention) => mention.denied && sidesMeet(mention, denial)),
  );
  let weaker: Flag | undefined;
  for (const mention of kindsIn(findings, denial.concept)) {
    const asNew = deniesAsNew(context, denial, mention);
    if (mention.denied || (!asNew && !denialMeets(denial, mention))) continue;
    const message = `The impression denies ${labelOf(denial.concept)}; the findings describe ${labelOf(mention.concept)}.`;
    const same = mention.concept === denial.concept;
    // Of `atelectasis or infiltrate` one is there; only a suspicion may be denied without contradiction.
    const suspected = mention.uncertain && !mention.alternative && !mention.likely;
    const doubtful =
      asNew ||
      suspected ||
      isSpared(denial, mention) ||
      denial.byNormality ||
      (deniedThere && !(same && samePlace(denial, mention)));
    if (!doubtful) return [flagAt(context, 'negation', 'hard', message, { impression: denial, findings: mention })];
    if (!deniedThere || same)
      weaker ??= flagAt(context, 'negation', 'soft', message, { impression: denial, findings: mention });
  }
  if (weaker !== undefined) return [weaker];
  if (denial.byNormality || denial.narrowings.length > 0) return [];
  const deniedByName = kindsDenied(findings, denial);
  for (const [mention, closeness] of carriersIn(findings, denial.concept)) {
    if (mention.denied || mention.uncertain || closeness === 0) continue;
    const placed = samePlace(denial, mention) || sameSize(context, denial, mention);
    const unusual = closeness === 1 && !deniedThere && !ruledOut.has(denial.concept);
    const rare = closeness === 1 && !deniedByName && rarelyRuledOut.has(denial.concept);
    const unexplained =
      closeness === 1 && conceptById.get(mention.concept)!.weight === 'critical' && !named(context.impression, mention);
    if (!placed && !unusual && !rare && !unexplained) continue;
    const message = `The impression denies ${labelOf(denial.concept)}; the findings describe ${labelOf(mention.concept)}.`;
    const severity = placed || (unusual && !rare) ? 'hard' : 'soft';
    return [flagAt(context, 'negation', severity, message, { impression: denial, findings: mention })];
  }
  return deniedByName ? [] : checkConstellation(context, denial);
};

const isAcute = (mention: Mention): boolean =>
  !mention.denied && conceptById.get(mention.concept)!.acute === true && !isOld(mention);

/** `Acute cardiopulmonary abnormality`, stated. Where its sentence names it, the vague opening is only shown. */
const checkGenerals = (context: Context): Flag[] => {
  const { findings, impression } = context;
  const stated = impression.generals.filter(({ denied, uncertain }) => !denied && !uncertain);
  if (stated.length === 0) return [];
  const calm = findings.mentions.find(({ denied }) => denied) ?? findings.generals.find(({ denied }) => denied) ?? null;
  const borneOut = findings.mentions.some(isAcute);
  const message = borneOut
    ? 'The impression states an acute abnormality without naming it.'
    : 'The impression states an acute abnormality; the findings describe nothing acute.';
  const acuteSentences = new Set(impression.mentions.filter(isAcute).map(({ sentence }) => sentence));
  return stated.map((general) => {
    const severity = borneOut && acuteSentences.has(general.sentence) ? 'soft' : 'hard';
    return flagAt(context, 'negation', severity, message, { impression: general, findings: calm });
  });
};

/** A finding affirmed and denied within the findings. */
const checkWithin = (context: Context): Flag[] => {
  const { findings } = context;
  // A fractured screw or lead is no fracture of the patient.
  const withDevice = new Set(
    findings.mentions.filter(({ concept }) => deviceIds.has(concept)).map(({ sentence }) => sentence),
  );
  const flags: Flag[] = [];
  for (const [concept, mentions] of findings.byConcept) {
    if (deviceIds.has(concept)) continue;
    const denial = mentions.find((mention) => mention.denied && mention.narrowings.length === 0);
    if (denial === undefined) continue;
    const affirmed = mentions.find(
      (mention) =>
        !mention.denied &&
        !mention.uncertain &&
        !mention.afterBlank &&
        mention.sentence !== denial.sentence &&
        !withDevice.has(mention.sentence) &&
        !isOld(mention) &&
        mention.course?.course !== 'gone' &&
        mention.sides.length === 0 &&
        denialMeets(denial, mention),
    );
    if (affirmed === undefined) continue;
    const severity = denial.byNormality || conceptById.get(concept)!.weight !== 'critical' ? 'soft' : 'hard';
    const message = `The findings both state and deny ${labelOf(concept)}.`;
    flags.push(flagAt(context, 'negation', severity, message, { findings: affirmed }));
  }
  return flags;
};

/** Affirmed against denied, both ways, and within the findings. */
export const negation: Rule = (context) => [
  ...context.impression.mentions.flatMap((mention) => [
    ...checkAffirmed(context, mention),
    ...checkDenied(context, mention),
  ]),
  ...checkGenerals(context),
  ...checkWithin(context),
];
