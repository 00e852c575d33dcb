/**
 * @file From the unpacked artefact of a job to a model directory as Transformers reads and writes it: weights in
 * safetensors, configuration, tokenizer; AWS's inference code and the trainer's leftovers stay out.
 */
import { copyFile, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readFailure, writeWhole } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';
import { type PromptTemplate, serialisePrompt } from '../../reports/prompt.js';
import { readConfig, type T5Config } from '../../t5/config.js';
import { openSafetensors } from '../../t5/safetensors.js';
import { convertTorchFile } from './convert.js';

/** What a model directory may hold beside its weights. */
const companions =
  /^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|adapter_config|prompt)\.json$|^(?:spiece\.model|README\.md)$/;
const weights = /^(?:model|pytorch_model|adapter_model)(?:-\d{5}-of-\d{5})?\.(?:safetensors|bin)$/;
const indexes = /^(?:model\.safetensors|pytorch_model\.bin)\.index\.json$/;

/** What became of an artefact. */
export interface ModelDirectory {
  /** A whole model, or an adapter that needs its base model. */
  readonly kind: 'model' | 'adapter';
  readonly files: readonly string[];
  /** Files of the artefact that were left out. */
  readonly left: readonly string[];
  /** Weight files that were converted from PyTorch's format. */
  readonly converted: readonly string[];
}

const filesBelow = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
};

/** The folder that holds the configuration, the one nearest to the top. */
const rootOf = (files: readonly string[], where: string): { root: string; kind: ModelDirectory['kind'] } => {
  const candidates = files
    .filter((file) => ['config.json', 'adapter_config.json'].includes(basename(file)))
    .sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
  const [first] = candidates;
  if (first === undefined) {
    throw new Failure({
      what: 'the artefact holds no model',
      where,
      got: `no config.json among ${files.length} files`,
      fix: 'check that the job trained a text model',
    });
  }
  const root = dirname(first) === '.' ? '' : dirname(first);
  const whole = candidates.includes(root === '' ? 'config.json' : `${root}/config.json`);
  return { root, kind: whole ? 'model' : 'adapter' };
};

/** `pytorch_model-00001-of-00002.bin` → `model-00001-of-00002.safetensors`. */
const convertedName = (name: string): string =>
  name.replace(/^pytorch_model/, 'model').replace(/\.bin$/, '.safetensors');

/** An index of shards for the converted files. */
const convertedIndex = (shards: ReadonlyMap<string, { names: readonly string[]; bytes: number }>): string => {
  const weightMap = [...shards].flatMap(([file, { names }]) => names.map((name) => [name, file] as const));
  const total = [...shards.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(weightMap.sort()) }, undefined, 2)}\n`;
};

/**
 * Makes a model directory of an unpacked artefact. Files are moved where that is possible, so that an artefact of
 * many gigabytes is not held twice.
 *
 * @param unpacked The artefact's folder.
 * @param directory Where the model directory is to stand; must be empty or missing.
 * @param prompt The prompt the model learned; written as `prompt.json`.
 * @throws {Failure} When there is no model in it, or its weights are of no kind that is read here.
 */
export const makeModelDirectory = async (
  unpacked: string,
  directory: string,
  prompt: PromptTemplate | undefined,
): Promise<ModelDirectory> => {
  const all = await filesBelow(unpacked);
  const { root, kind } = rootOf(all, unpacked);
  const here = all
    .filter((file) => (dirname(file) === '.' ? '' : dirname(file)) === root)
    .map((file) => basename(file));
  const safe = here.some((name) => weights.test(name) && name.endsWith('.safetensors'));
  const wanted = (name: string): boolean => {
    if (companions.test(name)) return true;
    if (weights.test(name)) return name.endsWith('.safetensors') === safe;
    return indexes.test(name) && name.startsWith('model.') && safe;
  };
  const chosen = here.filter(wanted).sort();
  if (!chosen.some((name) => weights.test(name))) {
    throw new Failure({
      what: 'the artefact holds no weights',
      where: join(unpacked, root),
      got: here.slice(0, 10).join(' '),
      fix: 'check that the job trained a text model',
    });
  }
  await mkdir(directory, { recursive: true });
  const files: string[] = [];
  const converted = new Map<string, { names: readonly string[]; bytes: number }>();
  for (const name of chosen) {
    const from = join(unpacked, root, name);
    if (weights.test(name) && name.endsWith('.bin')) {
      const target = convertedName(name);
      converted.set(target, await convertTorchFile(from, join(directory, target)));
      files.push(target);
    } else {
      await move(from, join(directory, name));
      files.push(name);
    }
  }
  if (converted.size > 1) {
    await writeWhole(join(directory, 'model.safetensors.index.json'), convertedIndex(converted));
    files.push('model.safetensors.index.json');
  }
  if (prompt !== undefined && !files.includes('prompt.json')) {
    await writeWhole(join(directory, 'prompt.json'), serialisePrompt(prompt));
    files.push('prompt.json');
  }
  const taken = new Set(chosen.map((name) => (root === '' ? name : `${root}/${name}`)));
  return {
    kind,
    files: files.sort(),
    left: all.filter((file) => !taken.has(file)),
    converted: [...converted.keys()],
  };
};

const move = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    await copyFile(from, to);
  }
};

/** The tensors every T5 of a configuration has, with their shapes. */
const expectedTensors = (config: T5Config): Map<string, readonly number[]> => {
  const inner = config.numHeads * config.dKv;
  const expected = new Map<string, readonly number[]>([['shared.weight', [config.vocabSize, config.dModel]]]);
  const attention = (prefix: string): void => {
    for (const matrix of ['q', 'k', 'v']) expected.set(`${prefix}.${matrix}.weight`, [inner, config.dModel]);
    expected.set(`${prefix}.o.weight`, [config.dModel, inner]);
  };
  const feedForward = (prefix: string): void => {
    const inputs = config.feedForwardProj === 'gated-gelu' ? ['wi_0', 'wi_1'] : ['wi'];
    for (const input of inputs) expected.set(`${prefix}.${input}.weight`, [config.dFf, config.dModel]);
    expected.set(`${prefix}.wo.weight`, [config.dModel, config.dFf]);
  };
  for (let i = 0; i < config.numLayers; i++) {
    attention(`encoder.block.${i}.layer.0.SelfAttention`);
    feedForward(`encoder.block.${i}.layer.1.DenseReluDense`);
  }
  for (let i = 0; i < config.numDecoderLayers; i++) {
    attention(`decoder.block.${i}.layer.0.SelfAttention`);
    attention(`decoder.block.${i}.layer.1.EncDecAttention`);
    feedForward(`decoder.block.${i}.layer.2.DenseReluDense`);
  }
  return expected;
};

const exists = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
};

/**
 * Checks that a model directory can be used: its configuration is a T5's, its tokenizer is there, every tensor is
 * there in the right shape and holds numbers.
 *
 * @returns How many tensors and values it has.
 * @throws {Failure} For the first thing that is wrong.
 */
export const checkModelDirectory = async (directory: string): Promise<{ tensors: number; values: number }> => {
  const config = await readConfig(directory);
  if (!(await exists(join(directory, 'tokenizer.json')))) {
    throw new Failure({
      what: 'no tokenizer.json',
      where: directory,
      fix: 'copy it from the base model, e.g. of google/flan-t5-base',
    });
  }
  const file = await openSafetensors(directory);
  let values = 0;
  try {
    for (const [name, shape] of expectedTensors(config)) {
      const { shape: found } = file.entry(name);
      if (found.join() !== shape.join()) {
        throw new Failure({
          what: `tensor ${name} does not fit config.json`,
          where: directory,
          got: `[${found.join(', ')}] for [${shape.join(', ')}]`,
          fix: 'pull it again',
        });
      }
    }
    for (const name of file.names) {
      const { data } = await file.read(name);
      values += data.length;
      // A sum is finite only when all its terms are, save for an overflow that no trained model comes near.
      let sum = 0;
      for (const value of data) sum += value;
      if (!Number.isFinite(sum)) {
        throw new Failure({
          what: 'the model holds values that are no numbers',
          where: `${directory} tensor ${name}`,
          fix: 'the training diverged: train again with a smaller learning_rate',
        });
      }
    }
    return { tensors: file.names.length, values };
  } finally {
    await file.close();
  }
};

/** An adapter's base model, as its configuration names it. */
export const adapterBase = async (directory: string): Promise<string> => {
  const path = join(directory, 'adapter_config.json');
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as { base_model_name_or_path?: unknown };
    return typeof value.base_model_name_or_path === 'string' ? value.base_model_name_or_path : '';
  } catch (error) {
    throw readFailure(path, error);
  }
};
