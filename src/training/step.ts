/**
 * @file The graph of a training step: loss and gradients of one batch, for the parameters that are being trained.
 * The loss is a sum over label tokens times a given scale, so that the gradients of several batches add up to those
 * of the mean over all their tokens, however many each has.
 */

import type { T5Config } from '../t5/config.js';
import { decode, encode, head } from '../t5/forward.js';
import { notingRows, type RowsRead } from '../t5/parameters.js';
import {
  compile,
  compileLoop,
  type ExecutionOptions,
  Graph,
  gradients,
  loopArrays,
  type MaskSource,
  mul,
  multiplyDims,
  type Program,
  plus,
  reshape,
  smoothedCrossEntropySum,
  type Tensor,
  type Value,
} from '../tensors/index.js';
import type { TokenBatch } from './batch.js';
import type { Trainable } from './optimizers/optimizer.js';
import { packedFeeds, placesInputs } from './packing.js';
import type { Tuning } from './tuning.js';

/** A compiled training step and the arrays it works on. */
export interface TrainingStep {
  /** The parameters, with the gradients that the last {@link computeGradients} left. */
  readonly parameters: readonly Trainable[];
  /**
   * Runs batches forward and backward; their gradients' sum is left in {@link parameters}.
   *
   * @param batches Micro-batches of one step.
   * @param step The step's number, which picks the dropout masks.
   * @param stopping Asked between micro-batches, so that a long step can be given up: then the result is undefined.
   * @returns The mean loss over all label tokens.
   */
  computeGradients(batches: readonly TokenBatch[], step: number, stopping?: () => boolean): Promise<number | undefined>;
  /** The summed loss of a batch without dropout, and without gradients. */
  lossSum(batch: TokenBatch): Promise<number>;
  release(): Promise<void>;
}

/** What {@link buildTrainingStep} needs. */
export interface TrainingStepOptions extends ExecutionOptions {
  readonly config: T5Config;
  readonly ownHead: boolean;
  /** What is trained; its arrays are changed in place by whoever steps. */
  readonly tuning: Tuning;
  /** Dropout rate of the model's own layers. */
  readonly dropout: number;
  /** Share of each label spread over all tokens in training; default 0. */
  readonly labelSmoothing?: number;
  readonly masks: MaskSource;
  /**
   * Leaves padding out of all but attention; the same loss and gradients. Pays where there is some: see
   * `isWorthPacking`. Default no.
   */
  readonly packed?: boolean;
}

/** Arrays of a parameter's size that an optimiser keeps beside its gradient: AdamW's. */
const MOMENTS = 2;

/** Compiles the step's two programs: with gradients and dropout, and loss alone. */
export const buildTrainingStep = async (options: TrainingStepOptions): Promise<TrainingStep> => {
  const { tuning, masks } = options;
  const batchFeeds = options.packed ? packedFeeds : paddedFeeds;
  const lean = { ...options, lean: true };
  const training = lossGraph(options, true);
  const scaled = mul(training.loss, training.graph.input('scale', 'float32', []));
  // The embedding's gradient is that of the rows read of it, added up after each run; only a tied head, which reads it
  // as a matrix too, has a part of it in the graph.
  const reads = training.reads.filter(({ table }) => tuning.trained.has(table));
  /** Of each table whose whole gradient is that of rows read: which of them are not 0. */
  const apart = new Map(options.ownHead ? reads.map(({ table }) => [table, new Set<number>()]) : []);
  const trained = [...tuning.trained];
  const gradientsOf = loopArrays(
    trained.map(([, { data }]) => data.length),
    MOMENTS,
  );
  const parameters = trained.map(
    ([name, { shape, data }], index): Trainable => ({
      name,
      shape,
      value: data,
      gradient: gradientsOf[index],
      rowsRead: apart.get(name),
    }),
  );
  const weights: [string, Value][] = [
    ...parameters.map(({ name, shape, value }): [string, Value] => [name, { data: value, dims: shape }]),
    ...tuning.frozen,
  ];
  const inGraph = parameters.filter(({ name }) => !apart.has(name));
  const derived = gradients(scaled, [
    ...inGraph.map(({ name }) => training.graph.inputs.get(name)!),
    ...reads.map(({ rows }) => rows),
  ]);
  const outputs = Object.fromEntries([
    ...inGraph.map(({ name }, i) => [name, derived[i]] as const),
    ...reads.map((_, i) => [`${ROWS}${i}`, derived[inGraph.length + i]] as const),
  ]);
  const backward: Program = await compile(training.graph, { loss: training.loss, ...outputs }, lean);
  const evaluating = lossGraph(options, false);
  const forward = await compile(evaluating.graph, { loss: evaluating.loss }, lean);

  const gradientArrays = new Map(parameters.map(({ name, gradient }) => [name, gradient]));
  const graphArrays = new Map(inGraph.map(({ name, gradient }) => [name, gradient]));
  const add = compileSum();
  let spare: Map<string, Float32Array> | undefined;

  return {
    parameters,
    computeGradients: async (batches, step, stopping) => {
      const tokens = batches.reduce((total, batch) => total + batch.labelTokens, 0);
      let loss = 0;
      for (const [index, batch] of batches.entries()) {
        let into = graphArrays;
        if (index > 0) {
          await new Promise(setImmediate);
          if (stopping?.()) return undefined;
          spare ??= new Map(inGraph.map(({ name, value }) => [name, new Float32Array(value.length)]));
          into = spare;
        } else
          for (const [table, rows] of apart)
            clearRows(gradientArrays.get(table)!, tuning.trained.get(table)!.shape, rows);
        const feeds = new Map([
          ...weights,
          ...batchFeeds(batch),
          ['scale', { data: Float32Array.of(1 / tokens), dims: [] }],
        ] as [string, Value][]);
        // Each pass of a step has masks of its own, whatever number of passes the step has.
        const result = await backward.run(feeds, into, { masks, step: index * 2 ** 32 + step });
        loss += (result.loss.data as Float32Array)[0];
        if (index > 0) for (const { name, gradient } of inGraph) add({ sum: gradient, part: into.get(name)! }, {});
        for (const [i, { table, ids }] of reads.entries()) {
          const rows = result[`${ROWS}${i}`].data as Float32Array;
          addRows(gradientArrays.get(table)!, feeds.get(ids.name)!.data as BigInt64Array, rows, apart.get(table));
        }
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

const compileSum = () => compileLoop(['sum', 'part'], [], ({ sum, part }) => ({ sum: plus(sum, part) }));

/** Sets rows of a table to 0 and forgets them. */
const clearRows = (table: Float32Array, [, width]: readonly number[], rows: Set<number>): void => {
  for (const row of rows) table.fill(0, row * width, (row + 1) * width);
  rows.clear();
};

/**
 * Adds each row to the row of a table that its id names, one after the other, so that runs stay reproducible.
 *
 * @param touched Where given, receives the ids.
 */
const addRows = (table: Float32Array, ids: BigInt64Array, rows: Float32Array, touched?: Set<number>): void => {
  const width = rows.length / ids.length;
  for (let row = 0; row < ids.length; row++) {
    const id = Number(ids[row]);
    touched?.add(id);
    const [to, from] = [id * width, row * width];
    for (let i = 0; i < width; i++) table[to + i] += rows[from + i];
  }
};

/** Prefix of the outputs that are gradients of rows. */
const ROWS = 'rows:';

const lossGraph = (
  { config, ownHead, tuning, dropout, labelSmoothing = 0, packed = false }: TrainingStepOptions,
  training: boolean,
): { graph: Graph; loss: Tensor; reads: RowsRead[] } => {
  const graph = new Graph();
  const shape = (side: 'input' | 'target'): string[] => (packed ? [`${side}Packed`] : ['batch', side]);
  const ids = graph.input('input_ids', 'int64', shape('input'));
  const mask = graph.input('attention_mask', 'int64', ['batch', 'input']);
  const decoderIds = graph.input('decoder_input_ids', 'int64', shape('target'));
  const labels = graph.input('labels', 'int64', shape('target'));
  const places = packed
    ? { inputPlaces: placesInputs(graph, 'input'), targetPlaces: placesInputs(graph, 'target') }
    : undefined;
  const reads: RowsRead[] = [];
  const parameters = notingRows(tuning.parameters(graph, training), reads);
  const model = { graph, config, parameters, ownHead, dropout: training ? dropout : 0 };
  const hidden = decode(model, decoderIds, encode(model, ids, mask, places), mask, places); // (…target, dModel)
  const positions = multiplyDims(...labels.shape);
  const logits = head(model, reshape(hidden, [positions, config.dModel])); // (positions, vocabulary)
  const smoothing = training ? labelSmoothing : 0;
  return { graph, reads, loss: smoothedCrossEntropySum(logits, reshape(labels, [positions]), smoothing) };
};

const paddedFeeds = (batch: TokenBatch): [string, Value][] => [
  ['input_ids', { data: batch.inputIds, dims: [batch.size, batch.inputTokens] }],
  ['attention_mask', { data: batch.attentionMask, dims: [batch.size, batch.inputTokens] }],
  ['decoder_input_ids', { data: batch.decoderInputIds, dims: [batch.size, batch.targetTokens] }],
  ['labels', { data: batch.labels, dims: [batch.size, batch.targetTokens] }],
];
