/**
 * @file Fetching a finished job's model: downloaded, unpacked, converted, checked, and only then in its place.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readFailure, writeFailure } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';
import type { PromptTemplate } from '../../reports/prompt.js';
import type { Clients } from '../aws/clients.js';
import { fetchObject, listObjects } from '../data/objects.js';
import { parseS3, s3Uri } from '../data/s3-uri.js';
import { isTarball } from '../hosting/requests.js';
import { adapterBase, checkModelDirectory, type ModelDirectory, makeModelDirectory } from './model-directory.js';
import { safeName, unpack } from './unpack.js';

/** What was fetched. */
export interface Pulled extends ModelDirectory {
  readonly directory: string;
  readonly bytes: number;
  /** Tensors and values of a whole model. */
  readonly checked?: { readonly tensors: number; readonly values: number };
  /** The base model of an adapter. */
  readonly base?: string;
}

/** What is told while fetching. */
export type PullProgress = (bytes: number, total: number) => void;

const checkEmpty = async (directory: string): Promise<void> => {
  let entries: string[];
  try {
    entries = await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw readFailure(directory, error);
  }
  if (entries.length === 0) return;
  throw new Failure({
    what: 'the folder is not empty',
    where: directory,
    got: `${entries.length} entries`,
    fix: 'name another --out, or remove it first',
  });
};

const download = async (
  { s3 }: Pick<Clients, 's3'>,
  artefactUri: string,
  folder: string,
  progress: PullProgress,
): Promise<number> => {
  const place = parseS3(artefactUri, 'the model of the job');
  const prefix = isTarball(artefactUri) ? place.key : `${place.key.replace(/\/+$/, '')}/`;
  const objects = (await listObjects(s3, { bucket: place.bucket, key: prefix })).filter(
    ({ key }) => !key.endsWith('/'),
  );
  if (objects.length === 0) {
    throw new Failure({
      what: 'the model is not in S3 any more',
      where: artefactUri,
      fix: 'restore it if the bucket keeps versions, or train again',
    });
  }
  const total = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const { key, bytes } of objects) {
    const name = isTarball(artefactUri) ? 'model.tar.gz' : safeName(key.slice(prefix.length));
    if (name === undefined || name === '') {
      throw new Failure({
        what: 'an object of the model has a name that leads out of its folder',
        where: s3Uri({ bucket: place.bucket, key }),
        fix: 'do not trust this artefact',
      });
    }
    await fetchObject(s3, { bucket: place.bucket, key }, join(folder, name), (part) => progress(before + part, total));
    before += bytes;
    progress(before, total);
  }
  return total;
};

/**
 * Fetches a model from S3 into a model directory.
 *
 * @param artefactUri `…/model.tar.gz`, or a prefix of single files.
 * @param directory Where the model directory is to stand; must be empty or missing.
 * @param prompt The prompt the model learned, for `prompt.json`.
 * @throws {Failure} When it cannot be fetched or is no usable model; the directory is not there then.
 */
export const pullModel = async (
  clients: Pick<Clients, 's3'>,
  artefactUri: string,
  directory: string,
  prompt: PromptTemplate | undefined,
  progress: PullProgress = () => {},
): Promise<Pulled> => {
  await checkEmpty(directory);
  let work: string | undefined;
  try {
    await mkdir(dirname(directory), { recursive: true });
    // Beside the target, so that the finished directory is moved, not copied.
    work = await mkdtemp(`${directory}.pull-`);
    const raw = join(work, 'raw');
    const bytes = await download(clients, artefactUri, raw, progress);
    let unpacked = raw;
    if (isTarball(artefactUri)) {
      const archive = join(raw, 'model.tar.gz');
      unpacked = join(work, 'unpacked');
      await unpack(archive, unpacked);
      await rm(archive);
    }
    const made = join(work, 'model');
    const result = await makeModelDirectory(unpacked, made, prompt);
    const details =
      result.kind === 'model' ? { checked: await checkModelDirectory(made) } : { base: await adapterBase(made) };
    await rm(directory, { recursive: true, force: true });
    await rename(made, directory);
    return { ...result, directory, bytes, ...details };
  } catch (error) {
    throw writeFailure(directory, error);
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
};
