/**
 * @file Output files are checked before the long work, so that a mistyped folder doesn't cost it: each must lie in a
 * folder that can be written to, be a plain file if it exists, and be neither an input nor another output.
 */
import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFailure } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';

/**
 * Checks where output is to go.
 *
 * @param outputs Paths by name; undefined ones are left out.
 * @param inputs Paths that must not be overwritten.
 * @returns The paths with links resolved, so that a linked file is replaced and not its link.
 * @throws {Failure} When a path can't be written to, or is an input or another output.
 */
export const checkOutputs = async <Name extends string>(
  outputs: Readonly<Partial<Record<Name, string>>>,
  inputs: readonly string[],
): Promise<Partial<Record<Name, string>>> => {
  const taken = new Map<string, string>();
  for (const input of inputs) taken.set(await realpath(input).catch(() => input), 'an input');
  const targets: Partial<Record<Name, string>> = {};
  for (const [name, path] of Object.entries(outputs) as [Name, string | undefined][]) {
    if (path === undefined) continue;
    const target = await writableFile(path);
    const use = taken.get(target);
    if (use !== undefined) {
      throw new Failure({ what: `the ${name} output is also ${use}`, where: path, fix: 'name another file' });
    }
    taken.set(target, `the ${name} output`);
    targets[name] = target;
  }
  return targets;
};

/** Where a file that may not exist yet really is. */
const writableFile = async (path: string): Promise<string> => {
  try {
    const existing = await stat(path).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (existing !== undefined && !existing.isFile()) {
      const got = existing.isDirectory() ? 'a folder of that name' : 'something that is not a plain file';
      throw new Failure({ what: 'cannot write', where: path, got, fix: 'name a file' });
    }
    const target = existing === undefined ? join(await realpath(dirname(path)), basename(path)) : await realpath(path);
    await access(dirname(target), constants.W_OK);
    return target;
  } catch (error) {
    throw writeFailure(path, error);
  }
};
