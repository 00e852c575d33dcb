/** @file From the name a user gives a model to the model: a directory, or an untrained one of a size. */

import { Failure } from '../ground/failure.js';
import { DEFAULT_PROMPT } from '../reports/prompt.js';
import { type Model, readModel } from './directory.js';
import { tinyConfig, tinyTokenizer } from './tiny.js';
import { initialWeights } from './untrained.js';

/** The sizes to start untrained. */
const UNTRAINED: readonly string[] = ['tiny'];

const untrainedModel = async (seed: number): Promise<Model> => ({
  config: tinyConfig,
  tokenizer: await tinyTokenizer(),
  weights: initialWeights(tinyConfig, seed),
  ownHead: !tinyConfig.scaleDecoderOutputs,
  prompt: DEFAULT_PROMPT,
});

/**
 * Opens a model to draft with.
 *
 * @param name A model directory.
 * @throws {Failure} When there is none.
 */
export const openModel = async (name: string): Promise<Model> => {
  if (UNTRAINED.includes(name)) {
    throw new Failure({
      what: 'an untrained model can draft nothing',
      got: name,
      fix: 'train it first: impressionist train DATA --model tiny --out RUN, then --model RUN/model',
    });
  }
  return readModel(name);
};

/**
 * Opens a model to train.
 *
 * @param name A model directory, or `tiny` for an untrained model.
 * @param seed Of an untrained model's weights.
 */
export const openStart = async (name: string, seed: number): Promise<{ model: Model; untrained: boolean }> =>
  UNTRAINED.includes(name)
    ? { model: await untrainedModel(seed), untrained: true }
    : { model: await readModel(name), untrained: false };
