/**
 * @file A graph as a file for the moment of loading. ONNX Runtime maps weights out of other files only from a graph
 * that is a file too and lies in their folder (paths and links out of it are refused). So it is written there under a
 * temporary name; where nothing may be written, into a temporary folder that holds hard links to the weights.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../ground/failure.js';

/**
 * Gives a graph a path from which the files' bytes can be mapped, while `load` runs.
 *
 * @param files Files of weights; all lie in one folder once links are followed.
 * @param graph The graph, which names them without a folder.
 * @throws {Failure} When they lie in several folders, or no place can be written from which they can be reached.
 */
export const besideFiles = async <Loaded>(
  files: readonly string[],
  graph: Uint8Array,
  load: (path: string) => Promise<Loaded>,
): Promise<Loaded> => {
  const real = await Promise.all(files.map((file) => realpath(file)));
  const folders = new Set(real.map(dirname));
  const renamed = real.some((file, index) => basename(file) !== basename(files[index]));
  if (folders.size === 1 && !renamed) {
    const path = join(dirname(real[0]), `.graph-${randomUUID()}.onnx`);
    const written = await writeFile(path, graph).then(
      () => true,
      () => false,
    );
    if (written) return load(path).finally(() => rm(path, { force: true }));
    await rm(path, { force: true }).catch(() => undefined);
  }
  const folder = await mkdtemp(join(tmpdir(), 'impressionist-graph-'));
  try {
    for (const [index, file] of real.entries()) await link(file, join(folder, basename(files[index])));
    const path = join(folder, 'graph.onnx');
    await writeFile(path, graph);
    return await load(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new Failure(
      {
        what: 'cannot map the weights',
        where: files[0],
        got: `no place to write beside them, nor links to them from ${tmpdir()}`,
        fix: 'make the folder writable, or copy the model',
      },
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
