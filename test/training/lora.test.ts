import { describe, expect, it } from 'vitest';
import { adapterConfigJson, parseAdapterConfig, readAdapter } from '../../src/t5/adapter-files.js';
import { decode, encode, head } from '../../src/t5/forward.js';
import { initialAdapter, type LoraAdapter, mergeAdapter } from '../../src/t5/lora.js';
import { trainableParameters, type WeightData } from '../../src/t5/parameters.js';
import { compile, Graph, seededMasks, type Value } from '../../src/tensors/index.js';
import { adamW } from '../../src/training/optimizers/adamw.js';
import { buildTrainingStep } from '../../src/training/step.js';
import { loraTuning, type Tuning } from '../../src/training/tuning.js';
import { difference, fixture, readBatch, readJson, readModel, readTensors } from '../t5/oracle.js';

const load = async (name: string) => {
  const model = await readModel(name);
  return { ...model, adapter: await readAdapter(fixture(name, 'lora'), model.config) };
};

type Loaded = Awaited<ReturnType<typeof load>>;

const stepOf = ({ config, ownHead, tensors, adapter }: Loaded) =>
  buildTrainingStep({
    config,
    ownHead,
    tuning: loraTuning({ weights: tensors }, adapter, 0),
    dropout: 0,
    masks: seededMasks(0),
  });

const logitsOf = async (
  { config, ownHead }: Loaded,
  tuning: Pick<Tuning, 'trained' | 'frozen' | 'parameters'>,
  batchName: string,
  name: string,
) => {
  const batch = await readBatch(name, batchName);
  const graph = new Graph();
  const input = (key: string, width: string) => graph.input(key, 'int64', ['batch', width]);
  const mask = input('mask', 'input');
  const model = { graph, config, ownHead, dropout: 0, parameters: tuning.parameters(graph, false) };
  const logits = head(
    model,
    decode(model, input('decoder', 'target'), encode(model, input('ids', 'input'), mask), mask),
  );
  const program = await compile(graph, { logits });
  const weights = [
    ...[...tuning.trained].map(([key, { data, shape }]): [string, Value] => [key, { data, dims: shape }]),
    ...tuning.frozen,
  ];
  const result = await program.run(
    new Map<string, Value>([
      ...weights,
      ['ids', { data: batch.inputIds, dims: [batch.size, batch.inputTokens] }],
      ['mask', { data: batch.attentionMask, dims: [batch.size, batch.inputTokens] }],
      ['decoder', { data: batch.decoderInputIds, dims: [batch.size, batch.targetTokens] }],
    ]),
  );
  await program.release();
  return result.logits.data as Float32Array;
};

const merged = (weights: ReadonlyMap<string, WeightData>): Tuning => ({
  trained: weights,
  frozen: [],
  parameters: (graph) => trainableParameters(graph, new Map([...weights].map(([key, { shape }]) => [key, shape]))),
});

describe.each(['gated', 'relu'])('a LoRA adapter over the %s model equals PEFT', (name) => {
  it.each(['short', 'long'])('in the logits of the batch %s, apart or merged', async (batchName) => {
    const loaded = await load(name);
    const read = async (file: string) => (await readTensors(fixture(name, 'lora', file))).get(`${batchName}.logits`)!;
    const [wanted, exact] = [await read('expected.safetensors'), await read('float64.safetensors')];
    const apart = await logitsOf(loaded, loraTuning({ weights: loaded.tensors }, loaded.adapter, 0), batchName, name);
    const one = await logitsOf(loaded, merged(mergeAdapter(loaded.tensors, loaded.adapter)), batchName, name);
    // PEFT's float32 logits are themselves up to 1.1e-4 off from float64's, so that no right answer need be nearer to them;
    // see the fixtures' README.
    const own = difference(wanted, exact).absolute;
    for (const logits of [apart, one]) {
      expect(difference(logits, exact).absolute).toBeLessThan(1e-4);
      expect(difference(logits, wanted).absolute).toBeLessThan(own < 1e-4 ? 1e-4 : 1.3e-4);
    }
  });

  it.each(['short', 'long'])(
    'in loss and gradients of A and B of the batch %s, and derives no others',
    async (batchName) => {
      const step = await stepOf(await load(name));
      const batch = await readBatch(name, batchName);
      const loss = (await step.computeGradients([batch], 0))!;
      const { [batchName]: wanted } = await readJson(fixture(name, 'lora', 'expected.json'));
      expect(Math.abs(loss - wanted.loss)).toBeLessThan(1e-5);
      const expected = await readTensors(fixture(name, 'lora', 'expected.safetensors'));
      const named = [...expected.keys()].filter((key) => key.startsWith(`${batchName}.grad.`));
      expect(step.parameters.map((parameter) => `${batchName}.grad.${parameter.name}`).sort()).toEqual(named.sort());
      for (const parameter of step.parameters) {
        const { relative } = difference(parameter.gradient, expected.get(`${batchName}.grad.${parameter.name}`)!);
        expect(relative, parameter.name).toBeLessThan(1e-4);
      }
      await step.release();
    },
  );

  it('after three steps of AdamW', async () => {
    const step = await stepOf(await load(name));
    const batch = await readBatch(name, 'short');
    const optimizer = adamW();
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) {
      losses.push((await step.computeGradients([batch], i))!);
      optimizer.step(step.parameters, 1e-3);
    }
    losses.push((await step.lossSum(batch)) / batch.labelTokens);
    const expected = await readTensors(fixture(name, 'lora', 'expected.safetensors'));
    for (const parameter of step.parameters) {
      expect(difference(parameter.value, expected.get(`adamw3.${parameter.name}`)!).absolute).toBeLessThan(6e-6);
    }
    const json = await readJson(fixture(name, 'lora', 'expected.json'));
    expect(difference(losses, json.adamw3_losses_before_each_step_and_after).absolute).toBeLessThan(1e-5);
    await step.release();
  });

  it('starts as the base model: an untrained adapter changes no logit', async () => {
    const loaded = await load(name);
    const fresh: LoraAdapter = initialAdapter(loaded.config, { r: 3, alpha: 6, targets: ['all'] }, 1);
    const batch = await readBatch(name, 'short');
    const step = await stepOf({ ...loaded, adapter: fresh });
    const { short } = await readJson(fixture(name, 'lora', 'expected.json'));
    expect(Math.abs((await step.lossSum(batch)) / batch.labelTokens - short.base_loss)).toBeLessThan(1e-5);
    expect(fresh.scales.size).toBe(name === 'gated' ? 6 * 4 + 4 * 3 : 6 * 4 + 4 * 2);
    await step.release();
  });
});

describe('an adapter configuration', () => {
  const settings = { r: 8, alpha: 32, dropout: 0.1, targets: ['q', 'v'] };

  it('is read back as it was written', async () => {
    const { config } = await readModel('gated');
    expect(parseAdapterConfig(JSON.parse(adapterConfigJson(settings, config, 'base')), 'here')).toEqual({
      base: 'base',
      r: 8,
      alpha: 32,
      rankStabilised: false,
      alphaPattern: {},
    });
  });

  it.each([
    [{ peft_type: 'IA3' }, 'peft_type IA3'],
    [{ use_dora: true }, 'use_dora'],
    [{ bias: 'all' }, 'bias "all"'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ init_lora_weights: 'pissa_niter_16' }, 'init_lora_weights pissa_niter_16'],
  ])('of another kind is refused: %j', async (change, message) => {
    const { config } = await readModel('gated');
    const json = { ...JSON.parse(adapterConfigJson(settings, config, 'base')), ...change };
    expect(() => parseAdapterConfig(json, 'here')).toThrow(message);
  });
});
