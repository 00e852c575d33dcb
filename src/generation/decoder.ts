/**
 * @file A T5 made ready to decode: one program that encodes inputs and works out the cross-attention's keys and values,
 * one that decodes further tokens over caches. Both only compute; what a draft has so far is kept by `lanes.ts`.
 */
import type { T5Config } from '../t5/config.js';
import { crossKeysValues, decodeFurther, encode, head, type KeysValues, type T5 } from '../t5/forward.js';
import { adaptedParameters, type LoraAdapter } from '../t5/lora.js';
import {
  frozenParameters,
  type Parameters,
  parameterShapes,
  quantisedInputParameters,
  quantisedInputs,
  type WeightData,
} from '../t5/parameters.js';
import type { QuantisedWeight } from '../t5/quantisation.js';
import {
  compile,
  type ExecutionOptions,
  Graph,
  logSumExp,
  type Program,
  type Tensor,
  type Value,
} from '../tensors/index.js';

/** Keys and values of inputs, two arrays a decoder block, keys first: each of shape (rows, heads, width, dKv). */
export interface EncodedRows {
  readonly width: number;
  readonly arrays: readonly Float32Array[];
}

/** What one decoding step reads; shapes as {@link decodeFurther}'s, arrays in the order of {@link EncodedRows}. */
export interface StepInput {
  readonly lanes: number;
  readonly queries: number;
  /** Shape (lanes, queries). */
  readonly ids: BigInt64Array;
  /** Shape (lanes, queries, capacity + queries). */
  readonly buckets: BigInt64Array;
  readonly capacity: number;
  readonly cache: readonly Float32Array[];
  readonly width: number;
  readonly cross: readonly Float32Array[];
  /** Shape (lanes, width). */
  readonly mask: BigInt64Array;
}

/** What one decoding step makes. */
export interface StepOutput {
  /** Shape (lanes, queries, vocabulary). */
  readonly logits: Float32Array;
  /** Σ e^logit's logarithm, shape (lanes, queries): a logit less it is a log-probability. */
  readonly normalisers: Float32Array;
  /** Of shape (lanes, heads, queries, dKv), in the order of {@link EncodedRows}. */
  readonly added: readonly Float32Array[];
}

/** A compiled encoder and decoder. */
export interface Decoder {
  readonly config: T5Config;
  /** Encodes rows of token ids (each with its end token), padded to the longest. */
  encode(inputs: readonly (readonly number[])[]): Promise<EncodedRows>;
  step(input: StepInput): Promise<StepOutput>;
  release(): Promise<void>;
}

/** What a decoder is made of. */
export interface DecoderModel {
  readonly config: T5Config;
  readonly weights: ReadonlyMap<string, WeightData>;
  readonly ownHead: boolean;
}

/** A model that is being trained. */
export interface LiveModel extends DecoderModel {
  /** Matrices rounded to integers, which are then not in `weights`. */
  readonly quantised?: ReadonlyMap<string, QuantisedWeight>;
}

/** How a graph gets the model's weights. */
export type ParametersOf = (graph: Graph) => Parameters;

/**
 * Compiles a decoder over fixed float32 weights held in memory.
 *
 * @example const decoder = await buildDecoder(model); const { arrays } = await decoder.encode([[5, 6, 1]]);
 */
export const buildDecoder = (model: DecoderModel, options: ExecutionOptions = {}): Promise<Decoder> =>
  compileDecoder(model, (graph) => frozenParameters(graph, model.weights), options);

/**
 * Compiles a decoder that reads its weights anew at each run, so that it follows arrays which training changes.
 *
 * @param model Its matrices may be rounded to integers.
 * @param adapter On top of the model, not worked into it: there is no merging into integers.
 */
export const buildLiveDecoder = (
  model: LiveModel,
  options: ExecutionOptions = {},
  adapter?: LoraAdapter,
): Promise<Decoder> => {
  const { quantised = new Map() } = model;
  const shapes = parameterShapes(model.config, model.ownHead);
  const parametersOf = (graph: Graph): Parameters => {
    const base = quantisedInputParameters(graph, shapes, quantised);
    return adapter === undefined ? base : adaptedParameters(graph, base, adapter, 0);
  };
  const floats = [...model.weights, ...(adapter?.weights ?? [])];
  const fed = floats.map(([name, { data, shape }]): [string, Value] => [name, { data, dims: shape }]);
  return compileDecoder(model, parametersOf, options, [...fed, ...quantisedInputs(quantised)]);
};

/**
 * Compiles a decoder over weights that `parametersOf` provides.
 *
 * @param fed Fed to both programs at every run; default nothing.
 */
export const compileDecoder = async (
  { config, ownHead }: { readonly config: T5Config; readonly ownHead: boolean },
  parametersOf: ParametersOf,
  options: ExecutionOptions = {},
  fed: readonly [string, Value][] = [],
): Promise<Decoder> => {
  const { numHeads, dKv, numDecoderLayers } = config;
  const execution = { ...options, fused: true };
  const describe = (): { model: T5; mask: Tensor } => {
    const graph = new Graph();
    const mask = graph.input('mask', 'int64', ['batch', 'input']);
    return { model: { graph, config, parameters: parametersOf(graph), ownHead, dropout: 0 }, mask };
  };
  const arrayNames = Array.from({ length: numDecoderLayers }, (_, block) => [
    `keys.${block}`,
    `values.${block}`,
  ]).flat();
  const named = (pairs: readonly KeysValues[]): Record<string, Tensor> =>
    Object.fromEntries(
      pairs.flatMap(({ keys, values }, block) => [
        [`keys.${block}`, keys],
        [`values.${block}`, values],
      ]),
    );

  const compileEncoder = (): Promise<Program> => {
    const { model, mask } = describe();
    const encoded = encode(model, model.graph.input('ids', 'int64', ['batch', 'input']), mask);
    return compile(model.graph, named(crossKeysValues(model, encoded)), execution);
  };

  const compileStep = (): Promise<Program> => {
    const { model, mask } = describe();
    const { graph } = model;
    const given = (prefix: string, block: number, dim: string): KeysValues => ({
      keys: graph.input(`${prefix}.keys.${block}`, 'float32', ['batch', numHeads, dim, dKv]),
      values: graph.input(`${prefix}.values.${block}`, 'float32', ['batch', numHeads, dim, dKv]),
    });
    const blocks = Array.from({ length: numDecoderLayers }, (_, block) => block);
    const { hidden, added } = decodeFurther(
      model,
      graph.input('ids', 'int64', ['batch', 'queries']),
      graph.input('buckets', 'int64', ['batch', 'queries', 'cache+queries']),
      blocks.map((block) => given('cache', block, 'cache')),
      blocks.map((block) => given('cross', block, 'input')),
      mask,
    );
    const logits = head(model, hidden); // (batch, queries, vocabulary)
    return compile(graph, { logits, normalisers: logSumExp(logits), ...named(added) }, execution);
  };

  const encoder = await compileEncoder();
  const step = await compileStep();
  const arraysOf = (result: Record<string, Value>): Float32Array[] =>
    arrayNames.map((name) => result[name].data as Float32Array);
  return {
    config,
    encode: async (inputs) => {
      const { ids, mask, width } = padded(inputs, config.padTokenId);
      const dims = [inputs.length, width];
      const feeds = new Map<string, Value>([...fed, ['ids', { data: ids, dims }], ['mask', { data: mask, dims }]]);
      return { width, arrays: arraysOf(await encoder.run(feeds)) };
    },
    step: async ({ lanes, queries, ids, buckets, capacity, cache, width, cross, mask }) => {
      const feeds = new Map<string, Value>([
        ...fed,
        ['ids', { data: ids, dims: [lanes, queries] }],
        ['buckets', { data: buckets, dims: [lanes, queries, capacity + queries] }],
        ['mask', { data: mask, dims: [lanes, width] }],
      ]);
      for (const [index, name] of arrayNames.entries()) {
        feeds.set(`cache.${name}`, { data: cache[index], dims: [lanes, numHeads, capacity, dKv] });
        feeds.set(`cross.${name}`, { data: cross[index], dims: [lanes, numHeads, width, dKv] });
      }
      const result = await step.run(feeds);
      return {
        logits: result.logits.data as Float32Array,
        normalisers: result.normalisers.data as Float32Array,
        added: arraysOf(result),
      };
    },
    release: async () => {
      await encoder.release();
      await step.release();
    },
  };
};

const padded = (inputs: readonly (readonly number[])[], padTokenId: number) => {
  const width = Math.max(...inputs.map((input) => input.length));
  const ids = new BigInt64Array(inputs.length * width).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(inputs.length * width);
  for (const [row, input] of inputs.entries()) {
    for (const [column, id] of input.entries()) {
      ids[row * width + column] = BigInt(id);
      mask[row * width + column] = 1n;
    }
  }
  return { ids, mask, width };
};
