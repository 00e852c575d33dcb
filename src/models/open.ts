/** @file From the name a user gives a model to the model: a directory, an adapter's directory, a hub id, or an untrained size. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure } from '../ground/failure.js';
import { DEFAULT_PROMPT, type PromptTemplate } from '../reports/prompt.js';
import { readAdapterConfig } from '../t5/adapter-files.js';
import type { QuantisedBits } from '../tensors/index.js';
import { baseOfAdapter, isAdapterDirectory, readPromptOf, withAdapter } from './adapter.js';
import { type Model, readModel, readModelParts } from './directory.js';
import { type DownloadProgress, fetchModel, isHubId } from './hub.js';
import { openStoredModel, type StoredModel } from './stored.js';
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

/** How a model is opened. */
export interface OpenOptions {
  /** An adapter directory to work into the model. */
  readonly adapter?: string;
  /** Round the linear layers of a base that is only trained through an adapter; see `readModel`. */
  readonly bits?: QuantisedBits;
  /** Told of a download's progress. */
  readonly onDownload?: DownloadProgress;
}

/**
 * The directory that a name stands for: the name itself where it is one, else the cached files of a hub model, which
 * are downloaded if need be.
 *
 * @throws {Failure} When there is no such directory and the name can't be or isn't a hub model.
 */
export const locateModel = async (name: string, onDownload?: DownloadProgress): Promise<string> => {
  const isPath = await stat(name).then(
    () => true,
    () => false,
  );
  return !isPath && isHubId(name) ? fetchModel(name, onDownload) : name;
};

/**
 * Opens a model to draft with, its weights in memory.
 *
 * @param name A model directory, an adapter directory (opened with the base it names), or a hub id.
 * @throws {Failure} When there is none.
 * @example const model = await openModel('google/flan-t5-base', { adapter: 'runs/lora/model' });
 */
export const openModel = async (name: string, { adapter, onDownload }: OpenOptions = {}): Promise<Model> => {
  refuseUntrained(name);
  const directory = await locateModel(name, onDownload);
  if (!(await isAdapterDirectory(directory))) {
    const model = await readModel(directory);
    return adapter === undefined ? model : withAdapter(model, adapter);
  }
  if (adapter !== undefined) {
    throw new Failure({
      what: 'an adapter on an adapter',
      where: `${name} and ${adapter}`,
      fix: 'name the base with --model',
    });
  }
  const base = await openModel(await baseOfAdapter(directory), { onDownload });
  return withAdapter(base, directory);
};

/**
 * Opens a model to draft with. Its weights are left on disk, to be mapped or quantised from there; only a model with an
 * adapter is read, since its weights are worked out.
 *
 * @param name A model directory, an adapter directory (opened with the base it names), or a hub id.
 * @throws {Failure} When there is none.
 * @example const model = await openToDraft('runs/first/model');
 */
export const openToDraft = async (name: string, options: OpenOptions = {}): Promise<Model | StoredModel> => {
  refuseUntrained(name);
  const directory = await locateModel(name, options.onDownload);
  const adapted = options.adapter !== undefined || (await isAdapterDirectory(directory));
  return adapted ? openModel(directory, options) : openStoredModel(directory);
};

/**
 * The prompt that a model drafts with, without its weights being read.
 *
 * @param name A model directory, an adapter directory, or a hub id.
 * @throws {Failure} When there is none.
 * @example const { template } = await promptOfModel('runs/first/model');
 */
export const promptOfModel = async (
  name: string,
  { adapter, onDownload }: OpenOptions = {},
): Promise<PromptTemplate> => {
  refuseUntrained(name);
  if (adapter !== undefined) {
    await readAdapterConfig(adapter);
    const prompt = await readPromptOf(adapter);
    if (prompt !== undefined) return prompt;
  }
  const directory = await locateModel(name, onDownload);
  if (!(await isAdapterDirectory(directory))) return (await readModelParts(directory)).prompt;
  return (await readPromptOf(directory)) ?? promptOfModel(await baseOfAdapter(directory), { onDownload });
};

const refuseUntrained = (name: string): void => {
  if (UNTRAINED.includes(name)) {
    throw new Failure({
      what: 'an untrained model can draft nothing',
      got: name,
      fix: 'train it first: impressionist train DATA --model tiny --out RUN, then --model RUN/model',
    });
  }
};

/**
 * Opens a model to train.
 *
 * @param name A model directory, an adapter directory (its merged weights are the start), a hub id, or `tiny` for an
 *   untrained model.
 * @param seed Of an untrained model's weights.
 * @returns `name` is what an adapter trained on the model is to call its base.
 */
export const openStart = async (
  name: string,
  seed: number,
  { bits, onDownload }: OpenOptions = {},
): Promise<{ model: Model; untrained: boolean; name: string }> => {
  if (UNTRAINED.includes(name)) return { model: await untrainedModel(seed), untrained: true, name };
  const directory = await locateModel(name, onDownload);
  if (await isAdapterDirectory(directory)) {
    if (bits !== undefined) {
      throw new Failure({
        what: 'an adapter directory can’t be the start of a run on rounded weights',
        where: name,
        fix: 'merge it first: impressionist export MODEL --format merged --out DIR',
      });
    }
    return { model: await openModel(name, { onDownload }), untrained: false, name: resolve(name) };
  }
  return { model: await readModel(directory, bits), untrained: false, name: directory === name ? resolve(name) : name };
};
