/**
 * @file From a model and the wish how to run it to a compiled decoder: which form the weights take, where they come
 * from, on which device they run, and whether the memory suffices.
 */
import { access, constants, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../ground/failure.js';
import type { Model } from '../models/directory.js';
import { MAX_INPUT_TOKENS } from '../models/encoding.js';
import { quantisedWeights, type StoredModel } from '../models/stored.js';
import type { T5Config } from '../t5/config.js';
import { type PlacedWeight, parameterShapes, placedParameters, quantisedParameters } from '../t5/parameters.js';
import { quantiseWeights } from '../t5/quantised-file.js';
import { locateWeights } from '../t5/weights.js';
import { availableProviders, type ExecutionOptions, type Graph } from '../tensors/index.js';
import { compileDecoder, type Decoder, type ParametersOf } from './decoder.js';
import { checkMemory, estimateMemory, type WeightFormat } from './memory.js';
import { type DecodingOptions, decodingSettings } from './options.js';

/** A model to draft with. */
export type DrafterModel = Model | StoredModel;

/** Where programs run; `auto` is CUDA where it works, else the processor. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

/** How weights are held and where they run. */
export interface WeightOptions {
  /** Default `float32`: exact. The others are rounded, smaller and faster. */
  readonly weights?: WeightFormat;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Bytes of memory that may be used; default: what the machine has available. */
  readonly memoryBudget?: number;
  /** Called with the share done while a model is being quantised, which happens once. */
  readonly onQuantising?: (share: number) => void;
}

/** Below so many weights an operation is over before another thread has joined in (measured with `tiny`). */
const WORTH_THREADS = 10e6;

/** Whether a model is so small that it drafts fastest with one thread. */
export const draftsWithOneThread = (config: T5Config): boolean => countWeights(config) < WORTH_THREADS;

const countWeights = (config: T5Config): number =>
  [...parameterShapes(config, true).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

/** Options of {@link prepareDecoder}. */
export interface PrepareOptions extends WeightOptions, ExecutionOptions, DecodingOptions {
  readonly maxInputTokens?: number;
}

/**
 * Compiles a decoder.
 *
 * @throws {Failure} When the device is missing, the memory does not suffice, or the weights can't be read.
 */
export const prepareDecoder = async (model: DrafterModel, options: PrepareOptions): Promise<Decoder> => {
  const { weights: format = 'float32', device = 'cpu', memoryBudget } = options;
  const settings = decodingSettings(options);
  checkMemory(
    estimateMemory(model.config, format, settings, options.maxInputTokens ?? MAX_INPUT_TOKENS),
    format,
    memoryBudget,
  );
  const { ownHead, parametersOf } = await parametersFor(model, format, options.onQuantising);
  const threads = options.threads ?? (draftsWithOneThread(model.config) ? 1 : undefined);
  const compileOn = (provider: ExecutionOptions['provider']): Promise<Decoder> =>
    compileDecoder({ config: model.config, ownHead }, parametersOf, { threads, provider });

  const providers = availableProviders();
  if (device === 'auto') {
    // A build may have CUDA on a machine without a card: what fails to start is not what the user insisted on.
    return providers.includes('cuda') ? compileOn('cuda').catch(() => compileOn('cpu')) : compileOn('cpu');
  }
  if (!providers.includes(device)) {
    throw new Failure({
      what: 'no such device',
      where: '--device',
      got: `${device}, this build of ONNX Runtime has ${providers.join(', ')}`,
      fix: 'choose one of these',
    });
  }
  if (device === 'cpu') return compileOn('cpu');
  return compileOn(device).catch((error: unknown) => {
    throw new Failure(
      {
        what: `the device ${device} does not start`,
        where: '--device',
        got: error instanceof Failure ? error.got : String(error),
        fix: `check its driver, or use one of ${providers.join(', ')}`,
      },
      { cause: error },
    );
  });
};

const parametersFor = async (
  model: DrafterModel,
  format: WeightFormat,
  progress?: (share: number) => void,
): Promise<{ ownHead: boolean; parametersOf: ParametersOf }> => {
  if (format === 'float32') {
    const { ownHead, weights } = 'weights' in model ? model : await storedFloats(model);
    return { ownHead, parametersOf: (graph: Graph) => placedParameters(graph, weights) };
  }
  const bits = format === 'int8' ? 8 : 4;
  const { ownHead, quantised, weights } =
    'weights' in model
      ? { ownHead: model.ownHead, ...quantiseWeights(model.config, model.ownHead, model.weights, bits) }
      : await quantisedWeights(model, bits, progress);
  return { ownHead, parametersOf: (graph: Graph) => quantisedParameters(graph, quantised, weights, 'int8') };
};

/** Float32 weights are mapped where they lie; of another type, or where no graph may be put beside them, they are read. */
const storedFloats = async (
  model: StoredModel,
): Promise<{ ownHead: boolean; weights: ReadonlyMap<string, PlacedWeight> }> => {
  const located = await locateWeights(model.directory, model.config);
  try {
    const { ownHead, places } = located;
    const files = [...new Set([...places.values()].map(({ file }) => file))];
    const real = new Map(await Promise.all(files.map(async (file) => [file, await realpath(file)] as const)));
    const mappable = (await Promise.all([...real.values()].map(writableFolder))).every(Boolean);
    const weights = new Map<string, PlacedWeight>();
    for (const name of parameterShapes(model.config, ownHead).keys()) {
      const { dtype, shape, file, offset, length } = places.get(name)!;
      const mapped = mappable && dtype === 'F32' && offset % 4 === 0;
      weights.set(name, mapped ? { shape, data: { file: real.get(file)!, offset, length } } : await located.read(name));
    }
    return { ownHead, weights };
  } finally {
    await located.close();
  }
};

const writableFolder = (file: string): Promise<boolean> =>
  access(dirname(file), constants.W_OK).then(
    () => true,
    () => false,
  );
