/**
 * @file How much of an impression is copied: the share of its n-grams that the findings lack (A. See et al., "Get to the
 * point", ACL 2017). Neither good nor bad by itself; far from the references' own share, it says that a model copies or
 * invents.
 */

/** N-grams of a text that its findings lack, and all of them. */
export interface NgramCounts {
  readonly novelWords: number;
  readonly words: number;
  readonly novelPairs: number;
  readonly pairs: number;
}

/** What of the findings a comparison needs: their words and pairs of neighbours. */
export interface SourceGrams {
  readonly words: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
}

/** The words and neighbouring pairs of a source text, given as tokens. */
export const sourceGrams = (tokens: readonly string[]): SourceGrams => ({
  words: new Set(tokens),
  pairs: new Set(tokens.slice(1).map((word, index) => `${tokens[index]} ${word}`)),
});

/**
 * Counts a text's n-grams that are not in its source.
 *
 * @param tokens Of the impression.
 * @param source Of its findings.
 * @example countNovel(tokenize('Small effusion'), sourceGrams(tokenize('small left effusion'))).novelPairs; // 1
 */
export const countNovel = (tokens: readonly string[], source: SourceGrams): NgramCounts => {
  let novelWords = 0;
  let novelPairs = 0;
  tokens.forEach((word, index) => {
    if (!source.words.has(word)) novelWords += 1;
    if (index > 0 && !source.pairs.has(`${tokens[index - 1]} ${word}`)) novelPairs += 1;
  });
  return { novelWords, words: tokens.length, novelPairs, pairs: Math.max(tokens.length - 1, 0) };
};
