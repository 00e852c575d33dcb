/** @file The reference's generation cases of `test/fixtures/t5`, with Transformers' arguments as this package's options. */
import type { DecodingOptions } from '../../src/generation/options.js';
import { fixture, readJson, readModel } from '../t5/oracle.js';

export interface Case {
  name: string;
  options: DecodingOptions;
  inputs: number[][];
  /** sequences[row][k]: the k-th best, without the start token. */
  sequences: number[][][];
  scores?: number[][];
}

const NAMES: Record<string, keyof DecodingOptions> = {
  max_new_tokens: 'maxNewTokens',
  no_repeat_ngram_size: 'noRepeatNgram',
  repetition_penalty: 'repetitionPenalty',
  min_new_tokens: 'minNewTokens',
  num_beams: 'beams',
  length_penalty: 'lengthPenalty',
  early_stopping: 'earlyStopping',
  num_return_sequences: 'nBest',
};

export const readCases = async (name: string) => {
  const { tensors: weights, ...model } = await readModel(name);
  const batches = await readJson(fixture(name, 'inputs.json'));
  const unpadded = (batch: string): number[][] =>
    batches[batch].input_ids.map((row: number[], i: number) =>
      row.filter((_, j) => batches[batch].attention_mask[i][j] === 1),
    );
  const found = await readJson(fixture(name, 'generate.json'));
  const cases = Object.entries(
    found as Record<string, { arguments: Record<string, unknown>; sequences: number[][][]; scores?: number[][] }>,
  ).map(
    ([key, { arguments: given, sequences, scores }]): Case => ({
      name: key,
      options: Object.fromEntries(
        Object.entries(given).flatMap(([option, value]) => (option in NAMES ? [[NAMES[option], value]] : [])),
      ),
      inputs: unpadded(String(given.on)),
      sequences,
      scores,
    }),
  );
  return { model: { ...model, weights }, unpadded, cases };
};
