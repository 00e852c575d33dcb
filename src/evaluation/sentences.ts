/**
 * @file Report text to sentences with their places. Reports are no prose: `Dr.`, numbered lists (`1. No change. 2. …`),
 * decimals (`2.5 cm`), de-identification marks (`____`), a full stop glued to the next word where a cleaner removed a
 * line break. One pass over the characters; line breaks end a sentence only before a list mark or after an empty line.
 */

/** A sentence and its place in the text it was cut from. */
export interface Sentence {
  readonly text: string;
  /** Offset of its first character, in UTF-16 units. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
}

/** What may stand before a full stop that ends no sentence (lower case). */
const abbreviations: ReadonlySet<string> = new Set(
  'dr mr mrs vs approx fig prof e.g i.e a.m p.m cf resp incl'.split(' '),
);

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0;
const isLetter = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/** The word, dots inside included, that ends before `end`; at most 12 characters back. */
const wordBefore = (text: string, end: number): string => {
  let start = end;
  while (start > 0 && end - start < 12) {
    const code = text.charCodeAt(start - 1);
    if (!isLetter(code) && code !== 46) break;
    start -= 1;
  }
  return text.slice(start, end).toLowerCase();
};

/** Whether the full stop at `at` ends a sentence. */
const fullStopEnds = (text: string, at: number, sentenceStart: number): boolean => {
  const before = text.charCodeAt(at - 1);
  const after = at + 1 < text.length ? text.charCodeAt(at + 1) : 32;
  // 2.5 cm, and list marks: the number opens the sentence.
  if (isDigit(before) && isDigit(after)) return false;
  if (isDigit(before) && isListMark(text, sentenceStart, at)) return false;
  if (isSpace(after)) {
    const word = wordBefore(text, at);
    // "No." is an abbreviation only before a number.
    if (word === 'no') return !/^\s{0,3}\d/.test(text.slice(at + 1, at + 5));
    return !abbreviations.has(word);
  }
  // A stop glued to the next word: only lower case before and a capital after, so that "e.g." and "T.B." stay whole.
  return before >= 97 && before <= 122 && after >= 65 && after <= 90;
};

/** Whether only a number of at most three digits stands between `start` and `end`: `1.`, `12)`. */
const isListMark = (text: string, start: number, end: number): boolean => {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  if (at === end || end - at > 3) return false;
  for (; at < end; at += 1) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
};

/**
 * Whether a line break at `at` ends a sentence: before an empty line, a list mark or dash, or a capitalised word that
 * does not follow a comma. Hard-wrapped lines rarely start with one.
 */
const lineBreakEnds = (text: string, at: number): boolean =>
  /^\n[ \t\r]*(?:\n|\d{1,3}[.)]|[-*•])/.test(text.slice(at, at + 16)) ||
  (/^\n[ \t\r]*[A-Z][a-z]/.test(text.slice(at, at + 16)) && text[at - 1] !== ',');

/**
 * Cuts a text into sentences.
 *
 * @param text Any text; linear time in its length.
 * @returns Sentences without surrounding white space, list marks kept; none for a text without a letter or digit.
 * @example splitSentences('Dr. Ray notified. No change.').length; // 2
 */
export const splitSentences = (text: string): Sentence[] => {
  const sentences: Sentence[] = [];
  let start = 0;
  let hasWord = false;
  const close = (end: number): void => {
    let from = start;
    let to = end;
    while (from < to && isSpace(text.charCodeAt(from))) from += 1;
    while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
    if (hasWord && to > from) sentences.push({ text: text.slice(from, to), start: from, end: to });
    start = end;
    hasWord = false;
  };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (at === start && isSpace(code)) start += 1;
    else if (isLetter(code) || isDigit(code) || code > 127) hasWord = true;
    else if (code === 46 ? at > 0 && fullStopEnds(text, at, start) : hasWord && (code === 33 || code === 63))
      close(at + 1);
    else if (code === 10 && lineBreakEnds(text, at)) close(at);
  }
  close(text.length);
  return sentences;
};
