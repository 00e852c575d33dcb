/**
 * @file Agreement of two label sets, as the field reports it: positive and uncertain count as present, everything else
 * as absent (CheXbert's `rrg` mode), F1 over all 14 observations and over five, micro and macro. Macro is the mean over
 * the observations that occur in either set; where all occur, as in any large set, that is scikit-learn's macro average.
 */
import { fiveObservations, type Labels, type Observation, observations } from './observations.js';

/** Fractions from 0 to 1; 0 where undefined. */
export interface LabelScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Micro: over all labels together. Macro: the mean over observations. */
export interface LabelScores {
  readonly fourteen: { readonly micro: LabelScore; readonly macro: LabelScore };
  readonly five: { readonly micro: LabelScore; readonly macro: LabelScore };
}

/** Columns that {@link countLabels} fills: hits, false alarms and misses of each observation. */
export const labelColumns = 3 * observations.length;

const isPresent = (labels: Labels, observation: Observation): boolean =>
  labels[observation] === 'positive' || labels[observation] === 'uncertain';

/**
 * Writes an example's hits, false alarms and misses, observation by observation.
 *
 * @param row Where to write; {@link labelColumns} numbers from `at` on.
 */
export const countLabels = (reference: Labels, prediction: Labels, row: Float64Array, at: number): void => {
  observations.forEach((observation, index) => {
    const expected = isPresent(reference, observation);
    const found = isPresent(prediction, observation);
    row[at + 3 * index] = expected && found ? 1 : 0;
    row[at + 3 * index + 1] = !expected && found ? 1 : 0;
    row[at + 3 * index + 2] = expected && !found ? 1 : 0;
  });
};

const scoreOf = (hits: number, alarms: number, misses: number): LabelScore => ({
  precision: hits / Math.max(hits + alarms, 1),
  recall: hits / Math.max(hits + misses, 1),
  f1: (2 * hits) / Math.max(2 * hits + alarms + misses, 1),
});

const fivePlaces = fiveObservations.map((name) => observations.indexOf(name));
const allPlaces = observations.map((_, index) => index);

const scoresOver = (
  places: readonly number[],
  sums: Float64Array,
  at: number,
): { readonly micro: LabelScore; readonly macro: LabelScore } => {
  let hits = 0;
  let alarms = 0;
  let misses = 0;
  let occurring = 0;
  let precision = 0;
  let recall = 0;
  let f1 = 0;
  for (const place of places) {
    const from = at + 3 * place;
    const score = scoreOf(sums[from], sums[from + 1], sums[from + 2]);
    hits += sums[from];
    alarms += sums[from + 1];
    misses += sums[from + 2];
    occurring += sums[from] + sums[from + 1] + sums[from + 2] > 0 ? 1 : 0;
    precision += score.precision;
    recall += score.recall;
    f1 += score.f1;
  }
  const n = Math.max(occurring, 1);
  return { micro: scoreOf(hits, alarms, misses), macro: { precision: precision / n, recall: recall / n, f1: f1 / n } };
};

/** The scores from column sums that start at `at`. */
export const labelScores = (sums: Float64Array, at: number): LabelScores => ({
  fourteen: scoresOver(allPlaces, sums, at),
  five: scoresOver(fivePlaces, sums, at),
});

/** An observation's own scores, with how often the references have it. */
export type ObservationScore = LabelScore & { readonly inReferences: number; readonly inPredictions: number };

/** The scores of each observation from column sums that start at `at`. */
export const observationScores = (sums: Float64Array, at: number): Readonly<Record<Observation, ObservationScore>> =>
  Object.fromEntries(
    observations.map((observation, index) => {
      const [hits, alarms, misses] = sums.subarray(at + 3 * index, at + 3 * index + 3);
      const counts = { inReferences: hits + misses, inPredictions: hits + alarms };
      return [observation, { ...scoreOf(hits, alarms, misses), ...counts }];
    }),
  ) as Record<Observation, ObservationScore>;
