/**
 * @file Negation. A finding that one text affirms and the other denies, where nothing in the findings makes it
 * uncertain: `pneumothorax` against `no pneumothorax`, `cardiomegaly` against `heart size is normal`, `acute
 * cardiopulmonary abnormality` against findings without anything acute. Also findings that contradict themselves.
 */
import type { Flag } from '../flag.js';
import { broaderChain, type ConceptId, conceptById, deviceIds, kindsOf } from '../lexicon/concepts.js';
import { ruledOut } from '../lexicon/negation-use.js';
import type { Mention, Reading } from '../reading/mention.js';
import { type Context, carriersIn, flagAt, inAdvice, labelOf, type Rule } from './context.js';

const isOld = ({ natures }: Mention): boolean =>
  (natures.has('old') || natures.has('calcified') || natures.has('steady')) && !natures.has('acute');

/** Whether the denial, narrowed as it is, is one of this affirmed mention. */
const denialMeets = (denial: Mention, affirmed: Mention): boolean => {
  if (denial.narrowings.includes('other')) return false;
  // `no large effusion` meets a large one only, `no moderate hernia` one of at least that degree.
  if (denial.narrowings.includes('large') && (affirmed.degree?.level ?? 0) < 4) return false;
  if (denial.degree !== null && denial.degree.level >= 3 && (affirmed.degree?.level ?? 0) < denial.degree.level)
    return false;
  if (denial.narrowings.includes('acute') && isOld(affirmed)) return false;
  if (denial.narrowings.includes('special') && !affirmed.special) return false;
  return sidesMeet(denial, affirmed);
};

const sidesMeet = (a: Mention, b: Mention): boolean =>
  a.sides.length === 0 ||
  b.sides.length === 0 ||
  a.sides.some(({ side }) => b.sides.some((other) => side === 'both' || other.side === 'both' || side === other.side));

const samePlace = (a: Mention, b: Mention): boolean =>
  a.sides.length > 0 &&
  b.sides.length > 0 &&
  sidesMeet(a, b) &&
  (a.zones.size === 0 || b.zones.size === 0 || [...a.zones].some((zone) => b.zones.has(zone)));

/** A denial in the findings that meets an affirmed statement of the impression, unless the findings support it too. */
const denialOf = (findings: Reading, affirmed: Mention): Mention | undefined => {
  let nearest = 3;
  for (const [mention, closeness] of carriersIn(findings, affirmed.concept)) {
    if (!mention.denied && sidesMeet(mention, affirmed)) nearest = Math.min(nearest, closeness);
  }
  if (nearest < 2) return undefined;
  for (const concept of broaderChain(affirmed.concept)) {
    for (const mention of findings.byConcept.get(concept) ?? []) {
      // Distant support outweighs a general denial, not one of the very finding.
      const outweighed = nearest === 2 && (mention.byNormality || concept !== affirmed.concept);
      if (mention.denied && !outweighed && denialMeets(mention, affirmed)) return mention;
    }
  }
  return undefined;
};

const checkAffirmed = (context: Context, mention: Mention): Flag[] => {
  if (mention.denied || mention.uncertain || deviceIds.has(mention.concept) || inAdvice(context.impression, mention))
    return [];
  // Resolving, resolved: what is gone now was there before.
  if (mention.course?.course === 'better' || mention.course?.course === 'gone') return [];
  const denial = denialOf(context.findings, mention);
  if (denial === undefined) return [];
  const message = `The impression states ${labelOf(mention.concept)}; the findings deny ${labelOf(denial.concept)}.`;
  return [flagAt(context, 'negation', 'hard', message, { impression: mention, findings: denial })];
};

/** Mentions of a finding and of its kinds. */
function* kindsIn(reading: Reading, broader: ConceptId): Generator<Mention> {
  for (const concept of kindsOf(broader)) yield* reading.byConcept.get(concept) ?? [];
}

const checkDenied = (context: Context, denial: Mention): Flag[] => {
  const { findings } = context;
  if (!denial.denied || deviceIds.has(denial.concept)) return [];
  const deniedThere = broaderChain(denial.concept).some((concept) =>
    (findings.byConcept.get(concept) ?? []).some((mention) => mention.denied && sidesMeet(mention, denial)),
  );
  let weaker: Flag | undefined;
  for (const mention of kindsIn(findings, denial.concept)) {
    if (mention.denied || !denialMeets(denial, mention)) continue;
    const message = `The impression denies ${labelOf(denial.concept)}; the findings describe ${labelOf(mention.concept)}.`;
    const same = mention.concept === denial.concept;
    const doubtful = mention.uncertain || denial.byNormality || (deniedThere && !samePlace(denial, mention));
    if (same && !doubtful)
      return [flagAt(context, 'negation', 'hard', message, { impression: denial, findings: mention })];
    if (!deniedThere || same)
      weaker ??= flagAt(context, 'negation', 'soft', message, { impression: denial, findings: mention });
  }
  if (weaker !== undefined) return [weaker];
  if (denial.byNormality || denial.narrowings.length > 0) return [];
  for (const [mention, closeness] of carriersIn(findings, denial.concept)) {
    if (mention.denied || mention.uncertain || closeness === 0) continue;
    const placed = samePlace(denial, mention);
    const unusual = closeness === 1 && !deniedThere && !ruledOut.has(denial.concept);
    if (!placed && !unusual) continue;
    const message = `The impression denies ${labelOf(denial.concept)}; the findings describe ${labelOf(mention.concept)}.`;
    return [flagAt(context, 'negation', 'hard', message, { impression: denial, findings: mention })];
  }
  return [];
};

const checkGenerals = (context: Context): Flag[] => {
  const { findings, impression } = context;
  const acute = findings.mentions.find(
    (mention) => !mention.denied && conceptById.get(mention.concept)!.acute === true && !isOld(mention),
  );
  const calm = findings.mentions.find(({ denied }) => denied) ?? findings.generals.find(({ denied }) => denied);
  return impression.generals
    .filter(({ denied, uncertain }) => !denied && !uncertain)
    .map((general) => {
      const message =
        acute === undefined
          ? 'The impression states an acute abnormality; the findings describe nothing acute.'
          : 'The impression states an acute abnormality without naming it.';
      return flagAt(context, 'negation', acute === undefined ? 'hard' : 'soft', message, {
        impression: general,
        findings: calm ?? null,
      });
    });
};

/** A finding affirmed and denied within the findings. */
const checkWithin = (context: Context): Flag[] => {
  const { findings } = context;
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
