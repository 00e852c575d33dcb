/**
 * @file Tensors in safetensors files: reading them, single or sharded, and writing them.
 * A file is an 8-byte little-endian header length, a JSON header, and the tensors' bytes without gaps; the header gives each
 * tensor's type, shape and place. A directory is read as Transformers reads it: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` lists. Each tensor is read on demand, at its place, into memory of its own;
 * {@link Safetensors.entry} tells that place to whoever maps the file instead (ONNX Runtime's external data).
 *
 * Source: https://huggingface.co/docs/safetensors, checks as in its `SafeTensors::deserialize`.
 * Limit: little-endian machines only, as the format and ONNX Runtime's builds.
 */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import { type HeaderEntry, parseHeader } from './safetensors-header.js';

/** A float32 tensor: row-major values. */
export interface Tensor32 {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Where a tensor lies. */
export interface TensorEntry {
  /** The file's type name, e.g. `F32`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Path of the file that holds it. */
  readonly file: string;
  /** First byte, from the beginning of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** The tensors of one file or of all shards of a directory. Close it when done. */
export interface Safetensors {
  /** All tensors' names, in the order of the files' bytes. */
  readonly names: readonly string[];
  /** The header's `__metadata__`; of the index for shards. */
  readonly metadata: Readonly<Record<string, string>>;
  /** True when there is a tensor of this name. */
  has(name: string): boolean;
  /**
   * Type, shape and place of a tensor.
   * @throws {Failure} When there is none of this name.
   */
  entry(name: string): TensorEntry;
  /**
   * Reads a floating-point tensor as float32: F32 as it is, F16 and BF16 exactly, F64 rounded.
   * @throws {Failure} When there is none of this name, or it is not of a floating-point type.
   */
  read(name: string): Promise<Tensor32>;
  close(): Promise<void>;
}

/** Longest header that the reference implementation accepts, in bytes. */
const maximumHeaderLength = 100_000_000;
/** Node reads at most 2 GiB - 1 at once. */
const largestRead = 2 ** 30;

const damaged = 'copy or download the file again';

const readAt = async (file: FileHandle, path: string, offset: number, into: Uint8Array): Promise<void> => {
  let done = 0;
  while (done < into.byteLength) {
    const length = Math.min(largestRead, into.byteLength - done);
    const { bytesRead } = await file.read(into, done, length, offset + done);
    if (bytesRead === 0) throw new Failure({ what: 'file ends too early', where: path, fix: damaged });
    done += bytesRead;
  }
};

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

const openFile = async (path: string): Promise<OpenFile> => {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw readFailure(path, error);
  }
  try {
    const fileLength = (await handle.stat()).size;
    const start = new Uint8Array(8);
    if (fileLength < 8) {
      throw new Failure({ what: 'not a safetensors file', where: path, got: `${fileLength} bytes`, fix: damaged });
    }
    await readAt(handle, path, 0, start);
    const declared = new DataView(start.buffer).getBigUint64(0, true);
    if (declared > BigInt(maximumHeaderLength)) {
      throw new Failure({
        what: 'not a safetensors file',
        where: path,
        got: `a header of ${declared} bytes`,
        fix: 'give a file that safetensors wrote',
      });
    }
    const headerLength = Number(declared);
    if (8 + headerLength > fileLength) {
      throw new Failure({
        what: 'truncated safetensors file',
        where: path,
        got: `${fileLength} bytes, its header alone needs ${8 + headerLength}`,
        fix: damaged,
      });
    }
    const header = new Uint8Array(headerLength);
    await readAt(handle, path, 8, header);
    return { path, handle, ...parseHeader(header, fileLength - 8 - headerLength, path) };
  } catch (error) {
    await handle.close();
    throw readFailure(path, error);
  }
};

const indexSchema = z.looseObject({
  metadata: z.record(z.string(), z.unknown()).optional(),
  weight_map: z.record(z.string(), z.string()),
});

/** The shards an index lists, each opened, with only the tensors that the index assigns to it. */
const openShards = async (indexPath: string): Promise<{ files: OpenFile[]; metadata: Record<string, string> }> => {
  let text: string;
  try {
    text = await readFile(indexPath, 'utf8');
  } catch (error) {
    throw readFailure(indexPath, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Failure({ what: 'not JSON', where: indexPath, fix: damaged }, { cause: error });
  }
  const parsed = indexSchema.safeParse(json);
  if (!parsed.success) {
    throw new Failure({
      what: 'not an index of safetensors shards',
      where: indexPath,
      got: parsed.error.issues[0]!.message,
      fix: damaged,
    });
  }
  const shards = new Map<string, string[]>();
  for (const [name, shard] of Object.entries(parsed.data.weight_map)) {
    // A shard lies beside its index; anything else could read files that the model has no business with.
    if (shard !== basename(shard) || shard === '..' || shard.includes('\\')) {
      throw new Failure({
        what: `shard of ${name} is not a plain file name`,
        where: indexPath,
        got: shard,
        fix: 'use an index whose shards lie beside it',
      });
    }
    const names = shards.get(shard);
    if (names === undefined) shards.set(shard, [name]);
    else names.push(name);
  }
  const files: OpenFile[] = [];
  try {
    for (const [shard, names] of [...shards].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = join(dirname(indexPath), shard);
      const file = await openFile(path);
      const wanted = new Set(names);
      files.push({ ...file, entries: new Map([...file.entries].filter(([name]) => wanted.has(name))) });
      for (const name of names) {
        if (file.entries.has(name)) continue;
        throw new Failure({
          what: `no tensor ${name} in its shard`,
          where: path,
          got: `${indexPath} says it is there`,
          fix: 'download all files of the model again, from one revision',
        });
      }
    }
  } catch (error) {
    for (const { handle } of files) await handle.close();
    throw error;
  }
  const metadata = Object.fromEntries(
    Object.entries(parsed.data.metadata ?? {}).map(([key, value]) => [key, String(value)]),
  );
  return { files, metadata };
};

const kindOf = async (path: string): Promise<'file' | 'directory' | undefined> => {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
};

const openAll = async (path: string): Promise<{ files: OpenFile[]; metadata: Readonly<Record<string, string>> }> => {
  const single = async (file: string) => {
    const opened = await openFile(file);
    return { files: [opened], metadata: opened.metadata };
  };
  if ((await kindOf(path)) !== 'directory') return path.endsWith('.index.json') ? openShards(path) : single(path);
  const file = join(path, 'model.safetensors');
  if ((await kindOf(file)) === 'file') return single(file);
  const index = join(path, 'model.safetensors.index.json');
  if ((await kindOf(index)) === 'file') return openShards(index);
  const pickled = (await kindOf(join(path, 'pytorch_model.bin'))) !== undefined;
  throw new Failure({
    what: 'no model.safetensors',
    where: path,
    got: pickled ? 'weights in pytorch_model.bin only' : 'neither the file nor model.safetensors.index.json',
    fix: pickled
      ? 'convert them with Transformers: model.save_pretrained(DIR, safe_serialization=True)'
      : 'give a model directory that Hugging Face Transformers reads',
  });
};

/** Float32 values of little-endian bytes of a floating-point type; undefined for other types. */
const toFloat32 = (dtype: string, bytes: Uint8Array): Float32Array | undefined => {
  const count = (size: number): [ArrayBufferLike, number, number] => [
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength / size,
  ];
  switch (dtype) {
    case 'F32':
      return new Float32Array(...count(4));
    case 'F64':
      return Float32Array.from(new Float64Array(...count(8)));
    case 'BF16': {
      const halves = new Uint16Array(...count(2));
      const words = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
      return new Float32Array(words.buffer);
    }
    case 'F16': {
      const halves = new Uint16Array(...count(2));
      const values = new Float32Array(halves.length);
      for (let i = 0; i < halves.length; i++) {
        const half = halves[i]!;
        const exponent = (half >> 10) & 0x1f;
        const fraction = half & 0x3ff;
        const size =
          exponent === 0
            ? fraction * 2 ** -24
            : exponent === 31
              ? fraction === 0
                ? Number.POSITIVE_INFINITY
                : Number.NaN
              : (1 + fraction / 1024) * 2 ** (exponent - 15);
        values[i] = half & 0x8000 ? -size : size;
      }
      return values;
    }
    default:
      return undefined;
  }
};

/**
 * Opens a safetensors file, an index of shards, or the weights of a model directory. Headers are read and checked at
 * once, tensors on demand.
 *
 * @param path A `.safetensors` file, a `.safetensors.index.json`, or a model directory.
 * @throws {Failure} When a file is missing, truncated or damaged, naming file and tensor.
 * @example
 * const weights = await openSafetensors('flan-t5-base');
 * const { shape, data } = await weights.read('shared.weight');
 * await weights.close();
 */
export const openSafetensors = async (path: string): Promise<Safetensors> => {
  const { files, metadata } = await openAll(path);
  const places = new Map<string, { file: OpenFile; entry: HeaderEntry }>();
  for (const file of files) for (const [name, entry] of file.entries) places.set(name, { file, entry });
  const placeOf = (name: string) => {
    const place = places.get(name);
    if (place !== undefined) return place;
    throw new Failure({ what: `no tensor ${name}`, where: path, fix: 'check that the weights belong to this model' });
  };
  return {
    names: [...places.keys()],
    metadata,
    has: (name) => places.has(name),
    entry: (name) => {
      const { file, entry } = placeOf(name);
      return { ...entry, file: file.path };
    },
    read: async (name) => {
      const { file, entry } = placeOf(name);
      const bytes = new Uint8Array(entry.length);
      await readAt(file.handle, file.path, entry.offset, bytes);
      const data = toFloat32(entry.dtype, bytes);
      if (data === undefined) {
        throw new Failure({
          what: `tensor ${name} is not of a floating-point type`,
          where: file.path,
          got: entry.dtype,
          fix: 'save the model in float32, bfloat16 or float16',
        });
      }
      return { shape: entry.shape, data };
    },
    close: async () => {
      for (const { handle } of files) await handle.close();
    },
  };
};

/**
 * Writes float32 tensors as a safetensors file that appears whole or not at all. Tensors are ordered by name, as the reference
 * implementation orders those of one type, so that equal tensors give equal bytes.
 *
 * @param path Where the file is to stand; its folder must exist.
 * @param tensors By name.
 * @param metadata Texts for the header's `__metadata__`; default `{ format: 'pt' }`, without which Transformers refuses the file.
 * @throws {Failure} When the file cannot be written. An error that is no Failure when a shape and its data disagree.
 * @example await writeSafetensors('model/model.safetensors', new Map([['shared.weight', { shape: [384, 32], data }]]));
 */
export const writeSafetensors = async (
  path: string,
  tensors: ReadonlyMap<string, Tensor32> | Readonly<Record<string, Tensor32>>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> => {
  const pairs: [string, Tensor32][] = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  // Code units, not a locale's order: the same bytes on every machine.
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  let offset = 0;
  const fields = pairs.map(([name, { shape, data }]) => {
    if (name === '__metadata__') throw new RangeError('a tensor may not be named __metadata__');
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      throw new RangeError(`tensor ${name} of shape [${shape.join(', ')}] with ${data.length} values`);
    }
    const begin = offset;
    offset += data.byteLength;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, offset] })}`;
  });
  if (Object.keys(metadata).length > 0) fields.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const json = Buffer.from(`{${fields.join(',')}}`, 'utf8');
  // Spaces bring the tensors to a multiple of 8 bytes, so that they can be mapped.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + headerLength, ' ');
  header.writeBigUInt64LE(BigInt(headerLength), 0);
  json.copy(header, 8);
  const chunks = function* (): Generator<Uint8Array> {
    yield header;
    for (const [, { data }] of pairs) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let start = 0; start < bytes.length; start += largestRead) yield bytes.subarray(start, start + largestRead);
    }
  };
  await writeWhole(path, chunks());
};
