/**
 * @file A model directory, as Hugging Face Transformers writes and reads it (`config.json`, `generation_config.json`,
 * `model.safetensors`, the tokenizer's files), with what only this package needs beside them: `prompt.json`.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import { DEFAULT_PROMPT, type PromptTemplate, parsePromptFile, serialisePrompt } from '../reports/prompt.js';
import { configJson, readConfig, type T5Config } from '../t5/config.js';
import type { WeightData } from '../t5/parameters.js';
import { portableWeights } from '../t5/portable.js';
import type { QuantisedWeight } from '../t5/quantisation.js';
import { writeSafetensors } from '../t5/safetensors.js';
import { T5Tokenizer } from '../t5/tokenizer.js';
import { readWeights } from '../t5/weights.js';
import type { QuantisedBits } from '../tensors/index.js';

/** A model with all it takes to train it or to draft with it. */
export interface Model {
  readonly config: T5Config;
  readonly tokenizer: T5Tokenizer;
  readonly weights: ReadonlyMap<string, WeightData>;
  /** Whether the head has a matrix of its own. */
  readonly ownHead: boolean;
  /** Linear layers rounded to integers, which are then not in `weights`: only in a base for adapters. */
  readonly quantised?: ReadonlyMap<string, QuantisedWeight>;
  /** The prompt the model was trained with; the default one for a model that was not trained here. */
  readonly prompt: PromptTemplate;
}

const PROMPT_FILE = 'prompt.json';

/** A model without its weights. */
export type ModelParts = Pick<Model, 'config' | 'tokenizer' | 'prompt'>;

/**
 * Reads a model directory.
 *
 * @param bits Rounds the linear layers of the blocks to so many bits as they are read, one after the other, so that
 *   the model is never in memory as a whole in float32; by default nothing is rounded.
 * @throws {Failure} When it is no directory, or a file of it is missing or damaged.
 * @example const model = await readModel('runs/first/model');
 */
export const readModel = async (directory: string, bits?: QuantisedBits): Promise<Model> => {
  const parts = await readModelParts(directory);
  const { tensors, quantised, ownHead } = await readWeights(directory, parts.config, bits);
  return { ...parts, weights: tensors, quantised, ownHead };
};

/** Reads everything of a model directory but its weights. */
export const readModelParts = async (directory: string): Promise<ModelParts> => {
  const found = await stat(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw readFailure(directory, error);
  });
  if (!found?.isDirectory()) {
    throw new Failure({
      what: 'no model directory',
      where: directory,
      got: found === undefined ? 'nothing of that name' : 'a file',
      fix: 'give a directory with config.json, model.safetensors and tokenizer.json, a hub id such as google/flan-t5-base, or `tiny`',
    });
  }
  const config = await readConfig(directory);
  const tokenizer = await T5Tokenizer.fromDirectory(directory);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Failure({
      what: 'the tokenizer has more tokens than the model has rows',
      where: directory,
      got: `${tokenizer.vocabSize} tokens, vocab_size ${config.vocabSize}`,
      fix: 'use the tokenizer that was saved with the model',
    });
  }
  return { config, tokenizer, prompt: await readPrompt(directory) };
};

const readPrompt = async (directory: string): Promise<PromptTemplate> => {
  const path = join(directory, PROMPT_FILE);
  try {
    return parsePromptFile(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return DEFAULT_PROMPT;
    throw readFailure(path, error);
  }
};

/**
 * Writes a model directory. Each file appears whole; the weights come last, so that a directory which has them has all.
 *
 * @throws {Failure} When it cannot be written.
 * @example await writeModel('runs/first/model', model);
 */
export const writeModel = async (directory: string, model: Model): Promise<void> => {
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw readFailure(directory, error);
  });
  const { config, tokenizer, prompt } = model;
  await writeWhole(join(directory, 'config.json'), configJson(portableWeights(config, model.weights).config));
  await writeWhole(join(directory, 'generation_config.json'), generationConfig(config));
  for (const [name, bytes] of tokenizer.files) await writeWhole(join(directory, name), bytes);
  await writeWhole(join(directory, PROMPT_FILE), serialisePrompt(prompt));
  await writeWeights(directory, config, model.weights);
};

/** Replaces the weights of a model directory that {@link writeModel} made. */
export const writeWeights = (
  directory: string,
  config: T5Config,
  weights: ReadonlyMap<string, WeightData>,
): Promise<void> =>
  writeSafetensors(join(directory, 'model.safetensors'), portableWeights(config, weights).weights, { format: 'pt' });

/** The text of a `generation_config.json`. */
export const generationConfig = ({ padTokenId, eosTokenId, decoderStartTokenId }: T5Config): string =>
  `${JSON.stringify({ decoder_start_token_id: decoderStartTokenId, eos_token_id: eosTokenId, pad_token_id: padTokenId }, null, 2)}\n`;
