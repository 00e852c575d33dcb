/**
 * @file Running a recording on ONNX Runtime. A {@link Program} is a compiled graph: fed with numbers under the names
 * of its inputs, it gives numbers under the names of its outputs, and checks both against the recorded shapes.
 */
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { Failure } from '../ground/failure.js';
import type { Shape } from './dims.js';
import { showShape } from './dims.js';
import type { DType, Elements, Graph, Tensor } from './graph.js';
import { encodeModel, outputName } from './onnx/encode.js';
import type { MaskSource } from './random.js';

/** Where and how a program runs. */
export interface ExecutionOptions {
  /** ONNX Runtime's execution provider; default `cpu`. */
  readonly provider?: 'cpu' | 'webgpu' | 'cuda';
  /** Threads of one operation; default all cores. */
  readonly threads?: number;
}

/** Numbers with their run-time shape. */
export interface Value {
  readonly data: Elements;
  readonly dims: readonly number[];
}

/** Seed and step of the random masks of one run. */
export interface Randomness {
  readonly masks: MaskSource;
  readonly step: number;
}

/** A compiled graph. */
export interface Program<Output extends string = string> {
  /** Names of the inputs that a run must be fed (random masks apart). */
  readonly inputNames: readonly string[];
  /**
   * @param feeds A value for each input.
   * @param into Arrays to be written in place of new ones, for outputs whose shape has no named dimension.
   * @param randomness Needed where the graph has random masks.
   * @throws {Failure} When a feed is missing or does not fit its recorded shape.
   */
  run(
    feeds: ReadonlyMap<string, Value>,
    into?: ReadonlyMap<Output, Float32Array>,
    randomness?: Randomness,
  ): Promise<Record<Output, Value>>;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/**
 * Compiles what is needed to compute `outputs`.
 *
 * @throws {Failure} When ONNX Runtime refuses the graph or lacks the provider.
 * @example
 * const program = await compile(graph, { y });
 * const { y } = await program.run(new Map([['x', { data: Float32Array.of(1, 2), dims: [2] }]]));
 */
export const compile = async <Output extends string>(
  graph: Graph,
  outputs: Readonly<Record<Output, Tensor>>,
  options: ExecutionOptions = {},
): Promise<Program<Output>> => {
  const { provider = 'cpu', threads = availableParallelism() } = options;
  const { bytes, inputs, externalData } = encodeModel(graph, outputs);
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      externalData: [...externalData],
    });
  } catch (error) {
    throw new Failure(
      { what: 'ONNX Runtime refused the graph', where: `provider ${provider}`, got: message(error) },
      { cause: error },
    );
  }
  const random = new Map(graph.randomMasks.map(({ tensor, kept }, site) => [tensor.name, { kept, site }]));
  const names = Object.keys(outputs) as Output[];

  return {
    inputNames: inputs.map(({ name }) => name).filter((name) => !random.has(name)),
    run: async (feeds, into, randomness) => {
      const bound = new Map<string, number>();
      const fed: Record<string, ort.Tensor> = {};
      for (const input of inputs) {
        const value = random.has(input.name) ? undefined : feeds.get(input.name);
        if (value === undefined) continue;
        bind(bound, input, value.dims);
        fed[input.name] = ortTensor(input.dtype, value);
      }
      for (const input of inputs) {
        const site = random.get(input.name);
        if (site === undefined) {
          if (!(input.name in fed)) throw new Failure({ what: 'an input of the graph was not given', got: input.name });
          continue;
        }
        if (randomness === undefined)
          throw new Failure({ what: 'the graph has random masks but no randomness was given', got: input.name });
        const dims = input.shape.map((dim) => sizeOf(bound, dim));
        const data = randomness.masks.mask(
          randomness.step,
          site.site,
          dims.reduce((a, b) => a * b, 1),
          site.kept,
        );
        fed[input.name] = ortTensor('bool', { data, dims });
      }
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of names) {
        const array = into?.get(name);
        const { shape, dtype } = outputs[name];
        fetches[outputName(name)] =
          array === undefined ? null : ortTensor(dtype, { data: array, dims: shape.map((dim) => sizeOf(bound, dim)) });
      }
      const results = await session.run(fed, fetches);
      return Object.fromEntries(
        names.map((name) => {
          const { data, dims } = results[outputName(name)];
          return [name, { data: data as Elements, dims }];
        }),
      ) as Record<Output, Value>;
    },
    release: () => session.release(),
  };
};

const ortTensor = (dtype: DType, { data, dims }: Value): ort.Tensor => new ort.Tensor(dtype, data as never, dims);

/** Binds the names in an input's shape to the dimensions it was fed with. */
const bind = (bound: Map<string, number>, input: Tensor, dims: readonly number[]): void => {
  const fits =
    dims.length === input.shape.length &&
    input.shape.every((dim, axis) => {
      if (typeof dim === 'number') return dim === dims[axis];
      const known = bound.get(dim);
      if (known === undefined) bound.set(dim, dims[axis]);
      return known === undefined || known === dims[axis];
    });
  if (!fits)
    throw new Failure({
      what: `an input needs the shape ${showShape(input.shape)}`,
      where: input.name,
      got: showShape(dims as Shape),
    });
};

const sizeOf = (bound: ReadonlyMap<string, number>, dim: Shape[number]): number => {
  if (typeof dim === 'number') return dim;
  const value = bound.get(dim);
  if (value !== undefined) return value;
  const product = dim.split('*').map((part) => bound.get(part) ?? Number(part));
  if (product.some(Number.isNaN)) throw new Failure({ what: 'a dimension is not bound by any input', got: dim });
  return product.reduce((a, b) => a * b, 1);
};

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
