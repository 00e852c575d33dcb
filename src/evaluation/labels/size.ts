/**
 * @file The size of the heart and of the mediastinum: they are named in nearly every report, and only another word says
 * whether they are enlarged. Unlike the CheXpert labeler, which takes a bare mention for a positive one, a part of which
 * nothing is said gets no label.
 */
import type { Assertions } from './assertion.js';
import { sizeWords } from './cue-phrases.js';
import type { Assertion } from './observations.js';
import { compilePhrases, type PhraseMatch } from './phrases.js';
import type { Token } from './tokens.js';

type Size = 'large' | 'normal' | 'open' | 'same';

const findSizes = compilePhrases(
  [...sizeWords].flatMap(([size, phrases]) => phrases.map((phrase) => [phrase, size] as const)),
);

/** Words that may stand between an adjective and the part it describes. */
const between: ReadonlySet<string> = new Set(
  'the a an of in mild mildly moderate moderately slight slightly severe severely marked markedly gross grossly minimal minimally mildly borderline global stable size appearance appearing hilar both overall and'.split(
    ' ',
  ),
);

/** How far a size word may be from its part; keeps the time linear. */
const reach = 30;

/**
 * What a sentence says of the size of its parts.
 *
 * @param tokens The sentence.
 * @param assertions What the sentence asserts at each token, for `enlarged` under a negation.
 * @param isPart By token: 1 where the heart or the mediastinum is named. // (tokens)
 * @returns From the first token of a part to its label, undefined where nothing is said of it.
 */
export const sizesIn = (
  tokens: readonly Token[],
  assertions: Assertions,
  isPart: Uint8Array,
): ((start: number) => Assertion | undefined) => {
  const from = new Map<number, PhraseMatch<Size>>();
  const to = new Map<number, PhraseMatch<Size>>();
  for (const match of findSizes(tokens)) {
    from.set(match.start, match);
    to.set(match.end - 1, match);
  }

  const before = (start: number): PhraseMatch<Size>[] => {
    const found: PhraseMatch<Size>[] = [];
    for (let at = start - 1; at >= 0 && start - at <= 12; at -= 1) {
      const match = to.get(at);
      if (match !== undefined) {
        found.push(match);
        at = match.start;
        continue;
      }
      const { text } = tokens[at];
      if (isPart[at] === 1) continue;
      if (text === 'and' || text === ',' ? isPart[at - 1] !== 1 : !between.has(text)) break;
    }
    return found;
  };

  const after = (start: number): PhraseMatch<Size>[] => {
    const found: PhraseMatch<Size>[] = [];
    for (let at = start; at < tokens.length && at - start <= reach; at += 1) {
      const { text } = tokens[at];
      const match = from.get(at);
      if (match !== undefined) {
        found.push(match);
        at = match.end - 1;
        continue;
      }
      if (text === ';' || text === '.' || text === '(' || text === 'but') break;
      if (found.length === 0) continue;
      if (isPart[at] === 1 || text === 'with' || text === 'without') break;
      // "is stable, and mildly enlarged" goes on; "is normal and the lungs …" does not.
      if (text === ',' || text === 'and') {
        const next = tokens[at + 1]?.text ?? '';
        const soon = [1, 2, 3].some(
          (ahead) =>
            from.has(at + ahead) && [...Array(ahead - 1).keys()].every((k) => between.has(tokens[at + 1 + k].text)),
        );
        if (!soon || next === 'the') break;
      }
    }
    return found;
  };

  return (start) => {
    let found = before(start);
    if (found.every(({ meanings }) => meanings[0] === 'same')) found = [...found, ...after(start)];
    if (found.length === 0) return undefined;
    const of = (size: Size): PhraseMatch<Size> | undefined => found.find(({ meanings }) => meanings[0] === size);
    const open = of('open');
    const large = of('large');
    if (open !== undefined) return 'uncertain';
    if (large !== undefined) return assertions.at(large.start, large.end);
    return of('normal') === undefined ? 'uncertain' : 'negative';
  };
};
