/**
 * @file The tensors of a PyTorch weight file (`pytorch_model.bin`): a zip that holds a pickle, which says name, type,
 * shape and place of every tensor, and their bytes. Only tensors come out, and no code is run; see `pickle.ts`.
 *
 * Source: PyTorch's `torch/serialization.py`, `torch/_utils.py`.
 * Limit: files since PyTorch 1.6 (October 2020), little-endian.
 */
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import { type AllowedNames, PickleError, unpickle } from './pickle.js';

/** A type of values: its name in safetensors and its size in bytes. */
interface ValueType {
  readonly dtype: string;
  readonly bytes: number;
}

const types: Readonly<Record<string, ValueType>> = {
  Double: { dtype: 'F64', bytes: 8 },
  Float: { dtype: 'F32', bytes: 4 },
  Half: { dtype: 'F16', bytes: 2 },
  BFloat16: { dtype: 'BF16', bytes: 2 },
  Long: { dtype: 'I64', bytes: 8 },
  Int: { dtype: 'I32', bytes: 4 },
  Short: { dtype: 'I16', bytes: 2 },
  Char: { dtype: 'I8', bytes: 1 },
  Byte: { dtype: 'U8', bytes: 1 },
  Bool: { dtype: 'BOOL', bytes: 1 },
};

/** The values of one or more tensors, as the file holds them. */
interface Storage {
  readonly key: string;
  readonly type: ValueType;
  /** Values, not bytes. */
  readonly size: number;
}

/** A tensor in the file: a view of a storage, in values. */
export interface TorchTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly storage: Storage;
  readonly offset: number;
  readonly stride: readonly number[];
}

/** An open weight file. Close it when done. */
export interface TorchFile {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** A tensor's bytes, row-major, little-endian. */
  readonly read: (tensor: TorchTensor) => Promise<Buffer>;
  readonly close: () => void;
}

const isStorage = (value: unknown): value is Storage =>
  typeof value === 'object' && value !== null && 'key' in value && 'type' in value;

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);

const rebuildTensor = (storage: unknown, offset: unknown, shape: unknown, stride: unknown): TorchTensor => {
  if (!isStorage(storage) || !Number.isSafeInteger(offset) || !isShape(shape) || !isShape(stride)) {
    throw new PickleError('a tensor of unknown make');
  }
  if (shape.length !== stride.length) throw new PickleError('a tensor with a shape that does not fit its strides');
  const values = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((place, size, axis) => place + Math.max(0, size - 1) * stride[axis]!, offset as number);
  if ((offset as number) < 0 || (values > 0 && last >= storage.size)) {
    throw new PickleError('a tensor beyond the end of its values');
  }
  return { dtype: storage.type.dtype, shape, storage, offset: offset as number, stride };
};

const allowed: AllowedNames = new Map<string, ((...parameters: unknown[]) => unknown) | { value: unknown }>([
  ['collections.OrderedDict', (): unknown => new Map()],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_parameter', (tensor: unknown): unknown => tensor],
  ...Object.entries(types).map(([name, type]) => [`torch.${name}Storage`, { value: type }] as const),
]);

const persistent = (id: unknown): Storage => {
  if (!Array.isArray(id) || id[0] !== 'storage') throw new PickleError('something kept outside that is no storage');
  const [, type, key, , size] = id as [string, unknown, unknown, unknown, unknown];
  if (typeof type !== 'object' || type === null || !('dtype' in type)) throw new PickleError('values of unknown type');
  if (typeof key !== 'string' || !Number.isSafeInteger(size)) throw new PickleError('a storage of unknown make');
  return { key, type: type as ValueType, size: size as number };
};

const openZip = (path: string): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? reject(error) : resolve(zip!)));
  });

const listEntries = (zip: ZipFile): Promise<Map<string, Entry>> =>
  new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });

const readEntry = (zip: ZipFile, entry: Entry): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error || stream === undefined) return reject(error);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
      stream.on('error', reject);
    });
  });

/** Copies a view into row-major order. */
const gather = (bytes: Buffer, { shape, stride, offset, storage }: TorchTensor): Buffer => {
  const size = storage.type.bytes;
  const values = shape.reduce((product, length) => product * length, 1);
  let expected = 1;
  let contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== expected) contiguous = false;
    expected *= shape[axis]!;
  }
  if (contiguous) return bytes.subarray(offset * size, (offset + values) * size);
  const copy = Buffer.alloc(values * size);
  const index = shape.map(() => 0);
  let place = offset;
  for (let value = 0; value < values; value++) {
    bytes.copy(copy, value * size, place * size, (place + 1) * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      place += stride[axis]!;
      if (index[axis]! < shape[axis]!) break;
      place -= stride[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return copy;
};

const damaged = (path: string, got: string, cause?: unknown): Failure =>
  new Failure(
    {
      what: 'not a file of PyTorch weights',
      where: path,
      got,
      fix: 'pull it again; weights of other makes are refused',
    },
    { cause },
  );

/**
 * Opens a PyTorch weight file.
 *
 * @param path E.g. `pytorch_model.bin`.
 * @throws {Failure} When it is no such file, or holds anything else than tensors by name.
 */
export const openTorchFile = async (path: string): Promise<TorchFile> => {
  let zip: ZipFile;
  try {
    zip = await openZip(path);
  } catch (error) {
    const known = readFailure(path, error);
    throw known instanceof Failure ? known : damaged(path, 'no zip archive', error);
  }
  try {
    const entries = await listEntries(zip);
    const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name) || name === 'data.pkl');
    if (pickleName === undefined) throw damaged(path, 'no data.pkl in it');
    const root = pickleName.slice(0, -'data.pkl'.length);
    const order = entries.get(`${root}byteorder`);
    if (order !== undefined && (await readEntry(zip, order)).toString('latin1').trim() !== 'little') {
      throw damaged(path, 'big-endian values');
    }
    const value = unpickle(await readEntry(zip, entries.get(pickleName)!), allowed, persistent);
    if (!(value instanceof Map)) throw new PickleError('no dictionary of tensors');
    const tensors = new Map<string, TorchTensor>();
    for (const [name, tensor] of value) {
      if (typeof name !== 'string' || !isTensor(tensor)) throw new PickleError('something that is no tensor');
      tensors.set(name, tensor);
    }
    return {
      tensors,
      read: async (tensor) => {
        const name = `${root}data/${tensor.storage.key}`;
        const entry = entries.get(name);
        if (entry === undefined) throw damaged(path, `no entry ${name}`);
        const bytes = await readEntry(zip, entry);
        if (bytes.length < tensor.storage.size * tensor.storage.type.bytes) throw damaged(path, `${name} is too short`);
        return gather(bytes, tensor);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    if (error instanceof Failure) throw error;
    throw damaged(path, error instanceof PickleError ? error.message : 'a damaged archive', error);
  }
};

const isTensor = (value: unknown): value is TorchTensor =>
  typeof value === 'object' && value !== null && 'storage' in value && 'stride' in value;
