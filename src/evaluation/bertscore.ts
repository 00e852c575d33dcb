/**
 * @file BERTScore of two texts whose tokens have been embedded (T. Zhang et al., "BERTScore: evaluating text generation
 * with BERT", ICLR 2020): every token is matched with the most similar one of the other text, by cosine. Number for number
 * what `bert_score` 0.3.13 gives for one pair: a special token counts for nothing itself, but others may be matched with
 * it; a text without tokens scores 0. (`bert_score` scores pairs in padded batches, where a similarity below 0 becomes 0 when
 * a longer text is in the batch; encoders as trained give none.) This room knows no encoder: it is given vectors.
 */
import { Failure } from '../ground/failure.js';

/** A text's tokens as an encoder sees them, special ones included. */
export interface EmbeddedText {
  readonly ids: readonly number[];
  /** One vector a token, each of length 1 ({@link unitVectors}). // (tokens, width) */
  readonly vectors: Float32Array;
}

/** Precision: of the prediction's tokens in the reference; recall: the other way round. */
export interface BertScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** How much a token counts. */
export type TokenWeight = (id: number) => number;

/**
 * Every token counts alike, special ones nothing.
 *
 * @param special Ids of `[CLS]` and `[SEP]`, or of `<s>` and `</s>`.
 */
export const equalWeights = (special: Iterable<number>): TokenWeight => {
  const none = new Set(special);
  return (id) => (none.has(id) ? 0 : 1);
};

/**
 * Inverse document frequency: log((n + 1) / (texts with the token + 1)); special tokens are in every text, so that they
 * count for nothing.
 *
 * @param references The ids of each reference, special ones included.
 */
export const inverseDocumentFrequency = (references: readonly (readonly number[])[]): TokenWeight => {
  const counts = new Map<number, number>();
  for (const ids of references) for (const id of new Set(ids)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return (id) => Math.log((references.length + 1) / ((counts.get(id) ?? 0) + 1));
};

/**
 * Scales vectors to length 1, in place.
 *
 * @param vectors Row after row. // (tokens, width)
 */
export const unitVectors = (vectors: Float32Array, width: number): Float32Array => {
  for (let from = 0; from < vectors.length; from += width) {
    let squares = 0;
    for (let at = from; at < from + width; at += 1) squares += vectors[at] * vectors[at];
    const length = Math.sqrt(squares);
    for (let at = from; at < from + width; at += 1) vectors[at] /= length;
  }
  return vectors;
};

/** Special tokens that frame a text: one before, one behind. */
const frame = 2;

const nothing: BertScore = { precision: 0, recall: 0, f1: 0 };

/** The mean of the tokens' greatest similarities by their weights; 0 where no token counts. */
const weightedMean = (ids: readonly number[], best: Float64Array, weightOf: TokenWeight): number => {
  let total = 0;
  let weights = 0;
  ids.forEach((id, at) => {
    const weight = weightOf(id);
    total += weight * best[at];
    weights += weight;
  });
  return weights === 0 ? 0 : total / weights;
};

/**
 * Scores a prediction.
 *
 * @param weightOf {@link equalWeights} or {@link inverseDocumentFrequency}.
 * @returns Cosines, at most 1; 0 for a text without tokens.
 * @example bertScore(reference, prediction, equalWeights([101, 102])).f1
 */
export const bertScore = (reference: EmbeddedText, prediction: EmbeddedText, weightOf: TokenWeight): BertScore => {
  const rows = prediction.ids.length;
  const columns = reference.ids.length;
  if (rows <= frame || columns <= frame) return nothing;
  const width = prediction.vectors.length / rows;
  const [p, r] = [prediction.vectors, reference.vectors];
  const bestOfPrediction = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  const bestOfReference = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let similarity = 0;
      for (let at = 0; at < width; at += 1) similarity += p[row * width + at] * r[column * width + at];
      if (similarity > bestOfPrediction[row]) bestOfPrediction[row] = similarity;
      if (similarity > bestOfReference[column]) bestOfReference[column] = similarity;
    }
  }
  const precision = weightedMean(prediction.ids, bestOfPrediction, weightOf);
  const recall = weightedMean(reference.ids, bestOfReference, weightOf);
  const sum = precision + recall;
  return { precision, recall, f1: sum === 0 ? 0 : (2 * precision * recall) / sum };
};

/**
 * Spreads scores out: what unrelated texts score becomes 0, 1 stays 1.
 *
 * @param baseline What unrelated texts score ({@link baselineOf}).
 */
export const rescaled = (score: BertScore, baseline: BertScore): BertScore => {
  const scale = (value: number, low: number): number => (value - low) / (1 - low);
  return {
    precision: scale(score.precision, baseline.precision),
    recall: scale(score.recall, baseline.recall),
    f1: scale(score.f1, baseline.f1),
  };
};

/**
 * A layer's baseline from a file of `bert_score` (`rescale_baseline/en/roberta-large.tsv`): a head `LAYER,P,R,F`, then a
 * line a layer from 0 on.
 *
 * @param where The file's name, for the error.
 * @throws {Failure} When it is no such file or has no such layer.
 */
export const baselineOf = (text: string, layer: number, where: string): BertScore => {
  const rows = text.trim().split(/\r?\n/);
  const fix = "give a file of bert_score's rescale_baseline folder, for the encoder in use";
  if (!/^LAYER,P,R,F$/i.test(rows[0].trim()))
    throw new Failure({ what: 'not a baseline of BERTScore', where, got: 'no line LAYER,P,R,F at its head', fix });
  const row = rows.slice(1).find((line) => Number.parseInt(line, 10) === layer);
  if (row === undefined)
    throw new Failure({ what: `no baseline for layer ${layer}`, where, got: `${rows.length - 1} layers`, fix });
  const numbers = row.split(',').map(Number);
  if (
    numbers.length !== 4 ||
    !numbers.every((value) => Number.isFinite(value) && value < 1e4) ||
    numbers.slice(1).some((value) => value >= 1)
  )
    throw new Failure({ what: 'not a baseline of BERTScore', where, got: `a damaged line for layer ${layer}`, fix });
  const [, precision, recall, f1] = numbers;
  return { precision, recall, f1 };
};
