/**
 * @file A model whose weights stay on disk: to draft with, they are mapped from their file or quantised from it, tensor
 * by tensor, so that a model larger than the memory's share can be opened. Quantised weights are kept beside the model,
 * or in the user's cache folder where the model's own may not be written.
 */
import { createHash } from 'node:crypto';
import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeFailure } from '../ground/durable.js';
import { openQuantised, type QuantisedWeights, writeQuantised } from '../t5/quantised-file.js';
import { locateWeights } from '../t5/weights.js';
import type { QuantisedBits } from '../tensors/index.js';
import { type ModelParts, readModelParts } from './directory.js';

/** A model on disk. */
export interface StoredModel extends ModelParts {
  readonly directory: string;
}

/**
 * Opens a model directory without reading its weights.
 *
 * @throws {Failure} When it is no directory, or a file of it is missing or damaged.
 * @example const model = await openStoredModel('runs/first/model');
 */
export const openStoredModel = async (directory: string): Promise<StoredModel> => ({
  ...(await readModelParts(directory)),
  directory,
});

/**
 * Opens a model's quantised weights, and makes them first where that has not been done.
 *
 * @param progress Called while they are made with the share done, 0 to 1.
 * @throws {Failure} When a weight is missing or damaged, or there is no place to write them.
 */
export const quantisedWeights = async (
  { directory, config }: StoredModel,
  bits: QuantisedBits,
  progress?: (share: number) => void,
): Promise<QuantisedWeights & { readonly ownHead: boolean }> => {
  const located = await locateWeights(directory, config);
  try {
    const source = await fingerprint([...located.places.values()].map(({ file }) => file));
    const name = `model.int${bits}.safetensors`;
    for (const folder of [directory, await cacheFolder(directory)]) {
      const found = await openQuantised(join(folder, name), config, bits, source);
      if (found !== undefined) return found;
    }
    const folder = (await writable(directory)) ? directory : await cacheFolder(directory);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw writeFailure(folder, error);
    });
    const path = join(folder, name);
    await writeQuantised(path, { config, ownHead: located.ownHead }, located.read, bits, source, progress);
    return (await openQuantised(path, config, bits, source))!;
  } finally {
    await located.close();
  }
};

/** What tells whether the weights are still those that were quantised: each file's size and time of change. */
const fingerprint = async (files: readonly string[]): Promise<string> => {
  const hash = createHash('sha256');
  for (const file of [...new Set(files)].sort()) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

const writable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

/** A folder of the user's cache for one model. */
const cacheFolder = async (directory: string): Promise<string> => {
  const root = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const key = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  return join(root, 'impressionist', 'quantised', key.slice(0, 32));
};
