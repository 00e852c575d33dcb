/**
 * @file The weights of a T5 from its safetensors: every one the configuration calls for, checked against its shape.
 * Whether the head has a matrix of its own is told by the file: a `lm_head.weight` in it is used.
 */
import { Failure } from '../ground/failure.js';
import type { QuantisedBits } from '../tensors/index.js';
import type { T5Config } from './config.js';
import { adaptedMatrices } from './lora.js';
import { EMBEDDING, HEAD, parameterShapes, type WeightData } from './parameters.js';
import { type QuantisedWeight, quantiseMatrix } from './quantisation.js';
import { openSafetensors, type Safetensors, type TensorEntry } from './safetensors.js';

/** A model's weights by Transformers' names. */
export interface T5Weights {
  readonly tensors: ReadonlyMap<string, WeightData>;
  /** The linear layers of the blocks where rounding was asked for; these are not in `tensors`. */
  readonly quantised?: ReadonlyMap<string, QuantisedWeight>;
  /** Whether the head has a matrix of its own. */
  readonly ownHead: boolean;
}

/** Further names of the shared embedding that some files repeat it under. */
const EMBEDDING_COPIES = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

/** Which tensor of the file is which weight, checked by their headers. */
const assignTensors = (
  file: Safetensors,
  path: string,
  config: T5Config,
): { stored: Map<string, string>; ownHead: boolean } => {
  const embedding = file.has(EMBEDDING) ? EMBEDDING : EMBEDDING_COPIES.find((name) => file.has(name));
  const ownHead = file.has(HEAD);
  if (!ownHead && config.tieWordEmbeddings === false) {
    throw new Failure({
      what: 'a weight is missing',
      where: `${HEAD} of ${path}`,
      fix: 'the configuration says that the head is not tied to the embedding; save the model again with its head',
    });
  }
  const shapes = parameterShapes(config, ownHead);
  const unknown = file.names.filter((name) => !shapes.has(name) && !EMBEDDING_COPIES.includes(name));
  if (unknown.length > 0) {
    const shown = unknown.slice(0, 3).join(', ');
    throw new Failure({
      what: 'weights that do not belong to this T5',
      where: path,
      got: `${unknown.length}, such as ${shown}`,
      fix: 'use the config.json that was saved with them',
    });
  }
  const stored = new Map<string, string>();
  for (const [name, shape] of shapes) {
    const tensor = name === EMBEDDING ? embedding : name;
    if (tensor === undefined || !file.has(tensor)) {
      throw new Failure({
        what: 'a weight is missing',
        where: `${name} of ${path}`,
        fix: 'save the model again, or use the config.json that was saved with it',
      });
    }
    const found = file.entry(tensor).shape;
    if (found.join() !== shape.join()) {
      throw new Failure({
        what: `a weight's shape is not the configuration's [${shape.join(', ')}]`,
        where: `${name} of ${path}`,
        got: `[${found.join(', ')}]`,
      });
    }
    stored.set(name, tensor);
  }
  return { stored, ownHead };
};

/**
 * Reads all weights of a model directory (or of one safetensors file) as float32.
 *
 * @param bits Rounds the linear layers of the blocks to so many bits as they are read.
 * @throws {Failure} When a weight is missing, has another shape, or does not belong to a T5 of this configuration.
 * @example const { tensors, ownHead } = await readWeights('flan-t5-small', config);
 */
export const readWeights = async (path: string, config: T5Config, bits?: QuantisedBits): Promise<T5Weights> => {
  const file = await openSafetensors(path);
  try {
    const { stored, ownHead } = assignTensors(file, path, config);
    const tensors = new Map<string, WeightData>();
    const rounded = bits === undefined ? undefined : adaptedMatrices(config, ['all']);
    const quantised = bits === undefined ? undefined : new Map<string, QuantisedWeight>();
    for (const [name, tensor] of stored) {
      const weight = await file.read(tensor);
      const [rows, columns] = weight.shape;
      if (rounded?.has(name)) quantised!.set(name, quantiseMatrix(weight.data, [rows, columns], bits!));
      else tensors.set(name, weight);
    }
    // A head stored although it is the embedding itself is tied: trained on, the two must stay one.
    const tied =
      ownHead && config.tieWordEmbeddings !== false && sameNumbers(tensors.get(HEAD)!, tensors.get(EMBEDDING)!);
    if (tied) tensors.delete(HEAD);
    return { tensors, quantised, ownHead: ownHead && !tied };
  } finally {
    await file.close();
  }
};

/** Where a model's weights lie, to be mapped or read one by one. Close it when done. */
export interface WeightPlaces {
  /** By Transformers' names, in the order of `parameterShapes`. */
  readonly places: ReadonlyMap<string, TensorEntry>;
  /** Whether the file has a matrix for the head (which may equal the embedding). */
  readonly ownHead: boolean;
  /** Reads one weight as float32. */
  read(name: string): Promise<WeightData>;
  close(): Promise<void>;
}

/**
 * Finds all weights of a model directory without reading them.
 *
 * @throws {Failure} As {@link readWeights}.
 */
export const locateWeights = async (path: string, config: T5Config): Promise<WeightPlaces> => {
  const file = await openSafetensors(path);
  try {
    const { stored, ownHead } = assignTensors(file, path, config);
    return {
      places: new Map([...stored].map(([name, tensor]) => [name, file.entry(tensor)])),
      ownHead,
      read: (name) => file.read(stored.get(name) ?? name),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const sameNumbers = (a: WeightData, b: WeightData): boolean =>
  Buffer.compare(
    new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength),
    new Uint8Array(b.data.buffer, b.data.byteOffset, b.data.byteLength),
  ) === 0;
