/**
 * @file ROUGE-N, ROUGE-L and ROUGE-Lsum, number for number as google-research's `rouge_score` (C.-Y. Lin, "ROUGE: a
 * package for automatic evaluation of summaries", 2004; the reference is `rouge/rouge_scorer.py`, Apache-2.0, read and
 * not copied). `rouge_score` pads with zeros where others leave undefined: an empty side scores 0.
 * Not offered: `split_summaries`, which needs NLTK's trained sentence splitter.
 */
import { Failure } from '../ground/failure.js';
import { createSubsequenceFinder, grown } from './subsequence.js';
import { createVocabulary, type EncodedText } from './tokenize.js';

/** `rouge1` … `rouge9`, the longest common subsequence over the whole text, and over its lines. */
export type RougeType = `rouge${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | 'rougeL' | 'rougeLsum';

/** Fractions from 0 to 1. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

export type RougeScores<Type extends RougeType> = Readonly<Record<Type, RougeScore>>;

/** Scores of one pair under both settings; a ROUGE without its setting says nothing. */
export interface RougeSettings<Type extends RougeType> {
  /** Tokens as they are (`use_stemmer=False`, the default of Hugging Face's `evaluate`). */
  readonly plain: RougeScores<Type>;
  /** Porter stems (`use_stemmer=True`, most papers of this field). */
  readonly stemmed: RougeScores<Type>;
}

/** Scores pairs. */
export interface RougeScorer<Type extends RougeType> {
  /**
   * @param target The reference, first as in `rouge_score`; newlines separate ROUGE-Lsum's sentences.
   * @param prediction The text to be scored.
   */
  score(target: string, prediction: string): RougeSettings<Type>;
}

const zero: RougeScore = { precision: 0, recall: 0, fmeasure: 0 };

const scoreOf = (hits: number, predicted: number, expected: number): RougeScore => {
  const precision = hits / Math.max(predicted, 1);
  const recall = hits / Math.max(expected, 1);
  return { precision, recall, fmeasure: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0 };
};

/** A text under one setting, with its n-grams as numbers: `grams[n - 1]`, filled as far as asked for. */
interface ScoredText extends EncodedText {
  readonly grams: Int32Array[];
}

const linesOf = ({ tokens, lineEnds }: EncodedText): Int32Array[] =>
  Array.from(lineEnds, (end, line) => tokens.subarray(line === 0 ? 0 : lineEnds[line - 1], end));

/** More than the distinct n-grams and tokens of any corpus in memory, small enough that a pair's key stays exact. */
const idLimit = 2 ** 26;

/** What the scores of one scorer share: n-gram numbers and memory that is used again. */
const createComparison = () => {
  /** Of each n from 2: (number of the shorter n-gram, next token) → number. */
  const numbers: Map<number, number>[] = [];
  /** By number; all zero between two uses. */
  let left = new Int32Array(1024);
  const finder = createSubsequenceFinder();

  const gramsOf = (text: ScoredText, n: number): Int32Array => {
    if (text.grams.length >= n) return text.grams[n - 1];
    const shorter = n === 1 ? text.tokens : gramsOf(text, n - 1);
    if (n === 1) {
      text.grams.push(text.tokens);
      return text.tokens;
    }
    while (numbers.length < n - 1) numbers.push(new Map());
    const ids = numbers[n - 2];
    const grams = new Int32Array(Math.max(text.tokens.length - n + 1, 0));
    for (let i = 0; i < grams.length; i += 1) {
      const key = shorter[i] * idLimit + text.tokens[i + n - 1];
      let id = ids.get(key);
      if (id === undefined) {
        id = ids.size;
        ids.set(key, id);
      }
      grams[i] = id;
    }
    text.grams.push(grams);
    return grams;
  };

  /** Clipped matches: each n-gram counts as often as the side that has fewer of it. */
  const clippedMatches = (target: Int32Array, prediction: Int32Array): number => {
    let greatest = 0;
    for (let i = 0; i < target.length; i += 1) if (target[i] > greatest) greatest = target[i];
    left = grown(left, greatest + 1);
    for (let i = 0; i < target.length; i += 1) left[target[i]] += 1;
    let hits = 0;
    for (let i = 0; i < prediction.length; i += 1) {
      const gram = prediction[i];
      if (gram <= greatest && left[gram] > 0) {
        left[gram] -= 1;
        hits += 1;
      }
    }
    for (let i = 0; i < target.length; i += 1) left[target[i]] = 0;
    return hits;
  };

  const commonTokens = (target: Int32Array, prediction: Int32Array): number => {
    finder.take(prediction);
    return finder.commonLength(target);
  };

  /**
   * Summary-level hits (section 3.2 of the paper, counted as ROUGE 1.5.5 does): of each reference line the union of
   * its common subsequences with every candidate line, a token counting only while both texts have one of it left.
   * Marked tokens are the reference's, so that only the candidate's supply can run out.
   */
  const summaryHits = (target: EncodedText, prediction: EncodedText): number => {
    const lines = linesOf(target);
    const marks = lines.map((line) => new Uint8Array(line.length));
    for (const candidate of linesOf(prediction)) {
      finder.take(candidate);
      lines.forEach((line, index) => {
        finder.markCommon(line, marks[index]);
      });
    }
    const marked = lines.map((line, index) => line.filter((_, i) => marks[index][i] === 1));
    return marked.length === 0
      ? 0
      : clippedMatches(Int32Array.from(marked.flatMap((line) => [...line])), prediction.tokens);
  };

  const score = <Type extends RougeType>(
    types: readonly Type[],
    target: ScoredText,
    prediction: ScoredText,
  ): RougeScores<Type> => {
    const expected = target.tokens.length;
    const predicted = prediction.tokens.length;
    const scores = {} as Record<Type, RougeScore>;
    const oneLine = target.lineEnds.length === 1 && prediction.lineEnds.length === 1;
    let common = -1;
    for (const type of types) {
      if (expected === 0 || predicted === 0) {
        scores[type] = zero;
      } else if (type === 'rougeL' || (type === 'rougeLsum' && oneLine)) {
        // One line on each side: the union is one subsequence, whose tokens both sides have.
        if (common < 0) common = commonTokens(target.tokens, prediction.tokens);
        scores[type] = scoreOf(common, predicted, expected);
      } else if (type === 'rougeLsum') {
        scores[type] = scoreOf(summaryHits(target, prediction), predicted, expected);
      } else {
        const n = Number(type.slice(5));
        const hits = clippedMatches(gramsOf(target, n), gramsOf(prediction, n));
        scores[type] = scoreOf(hits, predicted - n + 1, expected - n + 1);
      }
    }
    return scores;
  };
  return { score };
};

/**
 * A scorer for some types of ROUGE, under both stemmer settings. It keeps every text it has seen as numbers (a reference
 * is scored against several systems), so let it go with the evaluation it served.
 *
 * @param types Which scores, e.g. `['rouge1', 'rougeL']`.
 * @throws {Failure} When a type is none of ROUGE-1 to 9, L and Lsum.
 * @example
 * const scorer = createRougeScorer(['rouge1']);
 * scorer.score('Small effusions.', 'Small right effusion.').stemmed.rouge1.recall; // 1
 */
export const createRougeScorer = <Type extends RougeType>(types: readonly Type[]): RougeScorer<Type> => {
  for (const type of types) {
    if (!/^rouge(?:[1-9]|L|Lsum)$/.test(type))
      throw new Failure({ what: 'unknown type of ROUGE', got: type, fix: 'use rouge1 to rouge9, rougeL or rougeLsum' });
  }
  const vocabulary = createVocabulary();
  const comparison = createComparison();
  const texts = new Map<string, { readonly plain: ScoredText; readonly stemmed: ScoredText }>();
  const encoded = (text: string) => {
    let known = texts.get(text);
    if (known === undefined) {
      const plain = vocabulary.encode(text);
      known = { plain: { ...plain, grams: [] }, stemmed: { ...vocabulary.stemmed(plain), grams: [] } };
      texts.set(text, known);
    }
    return known;
  };
  return {
    score: (target, prediction) => {
      const targetText = encoded(target);
      const predictionText = encoded(prediction);
      return {
        plain: comparison.score(types, targetText.plain, predictionText.plain),
        stemmed: comparison.score(types, targetText.stemmed, predictionText.stemmed),
      };
    },
  };
};
