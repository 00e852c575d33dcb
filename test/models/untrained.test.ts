/** @file Untrained weights: the tensors of Transformers' models, at Transformers' deviations. */
import { describe, expect, it } from 'vitest';
import { initialWeights } from '../../src/models/untrained.js';
import { readConfig } from '../../src/t5/config.js';
import { openSafetensors } from '../../src/t5/safetensors.js';

const deviationOf = (data: Float32Array): number => {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
};

describe('untrained weights', () => {
  it.each(['gated', 'relu'])('have the names and shapes of a model that Transformers saved: %s', async (model) => {
    const directory = `test/fixtures/t5/${model}`;
    const saved = await openSafetensors(directory);
    const weights = initialWeights(await readConfig(directory), 0);
    const shapes = Object.fromEntries(saved.names.map((name) => [name, saved.entry(name).shape]));
    expect(Object.fromEntries([...weights].map(([name, { shape }]) => [name, shape]))).toEqual(shapes);
    await saved.close();
  });

  it("have the deviations of Transformers' _init_weights, but for the head", async () => {
    const config = { ...(await readConfig('test/fixtures/t5/gated')), dModel: 64, dKv: 16, numHeads: 8, dFf: 256 };
    const weights = initialWeights(config, 1);
    const self = 'decoder.block.1.layer.0.SelfAttention';
    const expected = {
      'shared.weight': 1,
      'lm_head.weight': 1 / 8, // not Transformers' 1, see the file's head
      [`${self}.q.weight`]: 1 / 32, // (64 * 16) ** -0.5
      [`${self}.k.weight`]: 1 / 8,
      [`${self}.v.weight`]: 1 / 8,
      [`${self}.o.weight`]: 128 ** -0.5,
      'encoder.block.0.layer.1.DenseReluDense.wi_0.weight': 1 / 8,
      'encoder.block.0.layer.1.DenseReluDense.wo.weight': 1 / 16,
      'encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight': 1 / 8,
    };
    for (const [name, deviation] of Object.entries(expected)) {
      const { data } = weights.get(name)!;
      // Within four standard errors of a deviation estimated from so many values.
      expect(Math.abs(deviationOf(data) / deviation - 1), name).toBeLessThan(4 / Math.sqrt(2 * data.length));
    }
    expect(new Set(weights.get('decoder.final_layer_norm.weight')!.data)).toEqual(new Set([1]));
    const half = initialWeights({ ...config, initializerFactor: 0.5 }, 1);
    expect(half.get('shared.weight')!.data[3]).toBe(weights.get('shared.weight')!.data[3]! / 2);
    expect(half.get('encoder.final_layer_norm.weight')!.data[0]).toBe(0.5);
  });

  it('are the same for the same seed, and no two tensors alike', async () => {
    const config = await readConfig('test/fixtures/t5/gated');
    expect(initialWeights(config, 5)).toEqual(initialWeights(config, 5));
    const first = (seed: number, name: string) => initialWeights(config, seed).get(name)!.data[0];
    expect(first(5, 'shared.weight')).not.toBe(first(6, 'shared.weight'));
    expect(first(5, 'shared.weight')).not.toBe(first(5, 'lm_head.weight'));
  });
});
