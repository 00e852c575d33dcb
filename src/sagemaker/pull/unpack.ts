/**
 * @file Unpacking a job's `model.tar.gz`: plain files and folders below one directory, nothing else. Links, devices
 * and names that lead out of it are refused, and with them the whole archive.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';

/** More entries than any model has. */
const mostEntries = 10_000;

/**
 * The place of an entry below the directory, or undefined for a name that leads out of it.
 *
 * @example safeName('./code/inference.py') // 'code/inference.py'
 */
export const safeName = (name: string): string | undefined => {
  if (name.includes('\0') || name.includes('\\') || /^[a-zA-Z]:/.test(name) || name.startsWith('/')) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
};

/**
 * Unpacks a tarball.
 *
 * @param archive A `.tar.gz` file.
 * @param directory Where to; it need not exist.
 * @returns The files' names, relative to the directory.
 * @throws {Failure} When the archive is damaged, cut off, or holds what is no plain file.
 */
export const unpack = async (archive: string, directory: string): Promise<string[]> => {
  const refuse = (got: string): Failure =>
    new Failure({
      what: 'the archive holds what a model does not',
      where: archive,
      got,
      fix: 'do not trust this archive',
    });
  const files: string[] = [];
  await mkdir(directory, { recursive: true });
  const extract = tar.extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), extract);
  // Its error is thrown below; until then it must count as handled.
  reading.catch(() => undefined);
  try {
    let count = 0;
    for await (const entry of extract) {
      const { name, type } = entry.header;
      const place = safeName(name);
      if (++count > mostEntries) throw refuse(`more than ${mostEntries} entries`);
      if (place === undefined) throw refuse('a name that leads out of its folder');
      if (type === 'directory') {
        await mkdir(join(directory, place), { recursive: true });
        entry.resume();
      } else if (type === 'file' || type === 'contiguous-file') {
        if (place === '') throw refuse('a file without a name');
        const path = join(directory, place);
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path));
        files.push(place);
      } else throw refuse(`a ${type ?? 'nameless kind'} entry`);
    }
    await reading;
  } catch (error) {
    extract.destroy();
    const known = readFailure(archive, error);
    if (known instanceof Failure) throw known;
    throw new Failure(
      {
        what: 'the archive is damaged',
        where: archive,
        got: error instanceof Error ? error.message : undefined,
        fix: 'pull it again',
      },
      { cause: error },
    );
  }
  return files;
};
