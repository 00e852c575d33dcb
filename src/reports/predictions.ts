/**
 * @file Predictions: written impressions as JSON Lines, `{"study_id": …, "impression": …}`, one an example and in the
 * data's order; and finding for each example the one meant for it.
 */
import { writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import { optionalText, requiredId } from './dataset.js';
import type { Example } from './example.js';
import { kindOf } from './json.js';
import { readJsonLines } from './records.js';

/** An impression somebody or something wrote for a study. */
export interface Prediction {
  readonly studyId: string;
  /** The impression; may be empty, as a model's output may be. */
  readonly impression: string;
}

/**
 * Reads predictions from JSON Lines; fields other than `study_id` and `impression` are left alone.
 *
 * @throws {Failure} When the file can't be read, or a line is not an object with both fields (names the line).
 * @example const predictions = await readPredictions('predictions.jsonl');
 */
export const readPredictions = async (path: string): Promise<Prediction[]> =>
  (await readJsonLines(path)).map((record) => {
    if (typeof record.fields.impression !== 'string') {
      throw new Failure({
        what: 'a prediction without impression',
        where: record.where,
        got: kindOf(record.fields.impression),
        fix: 'write {"study_id": "…", "impression": "…"} on every line',
      });
    }
    return { studyId: requiredId(record, 'study_id'), impression: optionalText(record, 'impression') };
  });

/** One prediction as its line, line end included. */
export const predictionLine = ({ studyId, impression }: Prediction): string =>
  `${JSON.stringify({ study_id: studyId, impression })}\n`;

/**
 * Writes predictions as JSON Lines; the file appears whole or not at all.
 *
 * @param predictions In the data's order; may arrive one by one.
 * @throws {Failure} When the file can't be written.
 * @example await writePredictions('predictions.jsonl', [{ studyId: '1', impression: 'No acute process.' }]);
 */
export const writePredictions = (
  path: string,
  predictions: Iterable<Prediction> | AsyncIterable<Prediction>,
): Promise<void> => writeWhole(path, predictionLines(predictions));

async function* predictionLines(predictions: Iterable<Prediction> | AsyncIterable<Prediction>): AsyncGenerator<string> {
  for await (const prediction of predictions) yield predictionLine(prediction);
}

/**
 * Finds each example's prediction by study id. Where the data names a study several times, its predictions are
 * taken in their order, so that predictions written in the data's order always fit.
 *
 * @param examples The data; its order is the result's.
 * @param predictions Exactly one an example, in any order.
 * @returns `result[i]` belongs to `examples[i]`.
 * @throws {Failure} When a study has no prediction, too many, or is not in the data (names the first such id).
 * @example const aligned = alignPredictions(examples, await readPredictions('predictions.jsonl'));
 */
export const alignPredictions = (examples: readonly Example[], predictions: readonly Prediction[]): Prediction[] => {
  const waiting = new Map<string, Prediction[]>(examples.map(({ studyId }) => [studyId, []]));
  for (const prediction of predictions) {
    const queue = waiting.get(prediction.studyId);
    if (queue === undefined) {
      throw new Failure({
        what: 'a prediction for a study that is not in the data',
        where: `study ${prediction.studyId}`,
        fix: 'give predictions for this very data file',
      });
    }
    queue.push(prediction);
  }
  const taken = new Map<string, number>();
  const aligned = examples.map(({ studyId }) => {
    const place = taken.get(studyId) ?? 0;
    taken.set(studyId, place + 1);
    const prediction = waiting.get(studyId)?.[place];
    if (prediction === undefined) {
      throw new Failure({
        what: 'a study without a prediction',
        where: `study ${studyId}`,
        got: `${predictions.length} predictions for ${examples.length} examples`,
        fix: 'write one prediction for every example',
      });
    }
    return prediction;
  });
  for (const [studyId, count] of taken) {
    const given = waiting.get(studyId)?.length ?? 0;
    if (given > count) {
      throw new Failure({
        what: 'more predictions than examples for a study',
        where: `study ${studyId}`,
        got: `${given} for ${count}`,
        fix: 'keep one prediction for every example',
      });
    }
  }
  return aligned;
};
