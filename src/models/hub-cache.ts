/**
 * @file Hugging Face's cache on this machine, laid out as Python's `huggingface_hub` has it, so that both share it:
 * `models--ORG--NAME/` with `blobs/ETAG`, `refs/REVISION` (a commit) and `snapshots/COMMIT/FILE` (links to blobs).
 * Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
 */
import { copyFile, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { readFailure, writeFailure, writeWhole } from '../ground/durable.js';
import { systemCode } from '../ground/failure.js';

/** A model on the hub. */
export interface HubModel {
  /** `org/name`, or `name` for a few old ones. */
  readonly id: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

/** `$HF_HOME`, else `$XDG_CACHE_HOME/huggingface`, else `~/.cache/huggingface`. */
export const hubHome = (env: NodeJS.ProcessEnv = process.env): string =>
  env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');

/** The model's folder in the cache: under `$HF_HUB_CACHE`, else under `hub` in {@link hubHome}. */
export const cacheFolder = ({ id }: HubModel, env: NodeJS.ProcessEnv = process.env): string =>
  join(env.HF_HUB_CACHE || join(hubHome(env), 'hub'), `models--${id.replaceAll('/', '--')}`);

/** Where the locks of a model's files are, as in Python, where their names end in `.lock`: `.locks` beside its folder. */
export const lockFolder = (model: HubModel, env?: NodeJS.ProcessEnv): string => {
  const folder = cacheFolder(model, env);
  return join(dirname(folder), '.locks', basename(folder));
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whether a folder has all files that a model or an adapter is opened with. */
export const isComplete = async (folder: string): Promise<boolean> => {
  if (await exists(join(folder, 'adapter_config.json'))) return exists(join(folder, 'adapter_model.safetensors'));
  for (const name of ['config.json', 'tokenizer.json']) if (!(await exists(join(folder, name)))) return false;
  if (await exists(join(folder, 'model.safetensors'))) return true;
  try {
    const { weight_map } = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8'));
    for (const shard of new Set(Object.values<string>(weight_map)))
      if (!(await exists(join(folder, shard)))) return false;
    return true;
  } catch {
    return false;
  }
};

/** The folder of a model's files as far as they are cached; undefined when the revision was never fetched. */
export const cachedSnapshot = async (model: HubModel, env?: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const folder = cacheFolder(model, env);
  const asCommit = join(folder, 'snapshots', model.revision);
  if (await exists(asCommit)) return asCommit;
  const ref = join(folder, 'refs', model.revision);
  try {
    return join(folder, 'snapshots', (await readFile(ref, 'utf8')).trim());
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw readFailure(ref, error);
  }
};

/** Notes the commit that a branch or tag stood for. */
export const writeRef = async (model: HubModel, commit: string, env?: NodeJS.ProcessEnv): Promise<void> => {
  if (model.revision === commit) return;
  const path = join(cacheFolder(model, env), 'refs', model.revision);
  await makeFolder(dirname(path));
  await writeWhole(path, commit);
};

/**
 * Shows a blob under its file's name in a snapshot: as a link, or as a copy where links are not allowed. The name appears
 * at once, so that processes may do the same side by side.
 */
export const linkBlob = async (blob: string, path: string): Promise<void> => {
  await makeFolder(dirname(path));
  const temporary = `${path}.${process.pid}.${temporaries++}.tmp`;
  try {
    await symlink(relative(dirname(path), blob), temporary).catch((error: unknown) => {
      if (systemCode(error) !== 'EPERM' && systemCode(error) !== 'ENOSYS') throw error;
      return copyFile(blob, temporary);
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFailure(path, error);
  }
};

let temporaries = 0;

/** Makes a folder of the cache. */
export const makeFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(path, error);
  });
};
