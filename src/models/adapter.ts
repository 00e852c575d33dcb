/**
 * @file An adapter directory: PEFT's two files, and beside them the prompt it was trained with. It names its base model,
 * with which it is opened as one merged model.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import { type PromptTemplate, parsePromptFile, serialisePrompt } from '../reports/prompt.js';
import {
  ADAPTER_CONFIG,
  ADAPTER_WEIGHTS,
  adapterConfigJson,
  readAdapter,
  readAdapterConfig,
  writeAdapterConfig,
} from '../t5/adapter-files.js';
import type { T5Config } from '../t5/config.js';
import { type LoraSettings, mergeAdapter } from '../t5/lora.js';
import type { Model } from './directory.js';

const PROMPT_FILE = 'prompt.json';
/** What an adapter directory may have besides PEFT's two files. */
const OPTIONAL_FILES = [PROMPT_FILE, 'README.md', 'similar.json'];

/** Whether a directory holds an adapter. */
export const isAdapterDirectory = (directory: string): Promise<boolean> =>
  stat(join(directory, ADAPTER_CONFIG)).then(
    (found) => found.isFile(),
    () => false,
  );

/**
 * The model that an adapter directory says it was trained on: a directory or a hub id.
 *
 * @throws {Failure} When it names none.
 */
export const baseOfAdapter = async (directory: string): Promise<string> => {
  const { base } = await readAdapterConfig(directory);
  if (base === undefined || base === '') {
    throw new Failure({
      what: 'the adapter does not say which model it was trained on',
      where: directory,
      fix: 'name it: --model BASE --adapter DIR',
    });
  }
  return base;
};

/**
 * A base model with an adapter worked into its weights; the prompt is the adapter's, if it has one.
 *
 * @throws {Failure} When the adapter does not fit the base.
 * @example const model = await withAdapter(await readModel('flan-t5-base'), 'runs/lora/model');
 */
export const withAdapter = async (base: Model, directory: string): Promise<Model> => {
  const adapter = await readAdapter(directory, base.config);
  return {
    ...base,
    weights: mergeAdapter(base.weights, adapter),
    prompt: (await readPromptOf(directory)) ?? base.prompt,
  };
};

/** The prompt that an adapter was trained with; undefined where its directory holds none. */
export const readPromptOf = async (directory: string): Promise<PromptTemplate | undefined> => {
  const path = join(directory, PROMPT_FILE);
  try {
    return parsePromptFile(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw readFailure(path, error);
  }
};

/** Makes an adapter directory but for its matrices, which are written each time they are better. */
export const beginAdapterDirectory = async (
  directory: string,
  settings: LoraSettings & { readonly dropout: number },
  config: T5Config,
  base: string,
  prompt: PromptTemplate,
): Promise<void> => {
  await mkdir(directory, { recursive: true });
  await writeWhole(join(directory, PROMPT_FILE), serialisePrompt(prompt));
  await writeAdapterConfig(directory, adapterConfigJson(settings, config, base));
};

/**
 * Copies an adapter directory's files, and only these.
 *
 * @throws {Failure} When `from` is none.
 */
export const copyAdapter = async (from: string, to: string): Promise<void> => {
  if (!(await isAdapterDirectory(from))) {
    throw new Failure({
      what: 'no adapter directory',
      where: from,
      fix: 'give a directory with adapter_config.json, as train --lora leaves in RUN/model',
    });
  }
  await readAdapterConfig(from);
  await mkdir(to, { recursive: true });
  for (const name of [...OPTIONAL_FILES, ADAPTER_CONFIG, ADAPTER_WEIGHTS]) {
    const path = join(from, name);
    const bytes = await readFile(path).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT' && OPTIONAL_FILES.includes(name)) return undefined;
      throw readFailure(path, error);
    });
    if (bytes !== undefined) await writeWhole(join(to, name), bytes);
  }
};
