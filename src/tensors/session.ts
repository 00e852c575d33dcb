/**
 * @file Running a recording on ONNX Runtime. A {@link Program} is a compiled graph: fed with numbers under the names
 * of its inputs, it gives numbers under the names of its outputs, and checks both against the recorded shapes.
 */
import './no-telemetry.js';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { Failure } from '../ground/failure.js';
import type { Shape } from './dims.js';
import { showShape } from './dims.js';
import type { DType, Elements, Graph, Operation, Tensor } from './graph.js';
import { type EncodedModel, encodeModel, outputName } from './onnx/encode.js';
import { fusedOperations } from './onnx/fused.js';
import { besideFiles } from './onnx/graph-file.js';
import { webGpuOperations } from './onnx/webgpu.js';
import type { MaskSource } from './random.js';

/** Where and how a program runs. */
export interface ExecutionOptions {
  /** ONNX Runtime's execution provider; default `cpu`. */
  readonly provider?: 'cpu' | 'webgpu' | 'cuda';
  /** Threads of one operation; default all cores. */
  readonly threads?: number;
  /**
   * For programs whose intermediate results fill the memory, such as a training step: operations run in the order in
   * which they were recorded (ONNX Runtime's optimiser would work out early what is needed late), and share a pool of
   * memory piece by piece instead of by a plan of the whole run, which takes half as much again. Default no.
   */
  readonly lean?: boolean;
  /**
   * On the processor: fewer and larger operations, for decoding, which works on few numbers at a time. Sums are then rounded
   * in another order. Default no.
   */
  readonly fused?: boolean;
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
  const { provider = 'cpu', threads = availableParallelism(), lean = false, fused = false } = options;
  const operations = operationsFor(graph, provider, fused);
  const encoded = encodeModel(graph, outputs, { operations });
  const { inputs } = encoded;
  let session: ort.InferenceSession;
  try {
    session = await openSession(encoded, {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: lean ? 'disabled' : 'all',
      enableMemPattern: !lean,
      logSeverityLevel: 3,
      externalData: [...encoded.externalData],
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
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
        fed[input.name] = ortTensor(input.dtype, { data, dims });
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

/** The graph's operations as they run best. */
const operationsFor = (graph: Graph, provider: ExecutionOptions['provider'], fused: boolean): readonly Operation[] => {
  if (provider === 'webgpu') return webGpuOperations(graph);
  return provider === 'cpu' && fused ? fusedOperations(graph) : graph.operations;
};

/** Weights that are to be mapped need the graph as a file beside theirs; it may go once the session stands. */
const openSession = ({ bytes, mappedFiles }: EncodedModel, options: ort.InferenceSession.SessionOptions) =>
  mappedFiles.length === 0
    ? ort.InferenceSession.create(bytes, options)
    : besideFiles(mappedFiles, bytes, (path) => ort.InferenceSession.create(path, options));

/**
 * The execution providers that can be used here: those of this build, less those whose library was not installed.
 *
 * @returns Names such as `cpu`, `webgpu`, `cuda`.
 */
export const availableProviders = (): string[] => {
  const binding = dirname(createRequire(import.meta.url).resolve('onnxruntime-node'));
  const libraries = join(binding, '..', 'bin', 'napi-v6', process.platform, process.arch);
  const installed = existsSync(libraries) ? readdirSync(libraries).join() : undefined;
  return ort
    .listSupportedBackends()
    .map(({ name }) => name)
    .filter((name) => !SEPARATE_LIBRARY.includes(name) || installed === undefined || installed.includes(`_${name}.`));
};

/** Providers that come as a library of their own, which the package's install script may fetch. */
const SEPARATE_LIBRARY: readonly string[] = ['cuda', 'tensorrt'];

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
