/**
 * @file Unsupported findings. What the impression affirms, surely or possibly, must be carried by something in the
 * findings: the finding itself or one from which radiologists conclude it (`lexicon/evidence.ts`). The background
 * (indication, history) carries it as well, but not a critical finding stated as a fact: that is shown softly.
 */

import type { ConceptId } from '../lexicon/concepts.js';
import { conceptById, deviceIds } from '../lexicon/concepts.js';
import type { Mention, Reading, SideUse } from '../reading/mention.js';
import { carriersIn, flagAt, inAdvice, labelOf, type Rule } from './context.js';

const carried = (reading: Reading, concept: ConceptId): boolean => {
  for (const [carrier] of carriersIn(reading, concept)) if (!carrier.denied) return true;
  return false;
};

const disjoint = <Item>(a: readonly Item[], b: readonly Item[]): boolean =>
  a.length > 0 && b.length > 0 && !a.some((item) => b.includes(item));

/** Whether only something far from it and elsewhere carries a finding: a hilar mass beside an opacity at the base. */
const carriedElsewhere = (findings: Reading, mention: Mention): boolean => {
  for (const [carrier, closeness] of carriersIn(findings, mention.concept)) {
    if (carrier.denied) continue;
    if (closeness < 2 || !disjoint(mention.zones, carrier.zones)) return false;
  }
  return true;
};

/** At most this many sides of the findings are looked at; no report has more. */
const mostUses = 200;

/** The sides named in sentences of which the tables know no finding. */
const unreadSides = ({ mentions, sideUses }: Reading): SideUse[] => {
  const read = new Set(mentions.map(({ sentence }) => sentence));
  return sideUses
    .slice(0, mostUses)
    .filter(({ sentence, partOfOrgan, curve }) => !read.has(sentence) && !partOfOrgan && !curve);
};

/** Whether something unread is said of a finding's place: it may well be the finding, so its absence is not certain. */
const saidOfPlace = (unread: readonly SideUse[], mention: Mention): boolean =>
  unread.some((use) => mention.sides.some(({ side }) => side === use.side) && !disjoint(mention.zones, use.zones));

/** Affirmed in the impression, carried by nothing. */
export const unsupported: Rule = (context) => {
  const { findings, background, impression } = context;
  const unread = unreadSides(findings);
  return impression.mentions.flatMap((mention) => {
    const { concept } = mention;
    if (mention.denied || deviceIds.has(concept)) return [];
    if (carried(findings, concept)) {
      if (mention.uncertain || conceptById.get(concept)!.weight !== 'critical' || !carriedElsewhere(findings, mention))
        return [];
      const message = `What the findings describe elsewhere hardly carries ${labelOf(concept)}.`;
      return [flagAt(context, 'unsupported', 'soft', message, { impression: mention })];
    }
    const critical = conceptById.get(concept)!.weight === 'critical';
    const sure = !mention.uncertain && !mention.natures.includes('old') && !inAdvice(impression, mention);
    const inBackground = carried(background, concept);
    if (inBackground && !(critical && sure)) return [];
    const message = inBackground
      ? `Only the background carries ${labelOf(concept)}, not the findings.`
      : `Nothing in the findings or the background carries ${labelOf(concept)}.`;
    const hard = critical && sure && !inBackground && !saidOfPlace(unread, mention);
    return [flagAt(context, 'unsupported', hard ? 'hard' : 'soft', message, { impression: mention })];
  });
};
