/**
 * @file How the forward pass gets its weights. The pass is written once and asks a {@link Parameters}; training,
 * generation and adapters differ only in what they answer: a trainable input, a frozen weight, a product of their own.
 */
import { Failure } from '../ground/failure.js';
import {
  type FilePlace,
  type Graph,
  gather,
  gatherRows,
  matmul,
  type QuantisedActivations,
  type QuantisedBits,
  quantisedMatmul,
  type Tensor,
  type Value,
} from '../tensors/index.js';
import type { T5Config } from './config.js';
import { type QuantisedWeight, quantisedRowSize } from './quantisation.js';

/** The weights of a model as a forward pass uses them; names are those of Transformers' files. */
export interface Parameters {
  /** x Wᵀ for the matrix W of shape (out, in) under `name`. */
  linear(name: string, x: Tensor): Tensor;
  /** A vector or table as it is. */
  tensor(name: string): Tensor;
  /** Rows of the table under `name`, chosen by integers: (…ids) to (…ids, width). */
  rows(name: string, ids: Tensor): Tensor;
}

/** Where a weight's numbers are. */
export interface WeightData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const dense = (tensor: (name: string) => Tensor): Parameters => ({
  tensor,
  linear: (name, x) => matmul(x, tensor(name), { transB: true }),
  rows: (name, ids) => gather(tensor(name), ids),
});

/** Rows that a graph read of a table, by which the table's gradient is known without being in the graph. */
export interface RowsRead {
  readonly table: string;
  readonly ids: Tensor;
  /** Shape (…ids, width). */
  readonly rows: Tensor;
}

/**
 * The same parameters, but that the rows read of tables pass no gradient on to them; they are noted instead.
 *
 * @param reads Receives each reading.
 */
export const notingRows = (base: Parameters, reads: RowsRead[]): Parameters => ({
  ...base,
  rows: (table, ids) => {
    const rows = gatherRows(base.tensor(table), ids);
    reads.push({ table, ids, rows });
    return rows;
  },
});

/** Weights that are inputs of the graph, so that gradients can be taken and steps made between runs. */
export const trainableParameters = (graph: Graph, shapes: ReadonlyMap<string, readonly number[]>): Parameters =>
  dense((name) => graph.inputs.get(name) ?? graph.input(name, 'float32', found(shapes, name)));

/**
 * Weights of which some matrices are rounded to 4 or 8 bits. All are inputs of the graph, the rounded ones as bytes and
 * scales under `NAME:blocks` and `NAME:scales` (see {@link quantisedInputs}): as fixed weights ONNX Runtime would turn
 * their float32 values, which gradients need, into constants, all at once.
 */
export const quantisedInputParameters = (
  graph: Graph,
  shapes: ReadonlyMap<string, readonly number[]>,
  quantised: ReadonlyMap<string, QuantisedWeight>,
): Parameters => {
  const others = trainableParameters(graph, shapes);
  return {
    ...others,
    linear: (name, x) => {
      const matrix = quantised.get(name);
      if (matrix === undefined) return others.linear(name, x);
      const { bits, shape } = matrix;
      const { bytes, scales } = quantisedRowSize(shape[1], bits);
      return quantisedMatmul(x, {
        bits,
        columns: shape[1],
        blocks: graph.input(`${name}:blocks`, 'uint8', [shape[0], scales, bytes / scales]),
        scales: graph.input(`${name}:scales`, 'float32', [shape[0], scales]),
      });
    },
  };
};

/** What a run is fed for {@link quantisedInputParameters}. */
export const quantisedInputs = (quantised: ReadonlyMap<string, QuantisedWeight>): [string, Value][] =>
  [...quantised].flatMap(
    ([
      name,
      {
        bits,
        shape: [rows, columns],
        blocks,
        scales,
      },
    ]): [string, Value][] => {
      const size = quantisedRowSize(columns, bits);
      return [
        [`${name}:blocks`, { data: blocks, dims: [rows, size.scales, size.bytes / size.scales] }],
        [`${name}:scales`, { data: scales, dims: [rows, size.scales] }],
      ];
    },
  );

/** Weights fixed when the graph is compiled. */
export const frozenParameters = (graph: Graph, weights: ReadonlyMap<string, WeightData>): Parameters =>
  dense((name) => {
    const known = graph.initializers.get(name);
    if (known) return known.tensor;
    const { shape, data } = found(weights, name);
    return graph.weight(name, shape, data);
  });

/** A weight in memory, or where it lies in a file as float32. */
export interface PlacedWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array | FilePlace;
}

/** A quantised matrix in memory, or where it lies in a file; shapes as in {@link QuantisedWeight}. */
export interface PlacedQuantised {
  readonly bits: QuantisedBits;
  readonly shape: readonly [rows: number, columns: number];
  readonly blocks: Uint8Array | FilePlace;
  readonly scales: Float32Array | FilePlace;
}

/** Weights fixed when the graph is compiled, mapped from their file where they have not been read. */
export const placedParameters = (graph: Graph, weights: ReadonlyMap<string, PlacedWeight>): Parameters =>
  dense((name) => {
    const { shape, data } = found(weights, name);
    return placed(graph, name, 'float32', shape, data);
  });

/**
 * Weights of which matrices are quantised; the others, and those that are read as tables, stay float32.
 *
 * @param activations How activations meet the integers.
 */
export const quantisedParameters = (
  graph: Graph,
  quantised: ReadonlyMap<string, PlacedQuantised>,
  weights: ReadonlyMap<string, PlacedWeight>,
  activations: QuantisedActivations,
): Parameters => {
  const whole = placedParameters(graph, weights);
  return {
    ...whole,
    linear: (name, x) => {
      const matrix = quantised.get(name);
      if (matrix === undefined) return whole.linear(name, x);
      const { bits, shape, blocks, scales } = matrix;
      const [rows, columns] = shape;
      const { bytes, scales: count } = quantisedRowSize(columns, bits);
      return quantisedMatmul(
        x,
        {
          bits,
          columns,
          blocks: placed(graph, `${name}.blocks`, 'uint8', [rows, count, bytes / count], blocks),
          scales: placed(graph, `${name}.scales`, 'float32', [rows, count], scales),
        },
        activations,
      );
    },
  };
};

const placed = (
  graph: Graph,
  name: string,
  dtype: 'float32' | 'uint8',
  shape: readonly number[],
  data: Float32Array | Uint8Array | FilePlace,
): Tensor =>
  graph.initializers.get(name)?.tensor ??
  ('file' in data ? graph.mappedWeight(name, dtype, shape, data) : graph.weight(name, shape, data));

const found = <Value>(map: ReadonlyMap<string, Value>, name: string): Value => {
  const value = map.get(name);
  if (value === undefined) throw new Failure({ what: 'the model has no weight of that name', got: name });
  return value;
};

/** The name of the head's matrix where it has one of its own; else it is the embedding's. */
export const HEAD = 'lm_head.weight';
/** The name of the embedding table shared by encoder and decoder. */
export const EMBEDDING = 'shared.weight';

/** The name of a part of a block, e.g. `encoder.block.0.layer.0.SelfAttention.q.weight`. */
export const blockPart = (stack: 'encoder' | 'decoder', block: number, layer: number, part: string): string =>
  `${stack}.block.${block}.layer.${layer}.${part}.weight`;

/**
 * Every weight of a model and its shape, in the order of Transformers' files.
 *
 * @param ownHead Whether the head has a matrix of its own (v1.1 and Flan) or uses the embedding (v1.0).
 */
export const parameterShapes = (config: T5Config, ownHead: boolean): Map<string, readonly number[]> => {
  const { dModel, dKv, dFf, numHeads, vocabSize } = config;
  const inner = numHeads * dKv;
  const shapes = new Map<string, readonly number[]>([[EMBEDDING, [vocabSize, dModel]]]);
  for (const stack of ['encoder', 'decoder'] as const) {
    const blocks = stack === 'encoder' ? config.numLayers : config.numDecoderLayers;
    const attentions = stack === 'encoder' ? ['SelfAttention'] : ['SelfAttention', 'EncDecAttention'];
    for (let block = 0; block < blocks; block++) {
      attentions.forEach((attention, layer) => {
        for (const part of ['q', 'k', 'v'])
          shapes.set(blockPart(stack, block, layer, `${attention}.${part}`), [inner, dModel]);
        shapes.set(blockPart(stack, block, layer, `${attention}.o`), [dModel, inner]);
        if (block === 0 && layer === 0) {
          const buckets = [config.relativeAttentionNumBuckets, numHeads];
          shapes.set(blockPart(stack, block, layer, `${attention}.relative_attention_bias`), buckets);
        }
        shapes.set(blockPart(stack, block, layer, 'layer_norm'), [dModel]);
      });
      const layer = attentions.length;
      for (const part of config.feedForwardProj === 'relu' ? ['wi'] : ['wi_0', 'wi_1']) {
        shapes.set(blockPart(stack, block, layer, `DenseReluDense.${part}`), [dFf, dModel]);
      }
      shapes.set(blockPart(stack, block, layer, 'DenseReluDense.wo'), [dModel, dFf]);
      shapes.set(blockPart(stack, block, layer, 'layer_norm'), [dModel]);
    }
    shapes.set(`${stack}.final_layer_norm.weight`, [dModel]);
  }
  if (ownHead) shapes.set(HEAD, [vocabSize, dModel]);
  return shapes;
};
