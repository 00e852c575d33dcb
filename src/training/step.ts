/**
 * @file The graph of a training step: loss and gradients of one batch, for the parameters that are being trained.
 * The loss is a sum over label tokens times a given scale, so that the gradients of several batches add up to those
 * of the mean over all their tokens, however many each has.
 */

import type { T5Config } from '../t5/config.js';
import { decode, encode, head } from '../t5/forward.js';
import { parameterShapes, trainableParameters } from '../t5/parameters.js';
import {
  compile,
  crossEntropySum,
  type ExecutionOptions,
  Graph,
  gradients,
  type MaskSource,
  mul,
  type Program,
  reshape,
  type Tensor,
  type Value,
} from '../tensors/index.js';
import type { TokenBatch } from './batch.js';
import type { Trainable } from './optimizers/optimizer.js';

/** A compiled training step and the arrays it works on. */
export interface TrainingStep {
  /** The parameters, with the gradients that the last {@link computeGradients} left. */
  readonly parameters: readonly Trainable[];
  /**
   * Runs batches forward and backward; their gradients' sum is left in {@link parameters}.
   *
   * @param batches Micro-batches of one step.
   * @param step The step's number, which picks the dropout masks.
   * @returns The mean loss over all label tokens.
   */
  computeGradients(batches: readonly TokenBatch[], step: number): Promise<number>;
  /** The summed loss of a batch without dropout, and without gradients. */
  lossSum(batch: TokenBatch): Promise<number>;
  release(): Promise<void>;
}

/** What {@link buildTrainingStep} needs. */
export interface TrainingStepOptions extends ExecutionOptions {
  readonly config: T5Config;
  readonly ownHead: boolean;
  /** The parameters' values by name, changed in place by whoever steps. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Dropout rate. */
  readonly dropout: number;
  readonly masks: MaskSource;
}

/** Compiles the step's two programs: with gradients and dropout, and loss alone. */
export const buildTrainingStep = async (options: TrainingStepOptions): Promise<TrainingStep> => {
  const { config, ownHead, values, dropout, masks } = options;
  const shapes = parameterShapes(config, ownHead);
  const parameters = [...shapes].map(([name, shape]): Trainable => {
    const value = values.get(name)!;
    return { name, shape, value, gradient: new Float32Array(value.length) };
  });
  const weights: [string, Value][] = parameters.map(({ name, shape, value }) => [name, { data: value, dims: shape }]);

  const training = lossGraph(config, ownHead, dropout);
  const wanted = parameters.map(({ name }) => training.graph.inputs.get(name)!);
  const scaled = mul(training.loss, training.graph.input('scale', 'float32', []));
  const derived = gradients(scaled, wanted);
  const outputs = Object.fromEntries(parameters.map(({ name }, i) => [name, derived[i]]));
  const backward: Program = await compile(training.graph, { loss: training.loss, ...outputs }, options);
  const evaluating = lossGraph(config, ownHead, 0);
  const forward = await compile(evaluating.graph, { loss: evaluating.loss }, options);

  const gradientArrays = new Map(parameters.map(({ name, gradient }) => [name, gradient]));
  let spare: Map<string, Float32Array> | undefined;

  return {
    parameters,
    computeGradients: async (batches, step) => {
      const tokens = batches.reduce((total, batch) => total + batch.labelTokens, 0);
      let loss = 0;
      for (const [index, batch] of batches.entries()) {
        let into = gradientArrays;
        if (index > 0) {
          spare ??= new Map(parameters.map(({ name, value }) => [name, new Float32Array(value.length)]));
          into = spare;
        }
        const feeds = new Map([
          ...weights,
          ...batchFeeds(batch),
          ['scale', { data: Float32Array.of(1 / tokens), dims: [] }],
        ] as [string, Value][]);
        const result = await backward.run(feeds, into, { masks, step: step * batches.length + index });
        loss += (result.loss.data as Float32Array)[0];
        if (index > 0) for (const { name, gradient } of parameters) addInto(gradient, into.get(name)!);
      }
      return loss / tokens;
    },
    lossSum: async (batch) => {
      const result = await forward.run(new Map([...weights, ...batchFeeds(batch)]));
      return (result.loss.data as Float32Array)[0];
    },
    release: async () => {
      await backward.release();
      await forward.release();
    },
  };
};

const addInto = (sum: Float32Array, part: Float32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i];
};

const lossGraph = (config: T5Config, ownHead: boolean, dropout: number): { graph: Graph; loss: Tensor } => {
  const graph = new Graph();
  const ids = graph.input('input_ids', 'int64', ['batch', 'input']);
  const mask = graph.input('attention_mask', 'int64', ['batch', 'input']);
  const decoderIds = graph.input('decoder_input_ids', 'int64', ['batch', 'target']);
  const labels = graph.input('labels', 'int64', ['batch', 'target']);
  const parameters = trainableParameters(graph, parameterShapes(config, ownHead));
  const model = { graph, config, parameters, ownHead, dropout };
  const hidden = decode(model, decoderIds, encode(model, ids, mask), mask); // (batch, target, dModel)
  const logits = head(model, reshape(hidden, ['batch*target', config.dModel])); // (batch·target, vocabulary)
  return { graph, loss: crossEntropySum(logits, reshape(labels, ['batch*target'])) };
};

const batchFeeds = (batch: TokenBatch): [string, Value][] => [
  ['input_ids', { data: batch.inputIds, dims: [batch.size, batch.inputTokens] }],
  ['attention_mask', { data: batch.attentionMask, dims: [batch.size, batch.inputTokens] }],
  ['decoder_input_ids', { data: batch.decoderInputIds, dims: [batch.size, batch.targetTokens] }],
  ['labels', { data: batch.labels, dims: [batch.size, batch.targetTokens] }],
];
