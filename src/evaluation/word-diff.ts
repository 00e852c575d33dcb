/**
 * @file Where two texts differ, word by word: what lies outside a longest common subsequence of their words, letter case
 * and punctuation aside.
 */
import { createSubsequenceFinder } from './subsequence.js';

/** A stretch of a text, in UTF-16 units. */
export type Range = readonly [start: number, end: number];

/** The stretches of each text that the other lacks. */
export interface WordDifference {
  readonly onlyInReference: readonly Range[];
  readonly onlyInPrediction: readonly Range[];
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordsOf = (text: string): Word[] =>
  Array.from(text.matchAll(/[\p{L}\p{N}]+/gu), (match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));

/** One for all comparisons: it holds nothing between them but memory. */
const finder = createSubsequenceFinder();

/** Neighbouring words outside the subsequence as one stretch. */
const unmarked = (words: readonly Word[], marks: Uint8Array): Range[] => {
  const ranges: [number, number][] = [];
  words.forEach(({ start, end }, index) => {
    if (marks[index] === 1) return;
    if (index > 0 && marks[index - 1] === 0) ranges[ranges.length - 1][1] = end;
    else ranges.push([start, end]);
  });
  return ranges;
};

/**
 * Compares two texts.
 *
 * @param reference Time grows with the product of the texts' words, 32 at a time.
 * @example wordDifference('Small left effusion.', 'small right effusion').onlyInPrediction; // [[6, 11]]
 */
export const wordDifference = (reference: string, prediction: string): WordDifference => {
  const ids = new Map<string, number>();
  const idsOf = (words: readonly Word[]): Int32Array =>
    Int32Array.from(words, ({ text }) => {
      const id = ids.get(text) ?? ids.size;
      ids.set(text, id);
      return id;
    });
  const sides = [wordsOf(reference), wordsOf(prediction)];
  const [referenceIds, predictionIds] = sides.map(idsOf);
  const marksOf = (text: Int32Array, other: Int32Array): Uint8Array => {
    const marks = new Uint8Array(text.length);
    finder.take(other);
    finder.markCommon(text, marks);
    return marks;
  };
  return {
    onlyInReference: unmarked(sides[0], marksOf(referenceIds, predictionIds)),
    onlyInPrediction: unmarked(sides[1], marksOf(predictionIds, referenceIds)),
  };
};
