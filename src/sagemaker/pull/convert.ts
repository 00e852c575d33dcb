/**
 * @file PyTorch weights to safetensors, tensor by tensor and in their own type, so that a model larger than memory is
 * converted too. Tensors that share their values are written once, as Transformers does.
 *
 * Source: https://huggingface.co/docs/safetensors; Transformers' `save_pretrained`.
 */
import { writeWhole } from '../../ground/durable.js';
import { openTorchFile, type TorchFile, type TorchTensor } from './torch-file.js';

const bytesOf: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

const length = ({ dtype, shape }: TorchTensor): number =>
  shape.reduce((product, size) => product * size, 1) * bytesOf[dtype]!;

/** Of tensors that are the same view of the same values one is kept: T5's `shared.weight`, else the first by name. */
const distinct = (tensors: ReadonlyMap<string, TorchTensor>): { kept: [string, TorchTensor][]; aliases: string[] } => {
  const seen = new Set<string>();
  const aliases: string[] = [];
  const kept: [string, TorchTensor][] = [];
  const order = (name: string): string => (name === 'shared.weight' ? '' : name);
  const sorted = [...tensors].sort(([a], [b]) => (order(a) < order(b) ? -1 : 1));
  for (const [name, tensor] of sorted) {
    const { storage, offset, shape, stride } = tensor;
    const view = JSON.stringify([storage.key, offset, shape, stride]);
    if (seen.has(view)) aliases.push(name);
    else {
      seen.add(view);
      kept.push([name, tensor]);
    }
  }
  return { kept, aliases };
};

async function* safetensorsChunks(file: TorchFile, kept: readonly [string, TorchTensor][]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  const fields = kept.map(([name, tensor]) => {
    const begin = offset;
    offset += length(tensor);
    const { dtype, shape } = tensor;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, offset] })}`;
  });
  const json = Buffer.from(`{"__metadata__":{"format":"pt"}${fields.map((field) => `,${field}`).join('')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  yield header;
  for (const [, tensor] of kept) yield await file.read(tensor);
}

/** What a conversion did. */
export interface Converted {
  /** Names in the new file. */
  readonly names: readonly string[];
  /** Names left out because they share another's values. */
  readonly aliases: readonly string[];
  readonly bytes: number;
}

/**
 * Converts one weight file.
 *
 * @param from A PyTorch weight file.
 * @param to The safetensors file to write; it appears whole or not at all.
 * @throws {Failure} When `from` holds anything but tensors, or `to` cannot be written.
 * @example await convertTorchFile('pytorch_model.bin', 'model.safetensors');
 */
export const convertTorchFile = async (from: string, to: string): Promise<Converted> => {
  const file = await openTorchFile(from);
  try {
    const { kept, aliases } = distinct(file.tensors);
    // Larger types first: every tensor then begins at a multiple of its value's size.
    kept.sort(([a, x], [b, y]) => bytesOf[y.dtype]! - bytesOf[x.dtype]! || (a < b ? -1 : 1));
    await writeWhole(to, safetensorsChunks(file, kept));
    return {
      names: kept.map(([name]) => name),
      aliases,
      bytes: kept.reduce((sum, [, tensor]) => sum + length(tensor), 0),
    };
  } finally {
    file.close();
  }
};
