/**
 * @file A report's labels for the 14 CheXpert observations, by rules in the labeler's three steps: extract mentions,
 * classify each, aggregate. No parser and no weights; "CheXpert-style", and not CheXbert. Agreement with labels given
 * by hand and the known limits are in docs/evaluation.md.
 */
import { splitSentences } from '../sentences.js';
import { assert } from './assertion.js';
import { hidingPhrases, type MentionMeaning, mentionPhrases, uncertainByNature } from './mention-phrases.js';
import { type Assertion, type Labels, type Observation, observations } from './observations.js';
import { compilePhrases, type PhraseFinder } from './phrases.js';
import { sizesIn } from './size.js';
import { type Token, tokensOf } from './tokens.js';

/** A finding as a sentence names it. */
export interface Mention {
  readonly observation: Exclude<Observation, 'No Finding'> | 'Other Finding';
  readonly assertion: Assertion;
  /** Offsets in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

type Kind = 'said' | 'hides' | 'by nature';

const finders: readonly (readonly [MentionMeaning, PhraseFinder<Kind>])[] = [...mentionPhrases].map(
  ([meaning, phrases]) => [
    meaning,
    compilePhrases<Kind>([
      ...(hidingPhrases.get(meaning) ?? []).map((phrase) => [phrase, 'hides'] as const),
      ...(meaning === 'Edema' ? uncertainByNature : []).map((phrase) => [phrase, 'by nature'] as const),
      ...phrases.map((phrase) => [phrase, 'said'] as const),
    ]),
  ],
);

const heartFailure = /^(?:chf|heart failure)$/i;

const mentionsOfSentence = (tokens: readonly Token[], text: string, offset: number): Mention[] => {
  const found = finders.flatMap(([meaning, find]) =>
    find(tokens)
      .filter(({ meanings }) => meanings[0] !== 'hides')
      .map(({ start, end, meanings }) => ({ meaning, start, end, byNature: meanings[0] === 'by nature' })),
  );
  if (found.length === 0) return [];
  const isMention = new Uint8Array(tokens.length);
  const isPart = new Uint8Array(tokens.length);
  for (const { meaning, start, end } of found) {
    isMention.fill(1, start, end);
    if (meaning === 'heart' || meaning === 'mediastinum') isPart.fill(1, start, end);
  }
  const assertions = assert(tokens, isMention);
  const sizeOf = sizesIn(tokens, assertions, isPart);

  return found.flatMap(({ meaning, start, end, byNature }) => {
    const place = { start: offset + tokens[start].start, end: offset + tokens[end - 1].end };
    if (meaning === 'heart' || meaning === 'mediastinum') {
      const size = sizeOf(start);
      const observation = meaning === 'heart' ? 'Cardiomegaly' : 'Enlarged Cardiomediastinum';
      return size === undefined ? [] : [{ observation, assertion: size, ...place } as const];
    }
    const asserted = assertions.at(start, end);
    const assertion = byNature && asserted === 'positive' ? 'uncertain' : asserted;
    const mention: Mention = { observation: meaning, assertion, ...place };
    // The labeler's own exception: heart failure speaks of the heart's size too, uncertainly.
    const failure = assertion !== 'negative' && heartFailure.test(text.slice(tokens[start].start, tokens[end - 1].end));
    return failure ? [mention, { observation: 'Cardiomegaly', assertion: 'uncertain', ...place } as const] : [mention];
  });
};

/**
 * The findings that a text names, each with what is said of it.
 *
 * @param text An impression or findings; any Unicode, time linear in its length.
 * @example mentionsIn('No pneumothorax.')[0].assertion; // 'negative'
 */
export const mentionsIn = (text: string): Mention[] =>
  splitSentences(text).flatMap((sentence) =>
    mentionsOfSentence(tokensOf(sentence.text), sentence.text, sentence.start),
  );

/** Positive beats uncertain beats negative. */
const stronger = (one: Assertion | undefined, other: Assertion): Assertion =>
  one === 'positive' || other === 'positive'
    ? 'positive'
    : one === 'uncertain' || other === 'uncertain'
      ? 'uncertain'
      : other;

/**
 * The labels of a text. "No Finding" is positive where nothing but devices is positive or uncertain, and absent
 * otherwise; observations that are not mentioned are absent.
 *
 * @param text An impression or findings; any Unicode, time linear in its length; never throws.
 * @example labelReport('Small left effusion. No pneumothorax.'); // { Pneumothorax: 'negative', 'Pleural Effusion': 'positive' }
 */
export const labelReport = (text: string): Labels => {
  const labels: Partial<Record<Observation, Assertion>> = {};
  let finding = false;
  for (const { observation, assertion } of mentionsIn(text)) {
    if (observation !== 'Support Devices' && assertion !== 'negative') finding = true;
    if (observation !== 'Other Finding') labels[observation] = stronger(labels[observation], assertion);
  }
  if (!finding) labels['No Finding'] = 'positive';
  return Object.fromEntries(observations.filter((name) => name in labels).map((name) => [name, labels[name]]));
};
