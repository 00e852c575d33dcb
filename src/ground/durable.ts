/**
 * @file Files that are either wholly there or not at all: written under a temporary name in the same
 * folder, flushed to the disk, then renamed over the old one. A crash or a full disk leaves the old file.
 */
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, systemCode } from './failure.js';

type Chunk = string | Uint8Array;

/**
 * Writes a file whole: its new content appears under `path` at once, or the old content stays.
 *
 * @param path Where the file is to stand; its folder must exist.
 * @param content The whole content, or a stream of chunks (text is written as UTF-8).
 * @throws {Failure} When the folder is missing, not writable, or the disk is full; nothing is left behind.
 * @example await writeWhole('run.json', JSON.stringify(run));
 */
export const writeWhole = async (
  path: string,
  content: Chunk | Iterable<Chunk> | AsyncIterable<Chunk>,
): Promise<void> => {
  const temporary = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'w');
    const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw writeFailure(path, error);
  }
};

/**
 * Removes what {@link writeWhole} had begun in a folder when its process was killed. What a running process is writing stays.
 *
 * @param folder May be missing.
 * @example await removeLeftovers('runs/first/checkpoints');
 */
export const removeLeftovers = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const writer = Number(/\.(\d+)\.tmp$/.exec(name)?.[1] ?? Number.NaN);
    // In a container every run has the same process number.
    if (writer === process.pid || (writer > 0 && !isRunning(writer))) await rm(join(folder, name), { force: true });
  }
};

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
};

/** A {@link Failure} for an error of writing `path`; errors that are not the system's pass through. */
export const writeFailure = (path: string, error: unknown): unknown => {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure(
        { what: 'cannot write', where: path, got: `no folder ${dirname(path)}`, fix: 'create the folder first' },
        options,
      );
    case 'EISDIR':
      return new Failure(
        { what: 'cannot write', where: path, got: 'a folder of that name', fix: 'name a file' },
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure(
        { what: 'cannot write', where: path, got: 'no permission', fix: 'choose a folder you may write to' },
        options,
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return new Failure(
        {
          what: 'cannot write',
          where: path,
          got: 'no space left on the disk',
          fix: 'free some space; the old file, if any, is unchanged',
        },
        options,
      );
    case 'EFBIG':
      return new Failure(
        {
          what: 'cannot write',
          where: path,
          got: 'a file larger than this system or its limits allow',
          fix: 'raise the limit (ulimit -f) or choose another disk; the old file, if any, is unchanged',
        },
        options,
      );
    default:
      return error;
  }
};

/** A {@link Failure} for an error of reading `path`; errors that are not the system's pass through. */
export const readFailure = (path: string, error: unknown): unknown => {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure({ what: 'no such file', where: path, fix: 'check the path' }, options);
    case 'EISDIR':
      return new Failure({ what: 'cannot read', where: path, got: 'a folder', fix: 'name a file' }, options);
    case 'EACCES':
    case 'EPERM':
      return new Failure(
        { what: 'cannot read', where: path, got: 'no permission', fix: 'check its permissions' },
        options,
      );
    default:
      return error;
  }
};
