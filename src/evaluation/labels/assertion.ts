/**
 * @file Which tokens of a sentence are negated or left open. Cues are found first; then one sweep to the right and one
 * to the left carry their effect to the end of the noun phrase, the clause or the sentence. The three stages of the
 * CheXpert labeler (uncertain before negation, negation, uncertain after negation) decide where effects meet.
 */
import { type CueMeaning, clauseVerbs, cuePhrases, presenceWords } from './cue-phrases.js';
import type { Assertion } from './observations.js';
import { compilePhrases, type PhraseMatch } from './phrases.js';
import type { Token } from './tokens.js';

const findCues = compilePhrases(
  [...cuePhrases].flatMap(([meaning, phrases]) => phrases.map((phrase) => [phrase, meaning] as const)),
);

/** Effects on a token, one bit each. */
const firstUncertain = 1;
const negated = 2;
const uncertain = 4;

/** What is asserted at each token, and which tokens a cue uses up. */
export interface Assertions {
  /** Of a finding named by the tokens from `start` to `end`. */
  at(start: number, end: number): Assertion;
}

const joins = (text: string): boolean => text === ',' || text === 'and' || text === 'with';

/**
 * Where clauses start. A clause ends at a semicolon, a bracket, a full stop, before words such as `but`, and at the last
 * comma or `and` between two finite verbs.
 */
const clauseStarts = (tokens: readonly Token[], cues: readonly PhraseMatch<CueMeaning>[]): Uint8Array => {
  const starts = new Uint8Array(tokens.length + 1);
  starts[0] = 1;
  for (const cue of cues) if (cue.meanings.includes('ends')) starts[cue.start] = 1;
  let sawVerb = false;
  let lastJoin = -1;
  tokens.forEach(({ text }, at) => {
    if (starts[at] === 1) {
      sawVerb = false;
      lastJoin = -1;
    }
    if (text === ';' || text === '(' || text === ')' || text === '.') {
      starts[at + 1] = 1;
    } else if (text === ',' || text === 'and') {
      lastJoin = at;
    } else if (clauseVerbs.has(text) && !clauseVerbs.has(tokens[at - 1]?.text ?? '')) {
      if (sawVerb && lastJoin >= 0) starts[lastJoin] = 1;
      sawVerb = true;
      lastJoin = -1;
    }
  });
  return starts;
};

/**
 * Works out what a sentence asserts.
 *
 * @param tokens The sentence.
 * @param isMention By token: 1 where a finding is named. // (tokens)
 * @example
 * const tokens = tokensOf('No effusion but edema.');
 * assert(tokens, Uint8Array.of(0, 1, 0, 1, 0)).at(1, 2); // 'negative'
 */
export const assert = (tokens: readonly Token[], isMention: Uint8Array): Assertions => {
  const cues = findCues(tokens);
  const starts = clauseStarts(tokens, cues);
  const effects = new Uint8Array(tokens.length);
  /** By token: the cue that starts, and that ends, there. */
  const cueFrom = new Map(cues.map((cue) => [cue.start, cue]));
  const cueTo = new Map(cues.map((cue) => [cue.end - 1, cue]));

  /** By token: whether an `or` or `nor` still follows in its clause, so that a list goes on. */
  const orFollows = new Uint8Array(tokens.length + 1);
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    const { text } = tokens[at];
    orFollows[at] = text === 'or' || text === 'nor' || (starts[at + 1] !== 1 && orFollows[at + 1] === 1) ? 1 : 0;
  }
  /** By token: whether its clause named a finding before it. */
  const mentionBefore = new Uint8Array(tokens.length + 1);
  for (let at = 1; at < tokens.length; at += 1)
    mentionBefore[at] = starts[at] !== 1 && (mentionBefore[at - 1] === 1 || isMention[at - 1] === 1) ? 1 : 0;

  const endsClauseAt = (at: number): boolean =>
    at === tokens.length || starts[at] === 1 || tokens[at].text === '.' || tokens[at].text === ',';
  /** Of a cue that works in both directions: backwards where a finding precedes it that nothing parts from it. */
  const worksBackwards = (cue: PhraseMatch<CueMeaning>): boolean =>
    mentionBefore[cue.start] === 1 &&
    (endsClauseAt(cue.end) || !(joins(tokens[cue.start - 1].text) || tokens[cue.start - 1].text === 'or'));
  const has = (cue: PhraseMatch<CueMeaning>, forwards: CueMeaning, backwards: CueMeaning): boolean =>
    cue.meanings.includes(forwards) && !(cue.meanings.includes(backwards) && worksBackwards(cue));

  const sweepRight = (): void => {
    let wide = 0;
    let noun = 0;
    for (let at = 0; at < tokens.length; at += 1) {
      if (starts[at] === 1) {
        wide = 0;
        noun = 0;
      }
      const { text } = tokens[at];
      if (joins(text)) {
        const list = orFollows[at] === 1;
        const next = tokens[at + 1]?.text ?? '';
        const presence = presenceWords.has(next) || (text === ',' && next === 'with');
        if (presence && !list) {
          wide = 0;
          noun = 0;
        } else if (text === 'with' || (text === ',' && !list) || (text === 'and' && (noun & uncertain) !== 0)) noun = 0;
      } else if (text === ':' || text === '?') {
        wide = 0;
        noun = 0;
      } else if (clauseVerbs.has(text)) noun = 0;
      const cue = cueFrom.get(at);
      if (cue !== undefined) {
        if (has(cue, 'uncertain first, after', 'uncertain first, before')) wide |= firstUncertain;
        if (cue.meanings.includes('negates after') && !(tokens[at].text === 'no' && endsClauseAt(cue.end)))
          wide |= negated;
        if (has(cue, 'negates noun after', 'negates before')) noun |= negated;
        if (has(cue, 'uncertain after', 'uncertain before') || cue.meanings.includes('uncertain both'))
          wide |= uncertain;
        if (has(cue, 'uncertain noun after', 'uncertain before')) noun |= uncertain;
        at = cue.end - 1;
        continue;
      }
      effects[at] |= wide | noun;
    }
  };

  const sweepLeft = (): void => {
    let state = 0;
    let covered = false;
    let inList = false;
    for (let at = tokens.length - 1; at >= 0; at -= 1) {
      const { text } = tokens[at];
      const cue = cueTo.get(at);
      // "effusion, which has resolved": the pronoun's clause speaks of the finding before it.
      if (starts[at + 1] === 1 && tokens[at + 1]?.text !== 'which') state = 0;
      if (cue !== undefined) {
        let added = 0;
        if (cue.meanings.includes('uncertain first, before') && worksBackwards(cue)) added |= firstUncertain;
        if (cue.meanings.includes('negates before') && !cue.meanings.includes('negates noun after')) added |= negated;
        if (cue.meanings.includes('negates before') && worksBackwards(cue)) added |= negated;
        if (text === 'no' && endsClauseAt(at + 1) && cue.start === at) added |= negated;
        if (cue.meanings.includes('uncertain before') && worksBackwards(cue)) added |= uncertain;
        if (cue.meanings.includes('uncertain both')) added |= uncertain;
        if (added !== 0) {
          covered = false;
          inList = false;
          state |= added;
        }
        at = cue.start;
        if (starts[at] === 1 && tokens[at].text !== 'which') state = 0;
        continue;
      }
      if (text === 'and' || text === 'or') inList = true;
      else if ((text === ',' && covered && !inList) || (text === 'with' && covered)) state = 0;
      if (isMention[at] === 1 && state !== 0) covered = true;
      effects[at] |= state;
      if (starts[at] === 1 && text !== 'which') state = 0;
    }
  };

  /** The token nearest to an `or` that names a finding, or -1; nothing but a few words may stand between. */
  const nearestMention = (from: number, step: 1 | -1, reach: number): number => {
    for (let at = from + step, steps = 0; at >= 0 && at < tokens.length && steps < reach; at += step, steps += 1) {
      if (isMention[at] === 1) return at;
      if (
        clauseVerbs.has(tokens[at].text) ||
        (tokens[at].text === ',' && steps > 0) ||
        starts[step === 1 ? at : at + 1] === 1
      )
        return -1;
    }
    return -1;
  };

  /** `atelectasis or infiltrate`, asserted: either, so both are open. */
  const joinAlternatives = (): void => {
    const reach = 5;
    tokens.forEach(({ text }, at) => {
      if (text !== 'or' || (effects[at] & negated) !== 0) return;
      const left = nearestMention(at, -1, reach);
      const right = nearestMention(at, 1, reach);
      if (left < 0 || right < 0) return;
      effects[left] |= uncertain;
      effects[right] |= uncertain;
      // Lists: "atelectasis, edema, or pneumonia". Without the comma before the or, a comma is an apposition.
      if (tokens[at - 1].text !== ',') return;
      for (let back = left - 1; back >= 0 && left - back <= 2 * reach && starts[back + 1] !== 1; back -= 1) {
        if (tokens[back].text === ',' && isMention[back - 1] === 1) effects[back - 1] |= uncertain;
        if (clauseVerbs.has(tokens[back].text)) break;
      }
    });
  };

  sweepRight();
  sweepLeft();
  joinAlternatives();

  return {
    at: (start, end) => {
      let found = 0;
      for (let at = start; at < end; at += 1) found |= effects[at];
      if ((found & firstUncertain) !== 0) return 'uncertain';
      if ((found & negated) !== 0) return 'negative';
      return (found & uncertain) !== 0 ? 'uncertain' : 'positive';
    },
  };
};
