/**
 * @file How much memory drafting needs, worked out before anything is loaded, so that a machine which is too small is
 * told so instead of beginning to swap. An estimate from above: weights as the kernels hold them, keys and values of
 * all inputs decoded together, and the encoder's largest layer.
 */
import { existsSync, readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { Failure } from '../ground/failure.js';
import type { T5Config } from '../t5/config.js';
import { EMBEDDING, parameterShapes } from '../t5/parameters.js';
import type { DecodingSettings } from './options.js';

/** How weights are held. */
export type WeightFormat = 'float32' | 'int8' | 'int4';

/** Bytes of a weight: an integer and its share of a block's scale, or a float. */
const BYTES: Readonly<Record<WeightFormat, number>> = { float32: 4, int8: 1 + 4 / 32, int4: 0.5 + 4 / 32 };
/** The process itself, tokenizer and runtime: measured with a model of no size. */
const PROCESS = 200e6;
/** Tokens encoded together, see `lanes.ts`. */
const ENCODE_TOKENS = 4096;

/** What drafting needs, in bytes. */
export interface MemoryEstimate {
  readonly weights: number;
  readonly keysAndValues: number;
  readonly activations: number;
  readonly total: number;
}

/**
 * The memory that drafting needs at most.
 *
 * @param inputTokens The longest input, in tokens.
 */
export const estimateMemory = (
  config: T5Config,
  format: WeightFormat,
  { batchSize, maxNewTokens, beam, nBest, mode }: DecodingSettings,
  inputTokens: number,
): MemoryEstimate => {
  const { numHeads, dKv, numDecoderLayers, dModel, dFf, vocabSize } = config;
  let weights = 0;
  for (const [name, shape] of parameterShapes(config, true)) {
    const size = shape.reduce((a, b) => a * b, 1);
    weights += size * (shape.length === 2 && name !== EMBEDDING ? BYTES[format] : 4);
  }
  // A quantised matrix is packed anew by its kernel while the file's pages may still be resident.
  if (format !== 'float32') weights *= 1.6;
  const paths = mode === 'beam' ? beam.beams : mode === 'sample' ? nBest : 1;
  const places = inputTokens + maxNewTokens * (1 + paths) * 0.75;
  const keysAndValues = batchSize * places * 2 * numDecoderLayers * numHeads * dKv * 4 * 1.5;
  const encoded = Math.max(inputTokens, Math.min(ENCODE_TOKENS, batchSize * inputTokens));
  const encoder = encoded * (3 * dFf + 6 * dModel + 3 * numHeads * inputTokens) * 4;
  const activations = encoder + batchSize * paths * vocabSize * 8;
  return { weights, keysAndValues, activations, total: PROCESS + weights + keysAndValues + activations };
};

/** Memory that can be had without swapping, in bytes: the machine's, or the container's share of it. */
export const availableMemory = (): number => {
  let available = freemem();
  if (existsSync('/proc/meminfo')) {
    const found = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (found !== null) available = Number(found[1]) * 1024;
  }
  const limit = readNumber('/sys/fs/cgroup/memory.max');
  const used = readNumber('/sys/fs/cgroup/memory.current');
  return limit === undefined || used === undefined ? available : Math.min(available, limit - used);
};

const readNumber = (path: string): number | undefined => {
  if (!existsSync(path)) return undefined;
  const value = Number(readFileSync(path, 'utf8').trim());
  return Number.isFinite(value) ? value : undefined;
};

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;

/**
 * Refuses what would not fit.
 *
 * @param budget Bytes that may be used; default: what is available.
 * @throws {Failure} When more is needed, with what would need less.
 */
export const checkMemory = (estimate: MemoryEstimate, format: WeightFormat, budget?: number): void => {
  const limit = budget ?? availableMemory();
  if (estimate.total <= limit) return;
  const lighter = format === 'float32' ? '--weights int8 or int4, ' : format === 'int8' ? '--weights int4, ' : '';
  throw new Failure({
    what: `drafting may need ${gigabytes(estimate.total)} of memory`,
    where: budget === undefined ? undefined : 'the memory budget',
    got: `${gigabytes(limit)} ${budget === undefined ? 'available' : 'allowed'}, for weights ${gigabytes(estimate.weights)}, keys and values ${gigabytes(estimate.keysAndValues)}, activations ${gigabytes(estimate.activations)}`,
    fix: `use ${lighter}a smaller --batch-size, or a smaller --max-input-tokens`,
  });
};
