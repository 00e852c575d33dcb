import { describe, expect, it } from 'vitest';
import { adaptedMatrices, initialAdapter } from '../../src/t5/lora.js';
import { dequantiseMatrix, quantiseMatrix } from '../../src/t5/quantisation.js';
import { seededMasks } from '../../src/tensors/index.js';
import { buildTrainingStep } from '../../src/training/step.js';
import { type FrozenBase, loraTuning } from '../../src/training/tuning.js';
import { difference, readBatch, readModel } from '../t5/oracle.js';

describe.each([4, 8] as const)('LoRA over a base rounded to %i bits', (bits) => {
  it.each([
    ['gated', 'short'],
    ['gated', 'long'],
    ['relu', 'short'],
    ['relu', 'long'],
  ])('has the loss and gradients of the dequantised dense %s model on the batch %s', async (name, batchName) => {
    const { config, tensors, ownHead } = await readModel(name);
    const matrices = adaptedMatrices(config, ['all']);
    const quantised = new Map(
      [...matrices].map(([key, [rows, columns]]) => [
        key,
        quantiseMatrix(tensors.get(key)!.data, [rows, columns], bits),
      ]),
    );
    const rest = new Map([...tensors].filter(([key]) => !quantised.has(key)));
    const dense = new Map([
      ...rest,
      ...[...quantised].map(([key, each]) => [key, { shape: each.shape, data: dequantiseMatrix(each) }] as const),
    ]);
    const batch = await readBatch(name, batchName);
    const run = async (base: FrozenBase, packed = false) => {
      const adapter = initialAdapter(config, { r: 4, alpha: 8, targets: ['all'] }, 1);
      // B is zero at the start, and then A has no gradient.
      for (const [key, { data }] of adapter.weights)
        if (key.includes('lora_B')) for (let i = 0; i < data.length; i++) data[i] = Math.sin(i) / 10;
      const tuning = loraTuning(base, adapter, 0);
      const step = await buildTrainingStep({ config, ownHead, tuning, dropout: 0, masks: seededMasks(0), packed });
      const loss = (await step.computeGradients([batch], 0))!;
      await step.release();
      return { loss, parameters: step.parameters };
    };
    const rounded = await run({ weights: rest, quantised }, true);
    const exact = await run({ weights: dense });
    expect(Math.abs(rounded.loss - exact.loss)).toBeLessThan(1e-5);
    for (const [i, { name: key, gradient }] of rounded.parameters.entries())
      expect(difference(gradient, exact.parameters[i].gradient).relative, key).toBeLessThan(1e-4);
  });
});
