/**
 * @file Findings that are said with a subject and a predicate: `heart size and mediastinum are normal`, `enlarged
 * cardiac silhouette`. A predicate speaks of the subjects before it in its sentence since the last predicate; where
 * there are none, of those directly behind it.
 */
import type { ConceptId } from '../lexicon/concepts.js';
import { clauseVerbs } from '../lexicon/negation.js';
import { type Predicate, type Saying, type SubjectName, subjects } from '../lexicon/normality.js';
import type { Phrases } from './lexicon-table.js';
import type { PhraseMatch } from './phrases.js';
import type { Scopes } from './scopes.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

/** A finding said by subject and predicate. */
export interface Statement {
  readonly concept: ConceptId;
  readonly first: number;
  readonly end: number;
  readonly anchor: number;
  /** Denied by normality; a negation of the predicate is already applied. */
  readonly denied: boolean;
  /** Said by calling something normal, not by name. */
  readonly byNormality: boolean;
  readonly uncertain: boolean;
  /** Index of its sentence. */
  readonly sentence: number;
}

/** A predicate reaches no further than this many tokens for its subject. */
const reach = 14;
/** A predicate without subjects before it (`normal heart size and mediastinum`) reaches this far ahead. */
const reachAhead = 6;
/** `not`, `no` this near before a predicate of normality deny it; further off they belong to a list before. */
const denialReach = 3;
/** At most this many subjects share a predicate. */
const mostSubjects = 8;

const sayingOf = (subject: SubjectName, predicate: Predicate): Saying | undefined =>
  (subjects[subject].sayings as Partial<Record<Predicate, Saying>>)[predicate];

/**
 * Reads the statements of a text.
 *
 * @returns Statements in order of their predicates.
 */
export const readStatements = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  phrases: Phrases,
  scopes: Scopes,
): Statement[] => {
  const statements: Statement[] = [];
  const { subject: subjectMatches, predicate: predicateMatches } = phrases;
  let subjectAt = 0;
  let predicateAt = 0;

  const say = (subject: PhraseMatch<SubjectName>, predicate: PhraseMatch<Predicate>, sentence: number): boolean => {
    const saying = sayingOf(subject.value, predicate.value);
    if (saying === undefined) return false;
    const first = Math.min(subject.first, predicate.first);
    const end = Math.max(subject.end, predicate.end);
    const anchor = predicate.first;
    const denial = scopes.denial[anchor];
    const near = denial > 0 && anchor - (denial - 1) < denialReach;
    const negated = saying.affirms === undefined ? near : denial > 0;
    const uncertain = predicate.value === 'borderline' || scopes.doubt[anchor] > 0;
    const common = { first, end, anchor, uncertain, sentence };
    if (saying.affirms !== undefined)
      statements.push({ ...common, concept: saying.affirms, denied: negated, byNormality: false });
    // `not normal` affirms the first of what `normal` denies.
    for (const concept of negated ? (saying.denies ?? []).slice(0, 1) : (saying.denies ?? [])) {
      statements.push({ ...common, concept, denied: !negated, byNormality: true });
    }
    return true;
  };

  for (const [sentence, { first, end }] of sentences.entries()) {
    let waiting: PhraseMatch<SubjectName>[] = [];
    let forward: PhraseMatch<Predicate> | undefined;
    while (subjectAt < subjectMatches.length && subjectMatches[subjectAt].first < first) subjectAt += 1;
    while (predicateAt < predicateMatches.length && predicateMatches[predicateAt].first < first) predicateAt += 1;
    for (;;) {
      const subject = subjectMatches[subjectAt]?.first < end ? subjectMatches[subjectAt] : undefined;
      const predicate = predicateMatches[predicateAt]?.first < end ? predicateMatches[predicateAt] : undefined;
      if (subject === undefined && predicate === undefined) break;
      if (predicate === undefined || (subject !== undefined && subject.first <= predicate.first)) {
        const match = subject!;
        subjectAt += 1;
        const verbFollows = followedByVerb(tokens, match, end);
        if (forward !== undefined && !verbFollows && match.first - forward.end < reachAhead) {
          say(match, forward, sentence);
        } else forward = undefined;
        waiting.push(match);
        if (waiting.length > mostSubjects) waiting.shift();
      } else {
        predicateAt += 1;
        const near = waiting.filter((match) => predicate.first - match.end < reach || waiting.length > 1);
        let spoken = false;
        if (
          forward === undefined ||
          near.some((match) => match.first > forward!.first && followedByVerb(tokens, match, end))
        ) {
          for (const match of near) spoken = say(match, predicate, sentence) || spoken;
        }
        forward = spoken ? undefined : predicate;
        waiting = [];
      }
    }
  }
  return statements;
};

/** Whether a verb stands behind a subject, in its sentence. */
const followedByVerb = (tokens: readonly Token[], match: PhraseMatch<SubjectName>, end: number): boolean => {
  for (let at = match.end; at < Math.min(end, match.end + 2); at += 1)
    if (clauseVerbs.has(tokens[at].form)) return true;
  return false;
};
