/**
 * @file A T5 made ready to decode: one program that encodes a batch and works out the cross-attention's keys and values,
 * one that decodes a further token for every row over caches. {@link DecodingBatch} is the state between tokens.
 */

import type { T5Config } from '../t5/config.js';
import { crossKeysValues, decodeNext, encode, head, type KeysValues } from '../t5/forward.js';
import { frozenParameters, parameterShapes, trainableParameters, type WeightData } from '../t5/parameters.js';
import {
  compile,
  type ExecutionOptions,
  Graph,
  type Program,
  reshape,
  type Tensor,
  type Value,
} from '../tensors/index.js';

/** Places by which a cache grows when it is full. */
const CACHE_BLOCK = 32;

/** A compiled encoder and decoder. */
export interface Decoder {
  readonly config: T5Config;
  /** Encodes rows of token ids (each with its end token), padded to the longest. */
  begin(inputs: readonly (readonly number[])[]): Promise<DecodingBatch>;
  release(): Promise<void>;
}

/** Rows being decoded. */
export interface DecodingBatch {
  readonly rows: number;
  /**
   * Decodes one further position of every row.
   *
   * @param ids The last token of each row (the start token at first).
   * @returns Each row's logits, views of one array that is only good until the next call.
   */
  next(ids: readonly number[]): Promise<Float32Array[]>;
  /** Goes on with only these rows, in this order. */
  keep(rows: readonly number[]): void;
}

/** What a decoder is made of. */
export interface DecoderModel {
  readonly config: T5Config;
  readonly weights: ReadonlyMap<string, WeightData>;
  readonly ownHead: boolean;
}

/**
 * Compiles a decoder over fixed weights.
 *
 * @example const decoder = await buildDecoder(model); const batch = await decoder.begin([[5, 6, 1]]);
 */
export const buildDecoder = (model: DecoderModel, options: ExecutionOptions = {}): Promise<Decoder> =>
  build(model, false, options);

/** Compiles a decoder that reads its weights anew at each run, so that it follows arrays which training changes. */
export const buildLiveDecoder = (model: DecoderModel, options: ExecutionOptions = {}): Promise<Decoder> =>
  build(model, true, options);

const build = async (
  { config, weights, ownHead }: DecoderModel,
  live: boolean,
  options: ExecutionOptions,
): Promise<Decoder> => {
  const { numHeads, dKv, numDecoderLayers } = config;
  const shapes = parameterShapes(config, ownHead);
  const describe = (graph: Graph) => {
    const parameters = live ? trainableParameters(graph, shapes) : frozenParameters(graph, weights);
    const mask = graph.input('mask', 'int64', ['batch', 'input']);
    return { model: { graph, config, parameters, ownHead, dropout: 0 }, mask };
  };
  const named = (pairs: readonly KeysValues[], prefix: string): [string, Tensor][] =>
    pairs.flatMap(({ keys, values }, block): [string, Tensor][] => [
      [`${prefix}.keys.${block}`, keys],
      [`${prefix}.values.${block}`, values],
    ]);

  const compileEncoder = (): Promise<Program> => {
    const graph = new Graph();
    const { model, mask } = describe(graph);
    const encoded = encode(model, graph.input('ids', 'int64', ['batch', 'input']), mask);
    return compile(graph, Object.fromEntries(named(crossKeysValues(model, encoded), 'cross')), options);
  };

  const compileStep = (): Promise<Program> => {
    const graph = new Graph();
    const { model, mask } = describe(graph);
    const given = (prefix: string, block: number, dim: string): KeysValues => ({
      keys: graph.input(`${prefix}.keys.${block}`, 'float32', ['batch', numHeads, dim, dKv]),
      values: graph.input(`${prefix}.values.${block}`, 'float32', ['batch', numHeads, dim, dKv]),
    });
    const blocks = Array.from({ length: numDecoderLayers }, (_, block) => block);
    const { hidden, added } = decodeNext(
      model,
      graph.input('ids', 'int64', ['batch', 1]),
      graph.input('position', 'int64', ['batch']),
      blocks.map((block) => given('cache', block, 'cache')),
      blocks.map((block) => given('cross', block, 'input')),
      mask,
    );
    const logits = head(model, reshape(hidden, ['batch', config.dModel]));
    return compile(graph, { logits, ...Object.fromEntries(named(added, 'cache')) }, options);
  };

  const encoder = await compileEncoder();
  const step = await compileStep();
  const live_: [string, Value][] = live
    ? [...weights].map(([name, { data, shape }]) => [name, { data, dims: shape }])
    : [];
  return {
    config,
    begin: (inputs) => beginBatch(config, encoder, step, live_, inputs),
    release: async () => {
      await encoder.release();
      await step.release();
    },
  };
};

const beginBatch = async (
  { padTokenId, numHeads, dKv }: T5Config,
  encoder: Program,
  step: Program,
  weights: readonly [string, Value][],
  inputs: readonly (readonly number[])[],
): Promise<DecodingBatch> => {
  const width = Math.max(...inputs.map((input) => input.length));
  const ids = new BigInt64Array(inputs.length * width).fill(BigInt(padTokenId));
  let mask = new BigInt64Array(inputs.length * width);
  for (const [row, input] of inputs.entries()) {
    for (const [column, id] of input.entries()) {
      ids[row * width + column] = BigInt(id);
      mask[row * width + column] = 1n;
    }
  }
  const dims = [inputs.length, width];
  const encoded = await encoder.run(
    new Map([...weights, ['ids', { data: ids, dims }], ['mask', { data: mask, dims }]] as [string, Value][]),
  );

  let rows = inputs.length;
  let capacity = CACHE_BLOCK;
  let position = 0;
  const cross = new Map(Object.entries(encoded).map(([name, { data }]) => [name, data as Float32Array]));
  const cacheSize = (): number => rows * numHeads * capacity * dKv;
  const cache = new Map(
    [...cross.keys()].map((name) => [name.replace('cross', 'cache'), new Float32Array(cacheSize())]),
  );

  /** Copies every head's filled places into caches with room for more. */
  const grow = (): void => {
    const before = capacity;
    capacity += CACHE_BLOCK;
    for (const [name, old] of cache) {
      const larger = new Float32Array(cacheSize());
      for (let each = 0; each < rows * numHeads; each++) {
        larger.set(old.subarray(each * before * dKv, (each + 1) * before * dKv), each * capacity * dKv);
      }
      cache.set(name, larger);
    }
  };

  return {
    get rows() {
      return rows;
    },
    next: async (last) => {
      if (position === capacity) grow();
      const feeds = new Map<string, Value>([
        ...weights,
        ['ids', { data: BigInt64Array.from(last, BigInt), dims: [rows, 1] }],
        ['position', { data: new BigInt64Array(rows).fill(BigInt(position)), dims: [rows] }],
        ['mask', { data: mask, dims: [rows, width] }],
      ]);
      for (const [name, data] of cross) feeds.set(name, { data, dims: [rows, numHeads, width, dKv] });
      for (const [name, data] of cache) feeds.set(name, { data, dims: [rows, numHeads, capacity, dKv] });
      const { logits, ...added } = await step.run(feeds);
      for (const [name, value] of Object.entries(added)) {
        const target = cache.get(name)!;
        const fresh = value.data as Float32Array; // (rows, heads, 1, dKv)
        for (let each = 0; each < rows * numHeads; each++) {
          target.set(fresh.subarray(each * dKv, (each + 1) * dKv), (each * capacity + position) * dKv);
        }
      }
      position++;
      const size = logits.data.length / rows;
      return Array.from({ length: rows }, (_, row) =>
        (logits.data as Float32Array).subarray(row * size, (row + 1) * size),
      );
    },
    keep: (kept) => {
      mask = BigInt64Array.from(kept.flatMap((row) => [...mask.subarray(row * width, (row + 1) * width)]));
      for (const arrays of [cross, cache]) {
        for (const [name, array] of arrays) {
          const size = array.length / rows;
          const chosen = new Float32Array(size * kept.length);
          kept.forEach((row, place) => {
            chosen.set(array.subarray(row * size, (row + 1) * size), place * size);
          });
          arrays.set(name, chosen);
        }
      }
      rows = kept.length;
    },
  };
};
