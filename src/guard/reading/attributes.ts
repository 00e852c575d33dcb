/**
 * @file Hands sides, zones, degrees, course and nature to the findings they belong to (`links.ts` says which).
 */

import { coursePhrases, degreePhrases, placeNouns } from '../lexicon/attributes.js';
import { bothOfThings, curvePrefix, sidePhrases } from '../lexicon/sides.js';
import type { Phrases } from './lexicon-table.js';
import { linkWords } from './links.js';
import type { Mention, SideUse, TokenRange } from './mention.js';
import { lastBefore } from './phrases.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

/** A finding and those said by the same words: `lungs are clear` denies several. */
const withTwins = (mentions: readonly Mention[], owner: Mention | undefined): readonly Mention[] => {
  if (owner === undefined) return [];
  if (!owner.byNormality) return [owner];
  return mentions.slice(0, 60).filter(({ first, end }) => first === owner.first && end === owner.end);
};

/** Hands every word of a layer to the mention it belongs to, sentence by sentence. */
const linkLayer = <Word extends TokenRange>(
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  mentions: readonly Mention[],
  words: readonly Word[],
  loose: boolean,
  give: (owners: readonly Mention[], word: Word, sentence: number) => void,
): void => {
  let mentionAt = 0;
  let wordAt = 0;
  for (const [sentence, { first, end }] of sentences.entries()) {
    while (wordAt < words.length && words[wordAt].first < first) wordAt += 1;
    const firstWord = wordAt;
    while (wordAt < words.length && words[wordAt].first < end) wordAt += 1;
    while (mentionAt < mentions.length && mentions[mentionAt].sentence < sentence) mentionAt += 1;
    const firstMention = mentionAt;
    while (mentionAt < mentions.length && mentions[mentionAt].sentence === sentence) mentionAt += 1;
    if (firstWord === wordAt) continue;
    const own = words.slice(firstWord, wordAt);
    const around = mentions.slice(firstMention, mentionAt);
    const owners = linkWords(tokens, around, own, loose);
    for (const [index, word] of own.entries()) give(withTwins(around, owners[index]), word, sentence);
  }
};

/** A finding has no more sides than this; text that gives it more is no report. */
const mostSides = 8;

const addOnce = <Item>(list: Item[], item: Item): void => {
  if (!list.includes(item)) list.push(item);
};

/** How far along a list a side is shared, forwards and backwards. */
const shareReach = { forwards: 20, backwards: 6 };

/** Findings without a side take that of the neighbouring finding in a list of the same polarity. */
const shareSides = (mentions: readonly Mention[]): void => {
  const share = (from: Mention, to: Mention, reach: number): void => {
    if (from.sentence !== to.sentence || from.denied !== to.denied || to.byNormality) return;
    if (Math.max(to.first - from.end, from.first - to.end) > reach) return;
    for (const side of from.sides.slice(0, 4)) {
      if (side.curve) continue;
      to.sides.push(side);
      side.mentions.push(to);
    }
  };
  // To which side the mediastinum is shifted says nothing of where anything lies.
  const placed = mentions.filter(({ concept }) => concept !== 'mediastinal-shift');
  for (let index = 1; index < placed.length; index += 1) {
    if (placed[index].sides.length === 0) share(placed[index - 1], placed[index], shareReach.forwards);
  }
  for (let index = placed.length - 2; index >= 0; index -= 1) {
    if (placed[index].sides.length === 0) share(placed[index + 1], placed[index], shareReach.backwards);
  }
};

/** Words behind a side that make it part of an organ's name, or of how the patient was placed. */
const organWords: ReadonlySet<string> = new Set([
  'atrium',
  'atrial',
  'ventricle',
  'ventricular',
  'mainstem',
  'main',
  'heart',
  'cardiac',
]);
const positionWords: ReadonlySet<string> = new Set(['decubitus', 'oblique']);
const stopWords: ReadonlySet<string> = new Set([
  'lung',
  'side',
  'sided',
  'chest',
  'the',
  'of',
  'and',
  'or',
  'is',
  'are',
  'in',
  ',',
  '.',
  'with',
  'than',
  '____',
  'a',
  'to',
  'zone',
  'aspect',
]);

/** The content words behind a side. */
const wordsBehind = (tokens: readonly Token[], end: number): string[] => {
  const words: string[] = [];
  for (let at = end; at < Math.min(tokens.length, end + 3); at += 1) {
    const { form, kind } = tokens[at];
    if (form === '.' || form === ';' || form === ',') break;
    if (kind === 'word' && !stopWords.has(form)) words.push(placeNouns.get(form) ?? form);
  }
  return words;
};

const betweenDegreeAndSide: ReadonlySet<string> = new Set(['on', 'in', 'at', 'the', 'sided', 'layering', 'pleural']);

/** The degree that stands before a side with nothing but a preposition between. */
const degreeBefore = (tokens: readonly Token[], phrases: Phrases, side: number): number | null => {
  let at = side;
  while (at > 0 && side - at < 3 && betweenDegreeAndSide.has(tokens[at - 1].form)) at -= 1;
  const last = lastBefore(phrases.degree, at);
  return last !== undefined && last.end === at ? last.value : null;
};

/** How far around a side its context reaches, in tokens. */
const contextReach = { before: 5, behind: 7 };
const clauseEnds: ReadonlySet<string> = new Set(['.', ';', ':', 'but', 'with', 'and', 'while']);
const single = (phrases: Iterable<readonly string[]>): string[] =>
  [...phrases].flat().filter((phrase) => !/[ {]/.test(phrase));
/** Words that tell nothing apart: sides, and what is compared by itself. */
const plainWords: ReadonlySet<string> = new Set([
  ...single(Object.values(sidePhrases)),
  ...single(degreePhrases.values()),
  ...single(Object.values(coursePhrases)),
  'grossly',
  'there',
  'which',
  'has',
  'have',
  'this',
  'that',
  'seen',
  'noted',
  'present',
  'identified',
  'again',
  'patient',
]);

/** The content words around a side in its clause. */
const wordsAround = (tokens: readonly Token[], { first: from, end: to }: Sentence, use: TokenRange): string[] => {
  const words: string[] = [];
  const take = (at: number): boolean => {
    const { form, kind } = tokens[at];
    if (clauseEnds.has(form)) return false;
    if (kind === 'word' && form.length > 2 && !stopWords.has(form) && !plainWords.has(form))
      addOnce(words, placeNouns.get(form) ?? form);
    return true;
  };
  for (let at = use.first - 1; at >= Math.max(from, use.first - contextReach.before) && take(at); at -= 1);
  for (let at = use.end; at < Math.min(to, use.end + contextReach.behind) && take(at); at += 1);
  return words;
};

/**
 * Hands every side to its findings.
 *
 * @returns The sides in order; `mentions[].sides` is filled.
 */
export const linkSides = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  phrases: Phrases,
  mentions: readonly Mention[],
): SideUse[] => {
  const uses: SideUse[] = [];
  const words = phrases.side.filter(({ end, first }) => {
    const { form } = tokens[first];
    // `L` and `R` are sides where they stand alone: not in `L1`, `q/L`, `R. Miller`.
    if (form.length === 1 && end === first + 1)
      return tokens[end]?.kind === 'word' || tokens[end]?.form === '>' || tokens[first - 1]?.form === '>';
    return !(form === 'both' && bothOfThings.has(tokens[end]?.form ?? '.'));
  });
  linkLayer(tokens, sentences, mentions, words, true, (owners, word, sentence) => {
    const { first, end, value: side } = word;
    const placing = positionWords.has(tokens[end]?.form) || positionWords.has(tokens[end + 1]?.form);
    const partOfOrgan = placing || organWords.has(tokens[end]?.form);
    const use: SideUse = {
      first,
      end,
      side,
      sentence,
      mentions: [],
      zones: [],
      words: placing ? ['decubitus'] : wordsBehind(tokens, end),
      degree: degreeBefore(tokens, phrases, first),
      context: wordsAround(tokens, sentences[sentence], word),
      partOfOrgan,
      curve: curvePrefix.test(tokens[first].form),
    };
    uses.push(use);
    if (partOfOrgan) return;
    use.mentions.push(...owners);
    for (const owner of owners) if (owner.sides.length < mostSides) owner.sides.push(use);
  });
  shareSides(mentions);
  let zoneAt = 0;
  for (const use of uses) {
    while (zoneAt < phrases.zone.length && phrases.zone[zoneAt].end <= use.first) zoneAt += 1;
    for (let at = zoneAt; at < phrases.zone.length && phrases.zone[at].first <= use.end + 2; at += 1) {
      addOnce(use.zones, phrases.zone[at].value);
    }
  }
  return uses;
};

/** `left greater than right` compares sides; `greater` and its kin are no course there. */
const comparesSides = (tokens: readonly Token[], { first, end }: TokenRange): boolean =>
  tokens[end]?.form === 'than' ||
  tokens[end]?.form === 'on' ||
  (tokens[first - 1]?.form === 'left' && tokens[end]?.form === 'right');

/** Whether only an `and` and a few adjectives stand between two findings. */
const joinedByAnd = (tokens: readonly Token[], before: Mention, mention: Mention): boolean => {
  if (mention.first - before.end > 4) return false;
  return tokens[before.end]?.form === 'and';
};

const comparisonLeads: ReadonlySet<string> = new Set(['from', 'since', 'to', 'the', 'than', 'with', 'on']);
const studies: ReadonlySet<string> = new Set([
  'study',
  'exam',
  'examination',
  'radiograph',
  'film',
  'ct',
  'chest',
  'x',
  '____',
  '.',
  ',',
  ';',
]);

/** `unchanged from prior`, `the previous study` speak of a study, not of an old finding. */
export const namesStudy = (tokens: readonly Token[], { first, end }: TokenRange): boolean =>
  (tokens[first].form === 'prior' || tokens[first].form === 'previous') &&
  comparisonLeads.has(tokens[first - 1]?.form) &&
  studies.has(tokens[end]?.form ?? '.');

/** Hands zones, degrees, course and nature to their findings. */
export const linkAttributes = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  phrases: Phrases,
  mentions: readonly Mention[],
): void => {
  linkLayer(tokens, sentences, mentions, phrases.zone, true, (owners, word) => {
    for (const owner of owners) addOnce(owner.zones, word.value);
  });
  linkLayer(tokens, sentences, mentions, phrases.degree, false, (owners, word) => {
    for (const owner of owners) {
      // The predicate itself (`heart is large`) is no degree.
      if (owner.anchor <= word.first && owner.anchor > owner.first) continue;
      owner.degree ??= { first: word.first, end: word.end, level: word.value };
    }
  });
  linkLayer(tokens, sentences, mentions, phrases.course, false, ([owner], word) => {
    if (owner === undefined || comparesSides(tokens, word)) return;
    const earlier = owner.course?.course;
    // `resolving or developing` says neither.
    if (earlier !== undefined && earlier !== word.value && tokens[word.first - 1]?.form === 'or') owner.course = null;
    else owner.course ??= { first: word.first, end: word.end, course: word.value };
  });
  linkLayer(tokens, sentences, mentions, phrases.nature, false, (owners, word) => {
    if (word.value === 'calcified' && tokens[word.first - 1]?.form === 'non') return;
    if (namesStudy(tokens, word)) return;
    for (const owner of owners) addOnce(owner.natures, word.value);
  });
  for (let index = 1; index < mentions.length; index += 1) {
    const [before, mention] = [mentions[index - 1], mentions[index]];
    if (before.sentence !== mention.sentence) continue;
    // `resolving edema and congestion`: both resolve.
    const improving = before.course?.course === 'better' || before.course?.course === 'gone';
    if (improving && mention.course === null && joinedByAnd(tokens, before, mention)) mention.course = before.course;
    // `previous tuberculosis pneumonia`: the words before the first of two joined findings hold for both.
    if (before.end !== mention.first) continue;
    for (const nature of before.natures) addOnce(mention.natures, nature);
  }
};
