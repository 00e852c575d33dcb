/**
 * @file Finding many phrases in a row of tokens at once, in time linear in the tokens. A phrase is words separated by
 * spaces; a word may end in `*` (any ending) and list alternatives with `|`: `pleural thickening|scar*`. Where several
 * phrases start at the same token the longest is found.
 */
import type { Token } from './tokens.js';

/** A phrase found: tokens `start` to `end` (exclusive), and all that the phrase stands for. */
export interface PhraseMatch<Meaning> {
  readonly start: number;
  readonly end: number;
  readonly meanings: readonly Meaning[];
}

/** A place in the tree of phrases. */
interface Step<Meaning> {
  readonly exact: Map<string, Step<Meaning>>;
  readonly prefix: Map<string, Step<Meaning>>;
  /** Lengths of the prefixes, longest first. */
  lengths: number[];
  readonly meanings: Meaning[];
}

const newStep = <Meaning>(): Step<Meaning> => ({ exact: new Map(), prefix: new Map(), lengths: [], meanings: [] });

/** Finds the phrases of a table in tokens. */
export type PhraseFinder<Meaning> = (tokens: readonly Token[]) => PhraseMatch<Meaning>[];

/**
 * Compiles phrases.
 *
 * @param table Phrases with what each stands for; a phrase given twice has both meanings.
 * @returns A finder of non-overlapping matches, from left to right.
 * @example compilePhrases([['pleural effusion*', 'effusion']])(tokensOf('Pleural effusions.'))[0].meanings; // ['effusion']
 */
export const compilePhrases = <Meaning>(table: Iterable<readonly [string, Meaning]>): PhraseFinder<Meaning> => {
  const root = newStep<Meaning>();
  const add = (from: Step<Meaning>, words: readonly string[], meaning: Meaning): void => {
    const [word, ...rest] = words;
    if (word === undefined) {
      if (!from.meanings.includes(meaning)) from.meanings.push(meaning);
      return;
    }
    for (const alternative of word.split('|')) {
      const steps = alternative.endsWith('*') ? from.prefix : from.exact;
      const key = alternative.replace(/\*$/, '');
      let next = steps.get(key);
      if (next === undefined) {
        next = newStep<Meaning>();
        steps.set(key, next);
      }
      add(next, rest, meaning);
    }
    from.lengths = [...new Set([...from.prefix.keys()].map((key) => key.length))].sort((a, b) => b - a);
  };
  for (const [phrase, meaning] of table) add(root, phrase.split(' '), meaning);

  /** The longest phrase from `at`; phrases have few words, so the search is bounded. */
  const longestFrom = (
    tokens: readonly Token[],
    at: number,
    step: Step<Meaning>,
  ): { end: number; meanings: readonly Meaning[] } | undefined => {
    let best = step.meanings.length === 0 ? undefined : { end: at, meanings: step.meanings as readonly Meaning[] };
    if (at === tokens.length) return best;
    const { text } = tokens[at];
    const consider = (next: Step<Meaning> | undefined): void => {
      const found = next === undefined ? undefined : longestFrom(tokens, at + 1, next);
      if (found !== undefined && (best === undefined || found.end > best.end)) best = found;
    };
    consider(step.exact.get(text));
    for (const length of step.lengths) if (text.length >= length) consider(step.prefix.get(text.slice(0, length)));
    return best;
  };

  return (tokens) => {
    const matches: PhraseMatch<Meaning>[] = [];
    for (let at = 0; at < tokens.length; ) {
      const found = longestFrom(tokens, at, root);
      if (found !== undefined && found.end > at) {
        matches.push({ start: at, end: found.end, meanings: found.meanings });
        at = found.end;
      } else at += 1;
    }
    return matches;
  };
};
