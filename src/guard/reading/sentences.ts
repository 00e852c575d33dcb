/**
 * @file Tokens → sentences. A full stop, question mark, exclamation mark or semicolon ends a sentence, except after
 * an abbreviation; so does a blank line, a line end before a capitalised word or a list number, and a capitalised word
 * behind a lower-case one (a forgotten full stop) where it is a word that opens report sentences. List numbers (`1.`, `2)`) belong to no sentence, so that they are
 * never read as quantities.
 */
import { sentenceOpeners } from './openers.js';
import type { Token } from './tokens.js';

/** Token indices of one sentence: `first` inclusive, `end` exclusive. */
export interface Sentence {
  readonly first: number;
  readonly end: number;
}

/** Words whose full stop does not end a sentence. */
const abbreviations: ReadonlySet<string> = new Set([
  'vs',
  'dr',
  'mr',
  'mrs',
  'ms',
  'approx',
  'cf',
  'etc',
  'eg',
  'ie',
  'fig',
]);
const enders: ReadonlySet<string> = new Set(['.', '?', '!', ';']);
const bullets: ReadonlySet<string> = new Set(['-', '*', '•', '·', '–']);

const beginsCapitalised = (text: string, token: Token): boolean =>
  token.kind === 'word' &&
  token.end - token.start > 1 &&
  /^\p{Lu}\p{Ll}/u.test(text.slice(token.start, token.start + 3));

/** Whether a sentence begins at `index` although the one before lacks its full stop: `No acute disease Stable exam`. */
const beginsUnmarked = (text: string, tokens: readonly Token[], index: number): boolean => {
  const token = tokens[index];
  const before = tokens[index - 1];
  if (before?.kind !== 'word' || before.end === token.start || !beginsCapitalised(text, token)) return false;
  return /^\p{Ll}/u.test(text.slice(before.start, before.start + 2)) && sentenceOpeners.has(token.form);
};

/** Whether a list number stands at `index`: `1.` or `1)` at the start of a sentence, not `1.5`, not `1. 5 cm`. */
const isListNumber = (tokens: readonly Token[], index: number): boolean => {
  const number = tokens[index];
  const mark = tokens[index + 1];
  return (
    number?.kind === 'number' &&
    /^\d{1,2}$/.test(number.form) &&
    (mark?.form === '.' || mark?.form === ')') &&
    mark.start === number.end
  );
};

/**
 * Groups tokens into sentences.
 *
 * @param text The text that was tokenised.
 * @param tokens Its tokens.
 * @returns Sentences in order, none empty.
 * @example splitSentences('1. Clear. 2. Normal.', tokens) // two sentences: Clear / Normal
 */
export const splitSentences = (text: string, tokens: readonly Token[]): Sentence[] => {
  const sentences: Sentence[] = [];
  let first = 0;
  const close = (end: number, next: number): void => {
    if (end > first) sentences.push({ first, end });
    first = next;
  };
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    const listNumber = isListNumber(tokens, index);
    const bullet = bullets.has(token.form) && token.lineEnds > 0;
    if (token.lineEnds === 2 || (token.lineEnds === 1 && (listNumber || bullet || beginsCapitalised(text, token)))) {
      close(index, index);
    } else if (beginsUnmarked(text, tokens, index)) {
      close(index, index);
    }
    if (index === first && listNumber) {
      first = index + 2;
      index += 1;
    } else if (index === first && bullets.has(token.form)) {
      first = index + 1;
    } else if (enders.has(token.form)) {
      const before = tokens[index - 1];
      const abbreviated = token.form === '.' && before !== undefined && abbreviations.has(before.form);
      if (!abbreviated) close(index, index + 1);
    }
  }
  close(tokens.length, tokens.length);
  return sentences;
};
