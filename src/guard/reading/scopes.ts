/**
 * @file The scope of denial and doubt, in the manner of NegEx and ConText: a trigger reaches forward to a terminator,
 * a post-trigger back to the beginning of its clause, pseudo-triggers do nothing. Lists share their denial
 * (`no effusion, pneumothorax or consolidation`); a comma or `and` before a new clause ends it. Every token is
 * visited a bounded number of times.
 */
import { affirming, clauseVerbs, seenWords, type Trigger } from '../lexicon/negation.js';
import { lastBefore, type PhraseMatch } from './phrases.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

/** For every token of a text, whether it stands in denial or doubt. */
export interface Scopes {
  /** 0, or 1 + the index of the token behind the denying trigger. */
  readonly denial: Uint32Array;
  /** 0, {@link likely} or {@link doubtful}. */
  readonly doubt: Uint8Array;
}

/** In doubt as `likely`, `probably` say: nearly stated. */
export const likely = 1;
/** In doubt as `possible`, `may represent`, `cannot be excluded` say. */
export const doubtful = 2;
const likelyWords: ReadonlySet<string> = new Set([
  'likely',
  'probably',
  'probable',
  'presumed',
  'favor',
  'favored',
  'favoring',
]);

/** How far ahead a comma looks for the verb of a new clause. */
const lookAhead = 14;

/** Adjectives of degree, which begin a statement or go on with a list. */
const grading: ReadonlySet<string> = new Set(['mild', 'mildly', 'minimal', 'small']);

const isSeparator = (form: string): boolean => form === ',' || form === 'and' || form === 'but';

/** Whether a new clause, not a further item of a list, begins at `index`, directly after a comma or `and`. */
const beginsClause = (tokens: readonly Token[], index: number, end: number): boolean => {
  const opening = tokens[index]?.form;
  if (opening === undefined || index >= end) return false;
  if (opening === 'or' || opening === 'nor' || opening === 'and')
    return opening === 'and' && beginsClause(tokens, index + 1, end);
  if (opening === 'no' || opening === 'without') return true;
  if (affirming.has(opening)) return true;
  const limit = Math.min(end, index + lookAhead);
  for (let at = index; at < limit; at += 1) {
    const { form } = tokens[at];
    if (at > index && (isSeparator(form) || form === 'or')) return false;
    if (clauseVerbs.has(form)) {
      // `pneumothorax is seen`, `pneumothorax is not seen`: the verb closes the list.
      const negated = tokens[at + 1]?.form === 'not' || tokens[at + 1]?.form === 'no';
      const next = tokens[at + (negated ? (tokens[at + 1].form === 'not' ? 2 : 3) : 1)]?.form ?? '';
      if (form === 'is' || form === 'are' || form === 'was' || form === 'were') return !seenWords.has(next);
      return true;
    }
  }
  return false;
};

/** Terminators that only add to the noun before them: `an infiltrate consistent with pneumonia is not seen`. */
const qualifiers: ReadonlySet<string> = new Set([
  'with',
  'consistent',
  'compatible',
  'due',
  'secondary',
  'related',
  'in',
]);

/** Whether the terminator at `index` continues a subject that still waits for its verb. */
const qualifies = (tokens: readonly Token[], from: number, index: number): boolean => {
  if (!qualifiers.has(tokens[index].form)) return false;
  for (let at = Math.max(from, index - lookAhead); at < index; at += 1) {
    const { form } = tokens[at];
    if (clauseVerbs.has(form) || form === 'no' || form === 'not' || form === 'without') return false;
  }
  return true;
};

/** Words that stand between `no` and `consistent with` without being what is denied. */
const vague: ReadonlySet<string> = new Set([
  'finding',
  'evidence',
  'sign',
  'feature',
  'appearance',
  'radiographic',
  'specific',
  'convincing',
  'definite',
]);

/** Whether only vague words stand between a denial and the terminator at `index`: `no findings consistent with`. */
const deniesNothingYet = (tokens: readonly Token[], from: number, index: number): boolean => {
  if (!qualifiers.has(tokens[index].form) || index - from > 3) return false;
  for (let at = from; at < index; at += 1) if (!vague.has(tokens[at].form)) return false;
  return index > from;
};

const earlierWords: ReadonlySet<string> = new Set([
  'prior',
  'previous',
  'previously',
  'earlier',
  'preceding',
  'comparison',
  'older',
  'old',
  'last',
  'before',
]);

/** Whether an earlier study is named directly behind a denial: `on the earlier examination`, `previously`. */
const speaksOfEarlier = (tokens: readonly Token[], from: number, to: number): boolean => {
  for (let at = from; at < Math.min(to, from + 5); at += 1) {
    const { form, kind } = tokens[at];
    if (earlierWords.has(form)) return true;
    if (kind !== 'word' || (at === from && form !== 'on' && form !== 'in' && form !== 'at')) return false;
  }
  return false;
};

/**
 * Reads the scopes of all triggers.
 *
 * @param tokens The text's tokens.
 * @param sentences Its sentences.
 * @param triggers The triggers found in it, in order.
 * @param named The findings named in it, in order.
 * @returns Denial and doubt by token.
 */
export const readScopes = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  triggers: readonly PhraseMatch<Trigger>[],
  named: readonly PhraseMatch<unknown>[],
): Scopes => {
  const denial = new Uint32Array(tokens.length);
  const doubt = new Uint8Array(tokens.length);
  let next = 0;
  const namedSince = (from: number, to: number): boolean => {
    const last = lastBefore(named, to);
    return last !== undefined && last.end > from;
  };
  for (const { first, end } of sentences) {
    let denying = 0;
    let doubting = 0;
    let clauseStart = first;
    // How far back `is not seen` reaches: past `with` and `consistent with`, as far as they only qualify a subject.
    let subjectStart = first;
    let itemStart = first;
    const mark = (at: number): void => {
      if (denying > 0) denial[at] = denying;
      if (doubting > 0) doubt[at] = doubting;
    };
    while (next < triggers.length && triggers[next].first < first) next += 1;
    for (let index = first; index < end; ) {
      const trigger = triggers[next];
      if (trigger !== undefined && trigger.first === index) {
        next += 1;
        const after = Math.min(trigger.end, end);
        switch (trigger.value) {
          case 'deny-after':
            denying = after + 1;
            doubting = 0;
            break;
          case 'doubt-after':
            doubting = likelyWords.has(tokens[index].form) ? likely : doubtful;
            break;
          case 'deny-before':
            // `not seen on the earlier examination` speaks of another study: it is there now.
            if (speaksOfEarlier(tokens, after, end)) break;
            for (let at = subjectStart; at < index; at += 1) denial[at] = subjectStart + 1;
            clauseStart = after;
            subjectStart = after;
            denying = 0;
            break;
          case 'doubt-before':
            for (let at = clauseStart; at < index; at += 1) doubt[at] = doubtful;
            clauseStart = after;
            subjectStart = after;
            break;
          case 'doubt-around':
            for (let at = itemStart; at < index; at += 1) doubt[at] = doubtful;
            itemStart = after;
            doubting = doubtful;
            break;
          case 'end':
          case 'end-denial':
            // `no findings consistent with pneumonia`: what denies nothing yet denies what is still to come.
            if (denying === 0 || !deniesNothingYet(tokens, denying - 1, index) || namedSince(denying - 1, index))
              denying = 0;
            if (trigger.value === 'end') doubting = 0;
            if (!qualifies(tokens, subjectStart, index)) subjectStart = after;
            clauseStart = after;
            itemStart = after;
            break;
          case 'nothing':
            break;
        }
        if (trigger.value !== 'nothing' && trigger.value !== 'doubt-after') {
          index = after;
          continue;
        }
        for (; index < after; index += 1) mark(index);
        continue;
      }
      const { form } = tokens[index];
      if (form === ',' || form === 'and') {
        // `no moderate right and small left effusions`: what denies nothing yet goes on to the next adjective.
        const waiting = denying > 0 && grading.has(tokens[index + 1]?.form) && !namedSince(denying - 1, index);
        if (!waiting && beginsClause(tokens, index + 1, end)) {
          denying = 0;
          doubting = 0;
          clauseStart = index + 1;
          subjectStart = index + 1;
        }
        itemStart = index + 1;
      }
      mark(index);
      index += 1;
    }
  }
  return { denial, doubt };
};
