/**
 * @file The weights of a T5 from its safetensors: every one the configuration calls for, checked against its shape.
 * Whether the head has a matrix of its own is told by the file: a `lm_head.weight` in it is used.
 */
import { Failure } from '../ground/failure.js';
import type { T5Config } from './config.js';
import { EMBEDDING, HEAD, parameterShapes, type WeightData } from './parameters.js';
import { openSafetensors } from './safetensors.js';

/** A model's weights by Transformers' names. */
export interface T5Weights {
  readonly tensors: ReadonlyMap<string, WeightData>;
  /** Whether the head has a matrix of its own. */
  readonly ownHead: boolean;
}

/** Further names of the shared embedding that some files repeat it under. */
const EMBEDDING_COPIES = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

/**
 * Reads all weights of a model directory (or of one safetensors file) as float32.
 *
 * @throws {Failure} When a weight is missing, has another shape, or does not belong to a T5 of this configuration.
 * @example const { tensors, ownHead } = await readWeights('flan-t5-small', config);
 */
export const readWeights = async (path: string, config: T5Config): Promise<T5Weights> => {
  const file = await openSafetensors(path);
  try {
    const embedding = file.has(EMBEDDING) ? EMBEDDING : EMBEDDING_COPIES.find((name) => file.has(name));
    const headInFile = file.has(HEAD);
    if (!headInFile && config.tieWordEmbeddings === false) {
      throw new Failure({
        what: 'a weight is missing',
        where: `${HEAD} of ${path}`,
        fix: 'the configuration says that the head is not tied to the embedding; save the model again with its head',
      });
    }
    const shapes = parameterShapes(config, headInFile);
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
    const tensors = new Map<string, WeightData>();
    for (const [name, shape] of shapes) {
      const stored = name === EMBEDDING ? embedding : name;
      if (stored === undefined || !file.has(stored)) {
        throw new Failure({
          what: 'a weight is missing',
          where: `${name} of ${path}`,
          fix: 'save the model again, or use the config.json that was saved with it',
        });
      }
      const weight = await file.read(stored);
      if (weight.shape.join() !== shape.join()) {
        throw new Failure({
          what: `a weight's shape is not the configuration's [${shape.join(', ')}]`,
          where: `${name} of ${path}`,
          got: `[${weight.shape.join(', ')}]`,
        });
      }
      tensors.set(name, weight);
    }
    // A head stored although it is the embedding itself is tied: trained on, the two must stay one.
    const tied =
      headInFile && config.tieWordEmbeddings !== false && sameNumbers(tensors.get(HEAD)!, tensors.get(EMBEDDING)!);
    if (tied) tensors.delete(HEAD);
    return { tensors, ownHead: headInFile && !tied };
  } finally {
    await file.close();
  }
};

const sameNumbers = (a: WeightData, b: WeightData): boolean =>
  Buffer.compare(
    new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength),
    new Uint8Array(b.data.buffer, b.data.byteOffset, b.data.byteLength),
  ) === 0;
