/**
 * @file A model's quantised weights as a safetensors file of our own: each matrix as `NAME.blocks` (U8) and
 * `NAME.scales` (F32), what stays float32 under its own name, all mappable as they lie. It is written tensor by tensor,
 * so that a model is quantised in the memory of its largest matrix.
 */
import { writeWhole } from '../ground/durable.js';
import type { FilePlace, QuantisedBits } from '../tensors/index.js';
import type { T5Config } from './config.js';
import { EMBEDDING, type PlacedQuantised, type PlacedWeight, parameterShapes, type WeightData } from './parameters.js';
import { quantisedRowSize, quantiseMatrix } from './quantisation.js';
import { openSafetensors } from './safetensors.js';

/** Changes whenever the bytes of a quantised weight would. */
const VERSION = '2';
/** Elements quantised at once. */
const PIECE = 2 ** 22;

/** Quantised weights of a model, in memory or in a file. */
export interface QuantisedWeights {
  readonly quantised: ReadonlyMap<string, PlacedQuantised>;
  readonly weights: ReadonlyMap<string, PlacedWeight>;
}

/** Whether a weight is used as a matrix; norms and tables of relative positions are not. */
const isMatrix = (name: string, shape: readonly number[]): boolean =>
  shape.length === 2 && !name.includes('relative_attention_bias');

/** The weights that are quantised, and those that stay float32. The embedding is read as a table, and may be the head too. */
const partition = (config: T5Config, ownHead: boolean) => {
  const shapes = [...parameterShapes(config, ownHead)];
  const quantised = shapes.filter(([name, shape]) => isMatrix(name, shape) && (name !== EMBEDDING || !ownHead));
  const whole = shapes.filter(([name, shape]) => !isMatrix(name, shape) || name === EMBEDDING);
  return { quantised: quantised as [string, readonly [number, number]][], whole };
};

type Matrix = readonly [name: string, shape: readonly [number, number]];

/** Runs of matrices that are multiplied with the same input: they are put side by side, so that they can be read as one. */
const withOneInput = (matrices: readonly Matrix[]): Matrix[][] => {
  const groups: Matrix[][] = [];
  let last = '';
  for (const matrix of matrices) {
    // A cross-attention's keys and values read the encoder's output, its queries do not.
    const input = matrix[0].replace(
      /(SelfAttention)\.[qkv]\b|(EncDecAttention)\.[kv]\b|(DenseReluDense)\.wi_[01]\b/,
      '$1$2$3',
    );
    if (input === last) groups.at(-1)!.push(matrix);
    else groups.push([matrix]);
    last = input;
  }
  return groups;
};

/** Quantises weights that are in memory. */
export const quantiseWeights = (
  config: T5Config,
  ownHead: boolean,
  tensors: ReadonlyMap<string, WeightData>,
  bits: QuantisedBits,
): QuantisedWeights => {
  const { quantised, whole } = partition(config, ownHead);
  return {
    quantised: new Map(quantised.map(([name, shape]) => [name, quantiseMatrix(tensors.get(name)!.data, shape, bits)])),
    weights: new Map(whole.map(([name]) => [name, tensors.get(name)!])),
  };
};

/**
 * Writes the quantised weights of a model; the file appears whole or not at all.
 *
 * @param read Reads one weight as float32.
 * @param source What the weights were made from, as {@link openQuantised} will compare it.
 * @param progress Called with the share done, 0 to 1.
 * @throws {Failure} When the file cannot be written.
 */
export const writeQuantised = async (
  path: string,
  { config, ownHead }: { readonly config: T5Config; readonly ownHead: boolean },
  read: (name: string) => Promise<WeightData>,
  bits: QuantisedBits,
  source: string,
  progress?: (share: number) => void,
): Promise<void> => {
  const { quantised, whole } = partition(config, ownHead);
  const groups = withOneInput(quantised);
  const header: Record<string, unknown> = {
    __metadata__: {
      format: 'impressionist-quantised',
      version: VERSION,
      bits: String(bits),
      head: String(ownHead),
      source,
    },
  };
  let offset = 0;
  const place = (name: string, dtype: string, shape: readonly number[], bytes: number): void => {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  };
  for (const [name, shape] of whole) place(name, 'F32', shape, 4 * shape.reduce((a, b) => a * b, 1));
  for (const matrices of groups) {
    const sized = matrices.map(([name, [rows, columns]]) => ({ name, rows, row: quantisedRowSize(columns, bits) }));
    for (const { name, rows, row } of sized) place(`${name}.scales`, 'F32', [rows, row.scales], 4 * rows * row.scales);
    for (const { name, rows, row } of sized)
      place(`${name}.blocks`, 'U8', [rows, row.scales, row.bytes / row.scales], rows * row.bytes);
  }
  const total = offset;
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  // Spaces bring the tensors to a multiple of 64 bytes, so that they can be mapped and read in whole lines.
  const length = Math.ceil((json.length + 8) / 64) * 64 - 8;
  const head = Buffer.alloc(8 + length, ' ');
  head.writeBigUInt64LE(BigInt(length), 0);
  json.copy(head, 8);

  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    let done = 0;
    const give = (data: Float32Array | Uint8Array): Uint8Array => {
      done += data.byteLength;
      progress?.(done / total);
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    };
    for (const [name] of whole) yield give((await read(name)).data);
    for (const matrices of groups) {
      const pieces: Uint8Array[] = [];
      const scales: Float32Array[] = [];
      for (const [name, [rows, columns]] of matrices) {
        const { data } = await read(name);
        const step = Math.max(1, Math.floor(PIECE / columns));
        for (let row = 0; row < rows; row += step) {
          const count = Math.min(step, rows - row);
          const piece = quantiseMatrix(data.subarray(row * columns, (row + count) * columns), [count, columns], bits);
          pieces.push(piece.blocks);
          scales.push(piece.scales);
        }
      }
      for (const each of scales) yield give(each);
      for (const each of pieces) yield give(each);
    }
  };
  await writeWhole(path, chunks());
};

/**
 * Opens quantised weights that {@link writeQuantised} wrote.
 *
 * @param source As given when they were written.
 * @returns Undefined when there are none, or they were made from something else or by another version.
 */
export const openQuantised = async (
  path: string,
  config: T5Config,
  bits: QuantisedBits,
  source: string,
): Promise<(QuantisedWeights & { readonly ownHead: boolean }) | undefined> => {
  const file = await openSafetensors(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { metadata } = file;
    const same = metadata.version === VERSION && metadata.bits === String(bits) && metadata.source === source;
    if (metadata.format !== 'impressionist-quantised' || !same) return undefined;
    const ownHead = metadata.head === 'true';
    const { quantised, whole } = partition(config, ownHead);
    const placeOf = (name: string): FilePlace => {
      const { file: in_, offset, length } = file.entry(name);
      return { file: in_, offset, length };
    };
    return {
      ownHead,
      weights: new Map(whole.map(([name, shape]) => [name, { shape, data: placeOf(name) }])),
      quantised: new Map(
        quantised.map(([name, shape]) => [
          name,
          { bits, shape, blocks: placeOf(`${name}.blocks`), scales: placeOf(`${name}.scales`) },
        ]),
      ),
    };
  } finally {
    await file.close();
  }
};
