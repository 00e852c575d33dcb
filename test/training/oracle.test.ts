import { describe, expect, it } from 'vitest';
import { seededMasks } from '../../src/tensors/index.js';
import { adafactor } from '../../src/training/optimizers/adafactor.js';
import { adamW } from '../../src/training/optimizers/adamw.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { buildTrainingStep } from '../../src/training/step.js';
import { fullTuning } from '../../src/training/tuning.js';
import { difference, fixture, readBatch, readJson, readModel, readTensors } from '../t5/oracle.js';

const stepOf = async (name: string, packed = false) => {
  const { config, tensors, ownHead } = await readModel(name);
  return buildTrainingStep({ config, ownHead, tuning: fullTuning(tensors), dropout: 0, masks: seededMasks(0), packed });
};

/** With padding in all of the step, and in attention alone. */
const LAYOUTS = [false, true];

describe.each(['gated', 'relu'])('training the %s model equals PyTorch', (name) => {
  it.each(['short', 'long', 'longdec'].flatMap((batchName) => LAYOUTS.map((packed) => [batchName, packed] as const)))(
    'in the loss of the batch %s, packed: %s',
    async (batchName, packed) => {
      const step = await stepOf(name, packed);
      const batch = await readBatch(name, batchName);
      const { loss } = (await readJson(fixture(name, 'expected.json')))[batchName];
      expect(Math.abs((await step.lossSum(batch)) / batch.labelTokens - loss)).toBeLessThan(5e-6);
      await step.release();
    },
  );

  it.each(['short', 'long'].flatMap((batchName) => LAYOUTS.map((packed) => [batchName, packed] as const)))(
    'in every gradient of the batch %s, packed: %s',
    async (batchName, packed) => {
      const step = await stepOf(name, packed);
      const batch = await readBatch(name, batchName);
      await step.computeGradients([batch], 0);
      const expected = await readTensors(fixture(name, `grads_${batchName}.safetensors`));
      expect(step.parameters.map((parameter) => parameter.name).sort()).toEqual([...expected.keys()].sort());
      let squares = 0;
      for (const parameter of step.parameters) {
        const { absolute, relative } = difference(parameter.gradient, expected.get(parameter.name)!);
        expect(absolute, parameter.name).toBeLessThan(6e-5);
        expect(relative, parameter.name).toBeLessThan(4e-5);
        for (const g of parameter.gradient) squares += g * g;
      }
      const { grad_global_norm } = (await readJson(fixture(name, 'expected.json')))[batchName];
      expect(Math.abs(Math.sqrt(squares) / grad_global_norm - 1)).toBeLessThan(1e-5);
      await step.release();
    },
  );

  it('in gradients accumulated over two halves of a batch', async () => {
    const step = await stepOf(name);
    const batch = await readBatch(name, 'short');
    const part = (from: number, to: number) => {
      const cut = (array: BigInt64Array, width: number) => array.slice(from * width, to * width);
      const labels = cut(batch.labels, batch.targetTokens);
      return {
        ...batch,
        size: to - from,
        inputIds: cut(batch.inputIds, batch.inputTokens),
        attentionMask: cut(batch.attentionMask, batch.inputTokens),
        decoderInputIds: cut(batch.decoderInputIds, batch.targetTokens),
        labels,
        labelTokens: labels.filter((label) => label !== -100n).length,
      };
    };
    await step.computeGradients([part(0, 1), part(1, 3)], 0);
    const expected = await readTensors(fixture(name, 'grads_short.safetensors'));
    for (const parameter of step.parameters) {
      expect(difference(parameter.gradient, expected.get(parameter.name)!).absolute, parameter.name).toBeLessThan(6e-5);
    }
    await step.release();
  });

  // Noise of the reference against float64: 2e-6 (AdamW), 4e-7 (Adafactor); a step moves parameters by up to 3e-3.
  it.each<[string, Optimizer, number]>([
    ['adamw3', adamW(), 6e-6],
    ['adafactor3', adafactor(), 2e-6],
  ])('after three steps of %s', async (key, optimizer, tolerance) => {
    const step = await stepOf(name);
    const batch = await readBatch(name, 'short');
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) {
      losses.push((await step.computeGradients([batch], i))!);
      optimizer.step(step.parameters, 1e-3);
    }
    losses.push((await step.lossSum(batch)) / batch.labelTokens);
    const expected = await readTensors(fixture(name, `${key}.safetensors`));
    for (const parameter of step.parameters) {
      expect(difference(parameter.value, expected.get(parameter.name)!).absolute, parameter.name).toBeLessThan(
        tolerance,
      );
    }
    const { losses_before_each_step_and_after: wanted } = (await readJson(fixture(name, 'expected.json')))[key];
    expect(difference(losses, wanted).absolute).toBeLessThan(1e-5);
    await step.release();
  });
});
