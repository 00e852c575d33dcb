/**
 * @file How the forward pass gets its weights. The pass is written once and asks a {@link Parameters}; training,
 * generation and adapters differ only in what they answer: a trainable input, a frozen weight, a product of their own.
 */
import { Failure } from '../ground/failure.js';
import { type Graph, matmul, type Tensor } from '../tensors/index.js';
import type { T5Config } from './config.js';

/** The weights of a model as a forward pass uses them; names are those of Transformers' files. */
export interface Parameters {
  /** x Wᵀ for the matrix W of shape (out, in) under `name`. */
  linear(name: string, x: Tensor): Tensor;
  /** A vector or table as it is. */
  tensor(name: string): Tensor;
}

/** Where a weight's numbers are. */
export interface WeightData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const dense = (tensor: (name: string) => Tensor): Parameters => ({
  tensor,
  linear: (name, x) => matmul(x, tensor(name), { transB: true }),
});

/** Weights that are inputs of the graph, so that gradients can be taken and steps made between runs. */
export const trainableParameters = (graph: Graph, shapes: ReadonlyMap<string, readonly number[]>): Parameters =>
  dense((name) => graph.inputs.get(name) ?? graph.input(name, 'float32', found(shapes, name)));

/** Weights fixed when the graph is compiled. */
export const frozenParameters = (graph: Graph, weights: ReadonlyMap<string, WeightData>): Parameters =>
  dense((name) => {
    const known = graph.initializers.get(name);
    if (known) return known.tensor;
    const { shape, data } = found(weights, name);
    return graph.weight(name, shape, data);
  });

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
