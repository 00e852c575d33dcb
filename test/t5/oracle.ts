/** @file Reads the reference models of `test/fixtures/t5`: inputs, and what Transformers computed from them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/t5/config.js';
import { openSafetensors } from '../../src/t5/safetensors.js';
import { readWeights } from '../../src/t5/weights.js';
import type { Value } from '../../src/tensors/index.js';
import type { TokenBatch } from '../../src/training/batch.js';

export const fixture = (...path: string[]): string =>
  join(fileURLToPath(new URL('../fixtures/t5', import.meta.url)), ...path);

export const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

export const readTensors = async (path: string): Promise<Map<string, Float32Array>> => {
  const file = await openSafetensors(path);
  const entries = await Promise.all(file.names.map(async (name) => [name, (await file.read(name)).data] as const));
  await file.close();
  return new Map(entries);
};

export const readModel = async (name: string) => {
  const config = await readConfig(fixture(name));
  return { config, ...(await readWeights(fixture(name), config)) };
};

export const ints = (rows: number[][]): Value => ({
  data: BigInt64Array.from(rows.flat(), BigInt),
  dims: [rows.length, rows[0].length],
});

export const readBatch = async (model: string, name: string): Promise<TokenBatch> => {
  const { input_ids, attention_mask, labels } = (await readJson(fixture(model, 'inputs.json')))[name];
  const expected = await readJson(fixture(model, 'expected.json'));
  return {
    size: input_ids.length,
    inputTokens: input_ids[0].length,
    targetTokens: labels[0].length,
    inputIds: ints(input_ids).data as BigInt64Array,
    attentionMask: ints(attention_mask).data as BigInt64Array,
    decoderInputIds: ints(expected[name].decoder_input_ids).data as BigInt64Array,
    labels: ints(labels).data as BigInt64Array,
    labelTokens: labels.flat().filter((label: number) => label !== -100).length,
  };
};

/** The largest absolute difference of two arrays, and that divided by the second's largest value. */
export const difference = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { absolute: number; relative: number } => {
  if (actual.length !== expected.length) return { absolute: Number.NaN, relative: Number.NaN };
  let absolute = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    if (!(distance <= absolute)) absolute = distance;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return { absolute, relative: absolute / largest };
};
