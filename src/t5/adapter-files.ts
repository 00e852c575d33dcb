/**
 * @file A LoRA adapter as PEFT's `save_pretrained` writes it and `from_pretrained` reads it: `adapter_config.json` and
 * `adapter_model.safetensors`. Kinds of adapter whose maths is another than LoRA's are refused by name.
 * Source: peft 0.21, `LoraConfig` and `LoraModel`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import type { T5Config } from './config.js';
import { type LoraAdapter, type LoraSettings, loraName, targetModules } from './lora.js';
import { parameterShapes, type WeightData } from './parameters.js';
import { openSafetensors, writeSafetensors } from './safetensors.js';

/** The file that makes a directory an adapter's. */
export const ADAPTER_CONFIG = 'adapter_config.json';
/** The file with its matrices. */
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

/** What an adapter's own files say. */
export interface AdapterConfig {
  /** The model it was trained on: a directory or a hub id. */
  readonly base: string | undefined;
  readonly r: number;
  readonly alpha: number;
  readonly rankStabilised: boolean;
  /** Ranks' and alphas' exceptions: PEFT's patterns over module names. */
  readonly alphaPattern: Readonly<Record<string, number>>;
}

const schema = z.looseObject({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().min(1).default(8),
  lora_alpha: z.number().default(8),
  use_rslora: z.boolean().nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});

/** Settings that change what an adapter computes, beyond LoRA; each must be off. */
const OTHER_KINDS = [
  ...['use_dora', 'use_bdlora', 'use_qalora', 'fan_in_fan_out', 'lora_bias', 'modules_to_save', 'layer_replication'],
  ...['trainable_token_indices', 'target_parameters', 'alora_invocation_tokens', 'arrow_config', 'megatron_config'],
  ...['kasa_config', 'monteclora_config', 'velora_config'],
];
/** Starts of A and B that change the base weights too. */
const BASE_CHANGING_STARTS = /^(pissa|olora|corda|loftq)/;

/**
 * Understands a parsed `adapter_config.json`.
 *
 * @throws {Failure} When it is no LoRA adapter's, or of a kind that computes something else.
 */
export const parseAdapterConfig = (json: unknown, where: string): AdapterConfig => {
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new Failure({
      what: `not an adapter's configuration, wrong ${issue.path.join('.') || 'content'}`,
      where,
      got: issue.message,
      fix: 'give an adapter directory as PEFT or `impressionist train --lora` writes it',
    });
  }
  const found = result.data;
  const refuse = (got: string): never => {
    throw new Failure({
      what: 'unsupported kind of adapter',
      where,
      got,
      fix: 'use a plain LoRA adapter, or merge this one into its base with PEFT (merge_and_unload)',
    });
  };
  if (found.peft_type !== 'LORA') refuse(`peft_type ${found.peft_type}`);
  if (found.bias !== undefined && found.bias !== 'none') refuse(`bias ${JSON.stringify(found.bias)}`);
  for (const key of OTHER_KINDS) {
    const value = found[key];
    const off =
      value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
    if (!off) refuse(key);
  }
  const start = found.init_lora_weights;
  if (typeof start === 'string' && BASE_CHANGING_STARTS.test(start)) refuse(`init_lora_weights ${start}`);
  return {
    base: found.base_model_name_or_path ?? undefined,
    r: found.r,
    alpha: found.lora_alpha,
    rankStabilised: found.use_rslora ?? false,
    alphaPattern: found.alpha_pattern ?? {},
  };
};

/**
 * Reads `adapter_config.json` of an adapter directory.
 *
 * @throws {Failure} When it is missing or not a LoRA adapter's.
 */
export const readAdapterConfig = async (directory: string): Promise<AdapterConfig> => {
  const path = join(directory, ADAPTER_CONFIG);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Failure({ what: 'not JSON', where: path, fix: 'save the adapter again' }, { cause: error });
    throw readFailure(path, error);
  }
  return parseAdapterConfig(json, path);
};

/** PEFT's rule: a pattern names a module if it matches its name's end from a dot or the beginning on. */
const patterned = (patterns: Readonly<Record<string, number>>, module: string, otherwise: number): number => {
  const key = Object.keys(patterns).find((pattern) => new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module));
  return key === undefined ? otherwise : patterns[key];
};

/**
 * Reads an adapter's matrices.
 *
 * @param config The base model's.
 * @throws {Failure} When a tensor is missing, of a wrong shape, or not an adapted linear layer's of such a model.
 * @example const adapter = await readAdapter('runs/lora/model', base.config);
 */
export const readAdapter = async (directory: string, config: T5Config): Promise<LoraAdapter> => {
  const described = await readAdapterConfig(directory);
  const path = join(directory, ADAPTER_WEIGHTS);
  const file = await openSafetensors(path);
  try {
    const scales = new Map<string, number>();
    const weights = new Map<string, WeightData>();
    const unknown = new Set(file.names);
    for (const [matrix, [out, input]] of parameterShapes(config, !config.scaleDecoderOutputs)) {
      const [nameA, nameB] = [loraName(matrix, 'A'), loraName(matrix, 'B')];
      if (!file.has(nameA) && !file.has(nameB)) continue;
      for (const name of [nameA, nameB]) {
        if (!file.has(name))
          throw new Failure({ what: 'a matrix of the adapter is missing', where: `${name} of ${path}` });
        unknown.delete(name);
      }
      const [a, b] = [await file.read(nameA), await file.read(nameB)];
      const r = a.shape[0];
      if (a.shape.join() !== [r, input].join() || b.shape.join() !== [out, r].join()) {
        throw new Failure({
          what: `the adapter does not fit the base model, whose matrix is [${out}, ${input}]`,
          where: `${nameA} of ${path}`,
          got: `A [${a.shape.join(', ')}], B [${b.shape.join(', ')}]`,
          fix: `use the model it was trained on${described.base === undefined ? '' : `: ${described.base}`}`,
        });
      }
      const alpha = patterned(described.alphaPattern, matrix.replace(/\.weight$/, ''), described.alpha);
      scales.set(matrix, alpha / (described.rankStabilised ? Math.sqrt(r) : r));
      weights.set(nameA, a);
      weights.set(nameB, b);
    }
    if (unknown.size > 0 || scales.size === 0) {
      throw new Failure({
        what: 'the adapter has tensors that adapt no linear layer of the base model',
        where: path,
        got: unknown.size === 0 ? 'none at all' : `${unknown.size}, such as ${[...unknown][0]}`,
        fix: `use the model it was trained on${described.base === undefined ? '' : `: ${described.base}`}`,
      });
    }
    return { scales, weights };
  } finally {
    await file.close();
  }
};

/**
 * The text of an `adapter_config.json`, as PEFT reads it. It names no `task_type`: PEFT then wraps the model plainly, which
 * is all an encoder-decoder needs, while its wrapper for `SEQ_2_SEQ_LM` (up to 0.21 at least) asks for a method that
 * Transformers 5 no longer has.
 */
export const adapterConfigJson = (
  settings: LoraSettings & { readonly dropout: number },
  config: T5Config,
  base: string,
): string =>
  `${JSON.stringify(
    {
      alpha_pattern: {},
      auto_mapping: null,
      base_model_name_or_path: base,
      bias: 'none',
      fan_in_fan_out: false,
      inference_mode: true,
      init_lora_weights: true,
      layers_pattern: null,
      layers_to_transform: null,
      lora_alpha: settings.alpha,
      lora_dropout: settings.dropout,
      modules_to_save: null,
      peft_type: 'LORA',
      r: settings.r,
      rank_pattern: {},
      revision: null,
      target_modules: targetModules(settings.targets, config),
      task_type: null,
      use_dora: false,
      use_rslora: false,
    },
    null,
    2,
  )}\n`;

/** Writes an adapter directory's configuration; the matrices follow with {@link writeAdapterWeights}. */
export const writeAdapterConfig = (directory: string, json: string): Promise<void> =>
  writeWhole(join(directory, ADAPTER_CONFIG), json);

/** Writes (or replaces) an adapter directory's matrices. */
export const writeAdapterWeights = (directory: string, weights: ReadonlyMap<string, WeightData>): Promise<void> =>
  writeSafetensors(join(directory, ADAPTER_WEIGHTS), weights, { format: 'pt' });
