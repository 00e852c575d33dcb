/**
 * @file A sentence as the labeling rules see it: lower-case words and punctuation with their places. Hyphens separate
 * (`air-space`), a slash between words reads `or` (`and/or`, `atelectasis/pneumonia`), as the CheXpert labeler cleans.
 */

/** A word or a punctuation mark. */
export interface Token {
  /** Lower case; for punctuation the mark itself. */
  readonly text: string;
  /** Offset of its first character in the sentence, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

const pattern = /[\p{L}\p{N}]+(?:['’]\p{L}+)?|[,;:()?/]|\.$| [-–—]+ |—/gu;

/**
 * The tokens of a sentence.
 *
 * @param sentence Any text.
 * @example tokensOf('No CHF/edema.').map(({ text }) => text); // ['no', 'chf', 'or', 'edema', '.']
 */
export const tokensOf = (sentence: string): Token[] => {
  const tokens: Token[] = [];
  for (const match of sentence.matchAll(pattern)) {
    const start = match.index;
    const end = start + match[0].length;
    let text = match[0].toLowerCase();
    if (/^[ –—-]+$/.test(text)) text = ';';
    else if (text === '/') {
      // and/or: the slash adds nothing.
      if (tokens.at(-1)?.text === 'and' && /^or\b/i.test(sentence.slice(end, end + 3))) {
        tokens.pop();
        continue;
      }
      text = 'or';
    }
    tokens.push({ text, start, end });
  }
  return tokens;
};
