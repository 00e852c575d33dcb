/**
 * @file Reading a text: tokens → sentences → phrases → scopes → mentions with all their attributes. The stages are those
 * of the CheXpert labeler (extract, classify), with findings far finer than its 14. Linear in the text.
 */
import type { ConceptId } from '../lexicon/concepts.js';
import { clauseVerbs, type Narrowing, narrowing } from '../lexicon/negation.js';
import { linkAttributes, linkSides } from './attributes.js';
import { readGenerals } from './generals.js';
import { findPhrases, type Phrases } from './lexicon-table.js';
import type { Mention, Reading, TokenRange } from './mention.js';
import { countBefore, readMeasures, readNumberedPlaces } from './quantities.js';
import { likely, readScopes, type Scopes } from './scopes.js';
import { type Sentence, splitSentences } from './sentences.js';
import { readStatements, type Statement } from './statements.js';
import { type Token, tokenize } from './tokens.js';

/** How far before a finding its narrowing adjective may stand. */
const narrowingReach = 6;

const newMention = (
  { first, end }: TokenRange,
  concept: ConceptId,
  sentence: number,
  anchor: number,
  byNormality: boolean,
): Mention => ({
  first,
  end,
  concept,
  sentence,
  anchor,
  denied: false,
  byNormality,
  narrowings: [],
  uncertain: false,
  likely: false,
  alternative: false,
  afterBlank: false,
  special: false,
  sides: [],
  zones: [],
  degree: null,
  course: null,
  natures: [],
  count: null,
});

/** The adjectives between the denying trigger (ending at `from`) and the finding that narrow the denial. */
const narrowingsOf = (tokens: readonly Token[], from: number, first: number): Narrowing[] => {
  // What has resolved was there; its denial says nothing of what else the findings hold.
  const resolved = tokens[from - 2]?.form === 'resolution' || tokens[from - 1]?.form === 'resolved';
  const found: Narrowing[] = resolved ? ['other'] : [];
  let ownItem = true;
  for (let at = first - 1; at >= Math.max(from, first - 3 * narrowingReach); at -= 1) {
    const { form } = tokens[at];
    if (form === ',' || form === 'or' || form === 'and' || form === '/') ownItem = false;
    const kind = narrowing.get(form);
    // `no acute fracture or dislocation`: acute holds for the whole list, large only for its own item.
    if (kind !== undefined && (ownItem ? first - at <= narrowingReach : kind === 'acute')) found.push(kind);
  }
  return found;
};

const isSpecial = (tokens: readonly Token[], first: number): boolean => {
  for (let at = first - 1; at >= Math.max(0, first - 3); at -= 1)
    if (narrowing.get(tokens[at].form) === 'special') return true;
  return false;
};

const normalBehind: ReadonlySet<string> = new Set(['within', 'normal', 'unremarkable']);

/** `vascular engorgement is within normal limits`; `lungs are clear airspace disease`, where a dictated `of` was lost. */
const calledNormal = (tokens: readonly Token[], first: number, end: number): boolean =>
  tokens[first - 1]?.form === 'clear' ||
  (clauseVerbs.has(tokens[end]?.form) && normalBehind.has(tokens[end + 1]?.form));

const phraseMentions = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  phrases: Phrases,
  scopes: Scopes,
): Mention[] => {
  const mentions: Mention[] = [];
  let sentence = 0;
  for (const { first, end, value } of phrases.concept) {
    while (sentence < sentences.length && sentences[sentence].end <= first) sentence += 1;
    // A list number stands between sentences; a phrase that begins there belongs to none.
    if (sentence === sentences.length || sentences[sentence].first > first) continue;
    const mention = newMention({ first, end }, value, sentence, first, false);
    const denial = scopes.denial[first];
    mention.denied = denial > 0 || calledNormal(tokens, first, end);
    mention.uncertain = scopes.doubt[first] > 0;
    mention.likely = scopes.doubt[first] === likely;
    mention.afterBlank = tokens[first - 1]?.kind === 'blank' || tokens[first - 2]?.kind === 'blank';
    mention.special = isSpecial(tokens, first);
    if (denial > 0) mention.narrowings = narrowingsOf(tokens, denial - 1, first);
    mention.count = countBefore(tokens, first) ?? null;
    mentions.push(mention);
  }
  return mentions;
};

const statementMention = (statement: Statement): Mention => {
  const { first, end, concept, sentence, anchor } = statement;
  const mention = newMention({ first, end }, concept, sentence, anchor, statement.byNormality);
  mention.denied = statement.denied;
  mention.uncertain = statement.uncertain;
  return mention;
};

/** How many items of a list before its `or` are read as alternatives too. */
const mostAlternatives = 6;

const doubtAlternative = (mention: Mention): void => {
  mention.alternative ||= !mention.uncertain;
  mention.uncertain = true;
};

/** Whether only a comma and at most two adjectives part two findings of one list. */
const listed = (tokens: readonly Token[], before: Mention, mention: Mention): boolean =>
  before.sentence === mention.sentence &&
  !before.denied &&
  tokens[before.end]?.form === ',' &&
  mention.first - before.end <= 3;

/**
 * `atelectasis or pneumonia`, `edema, atelectasis or pneumonia`: where nothing is denied, each of the readings is
 * uncertain.
 */
const doubtAlternatives = (tokens: readonly Token[], mentions: readonly Mention[]): void => {
  for (let index = 1; index < mentions.length; index += 1) {
    const previous = mentions[index - 1];
    const mention = mentions[index];
    if (previous.sentence !== mention.sentence || previous.denied || mention.denied || mention.first - previous.end > 5)
      continue;
    let either = false;
    for (let at = previous.end; at < mention.first; at += 1)
      either ||= tokens[at].form === 'or' || tokens[at].form === '/';
    if (!either) continue;
    doubtAlternative(mention);
    for (let item = index - 1; item >= Math.max(0, index - mostAlternatives); item -= 1) {
      doubtAlternative(mentions[item]);
      if (item === 0 || !listed(tokens, mentions[item - 1], mentions[item])) break;
    }
  }
};

/** A change that is denied in whatever words is none: `no acute interval change`. */
const deniedChange = (word: Phrases['course'][number], scopes: Scopes): Phrases['course'][number] =>
  word.value === 'changed' && scopes.denial[word.first] > 0 ? { ...word, value: 'same' } : word;

/** At most this many mentions of one finding are kept for comparison: more occur only in text that is no report. */
const mostMentions = 48;

const indexByConcept = (mentions: readonly Mention[]): Map<ConceptId, Mention[]> => {
  const index = new Map<ConceptId, Mention[]>();
  for (const mention of mentions) {
    const list = index.get(mention.concept);
    if (list === undefined) index.set(mention.concept, [mention]);
    else if (list.length < mostMentions) list.push(mention);
  }
  return index;
};

/**
 * Reads a text.
 *
 * @param text Findings, background or impression; any string.
 * @returns Its mentions, sides, general statements and quantities.
 * @example read('No left pleural effusion.').mentions[0] // concept effusion, denied, side left
 */
export const read = (text: string): Reading => {
  const tokens = tokenize(text);
  const sentences = splitSentences(text, tokens);
  const found = findPhrases(tokens);
  const scopes = readScopes(tokens, sentences, found.trigger, found.concept);
  const phrases: Phrases = { ...found, course: found.course.map((word) => deniedChange(word, scopes)) };

  const named = phraseMentions(tokens, sentences, phrases, scopes);
  const taken = new Uint8Array(tokens.length);
  for (const { first, end } of named) taken.fill(1, first, end);
  const stated = readStatements(tokens, sentences, phrases, scopes)
    .filter(({ anchor }) => taken[anchor] === 0)
    .map(statementMention);
  const mentions = [...named, ...stated].sort((a, b) => a.first - b.first || a.end - b.end);
  doubtAlternatives(tokens, mentions);

  const sideUses = linkSides(tokens, sentences, phrases, mentions);
  linkAttributes(tokens, sentences, phrases, mentions);

  return {
    text,
    tokens,
    sentences,
    phrases,
    mentions,
    byConcept: indexByConcept(mentions),
    sideUses,
    generals: readGenerals(tokens, sentences, scopes, taken),
    measures: readMeasures(tokens, sentences),
    numberedPlaces: readNumberedPlaces(tokens),
  };
};
