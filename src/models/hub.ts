/**
 * @file Models from the Hugging Face hub: downloaded once into the cache that Python's `huggingface_hub` uses, gone on
 * with where a download broke off, and checked against the hub's own checksum (SHA-256 for large files, Git's SHA-1 for
 * small ones). `HF_TOKEN`, `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE` and `HF_HUB_OFFLINE` mean what they mean in Python.
 * npm's `@huggingface/hub` has the same cache but starts a broken download anew and checks no sums.
 * Processes that want the same file at once fetch it once: one downloads, under a lock, the others wait and find it. Python's
 * lock can't be shared, so an unfinished file of Python's is copied and gone on with, never written to.
 * A cached model is used as it is, without asking whether the hub has a newer one; name a revision to be exact.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readFailure, writeFailure } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import {
  cachedSnapshot,
  cacheFolder,
  type HubModel,
  hubHome,
  isComplete,
  linkBlob,
  lockFolder,
  makeFolder,
  writeRef,
} from './hub-cache.js';
import { withLock } from './hub-lock.js';

/** Told how much of a file is there. */
export interface DownloadProgress {
  (file: string, bytes: number, total: number): void;
  /** Told when another process is downloading the same file, which is then waited for. */
  readonly onWait?: (file: string) => void;
}

/** Attempts at a file, each going on where the last one broke off; attempts that bring nothing are counted alone. */
const FRUITLESS_ATTEMPTS = 5;
/** The first pause between two attempts, in milliseconds; it doubles with each. */
const FIRST_PAUSE = 250;
/** Longest wait for the next bytes, in milliseconds. */
const SILENCE = 60_000;

const ID = /^([\w][\w.-]*\/[\w.-]+)(?:@([\w][\w./-]*))?$/;

/** Whether a name is a hub model's: `org/name`, or `org/name@revision`. */
export const isHubId = (name: string): boolean => ID.test(name) && !name.includes('..');

const parseId = (name: string): HubModel => {
  const [, id, revision = 'main'] = ID.exec(name)!;
  return { id, revision };
};

/** Files that a model or an adapter is opened with, when it has them; weights apart. */
const WANTED = new Set([
  ...['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'],
  ...['added_tokens.json', 'prompt.json', 'adapter_config.json', 'adapter_model.safetensors'],
]);

/**
 * Makes sure that a hub model is in the cache.
 *
 * @param name `org/name` or `org/name@revision`.
 * @param onProgress Told of each file's bytes.
 * @param env The environment, for the variables named above; default the process's.
 * @returns The folder with its files.
 * @throws {Failure} When there is no such model, the hub can't be reached, a file's checksum is wrong, or the disk is full.
 * @example const directory = await fetchModel('google/flan-t5-small');
 */
export const fetchModel = async (
  name: string,
  onProgress?: DownloadProgress,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> => {
  const model = parseId(name);
  const cached = await cachedSnapshot(model, env);
  if (cached !== undefined && (await isComplete(cached))) return cached;
  if (/^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? '')) {
    throw new Failure({
      what: 'the model is not in the cache and HF_HUB_OFFLINE is set',
      where: name,
      got: `nothing complete in ${cacheFolder(model, env)}`,
      fix: 'unset HF_HUB_OFFLINE once to download it, or copy a model directory here',
    });
  }
  const hub = await hubOf(env);
  const { commit, files } = await listFiles(hub, model);
  const folder = cacheFolder(model, env);
  const snapshot = join(folder, 'snapshots', commit);
  for (const file of chosenFiles(files, name)) {
    const path = join(snapshot, file);
    if (await stat(path).then(Boolean, () => false)) continue;
    await linkBlob(
      await fetchFile(hub, model, { commit, file, folder, locks: lockFolder(model, env) }, onProgress),
      path,
    );
  }
  await writeRef(model, commit, env);
  return snapshot;
};

interface Hub {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

const hubOf = async (env: NodeJS.ProcessEnv): Promise<Hub> => {
  const endpoint = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  let token = env.HF_TOKEN?.trim();
  if (!token) {
    const path = env.HF_TOKEN_PATH || join(hubHome(env), 'token');
    token = (await readFile(path, 'utf8').catch(() => '')).trim();
  }
  return { endpoint, headers: token ? { authorization: `Bearer ${token}` } : {} };
};

const request = async (hub: Hub, url: string, where: string, init: RequestInit = {}): Promise<Response> => {
  const answer = await fetch(url, { ...init, headers: { ...hub.headers, ...init.headers } }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Failure(
      {
        what: 'the model hub can’t be reached',
        where: `${where} at ${hub.endpoint}`,
        got: systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause)),
        fix: 'check the connection and HF_ENDPOINT; a broken download goes on where it stopped',
      },
      { cause: error },
    );
  });
  if (answer.status === 401 || answer.status === 403) {
    throw new Failure({
      what: 'the hub does not let this model be read',
      where,
      got: `HTTP ${answer.status}`,
      fix: 'check its name; if it is private or gated, accept its terms and set HF_TOKEN',
    });
  }
  if (answer.status === 404) {
    throw new Failure({
      what: 'no such model, revision or file on the hub',
      where,
      got: 'HTTP 404',
      fix: 'check its name',
    });
  }
  if (answer.status >= 400) {
    throw new Failure({ what: 'the model hub refused', where, got: `HTTP ${answer.status}`, fix: 'try again later' });
  }
  return answer;
};

const listFiles = async (hub: Hub, { id, revision }: HubModel): Promise<{ commit: string; files: string[] }> => {
  const answer = await request(hub, `${hub.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`, id);
  const { sha, siblings } = (await answer.json()) as { sha?: unknown; siblings?: { rfilename: string }[] };
  if (typeof sha !== 'string' || !/^[\w-]+$/.test(sha) || !Array.isArray(siblings)) {
    throw new Failure({ what: 'the hub’s answer is not a model’s description', where: id, fix: 'check HF_ENDPOINT' });
  }
  return { commit: sha, files: siblings.map(({ rfilename }) => rfilename) };
};

const chosenFiles = (files: readonly string[], name: string): string[] => {
  const whole = files.includes('model.safetensors');
  const weights = whole
    ? ['model.safetensors']
    : files.filter((file) => file === 'model.safetensors.index.json' || /^model-\d+-of-\d+\.safetensors$/.test(file));
  if (weights.length === 0 && !files.includes('adapter_model.safetensors')) {
    throw new Failure({
      what: 'the model has no weights as safetensors',
      where: name,
      got: files.filter((file) => /\.(bin|h5|msgpack|safetensors)$/.test(file)).join(', ') || 'no weights',
      fix: 'choose a model with model.safetensors',
    });
  }
  // Weights last, so that a folder that has them has the rest.
  return [...files.filter((file) => WANTED.has(file)), ...weights];
};

/** A file of a model: where it is on the hub, and where here. */
interface WantedFile {
  readonly commit: string;
  readonly file: string;
  /** The model's folder in the cache. */
  readonly folder: string;
  /** Where the locks of its files are. */
  readonly locks: string;
}

/** A blob that is to be fetched. */
interface Blob {
  readonly url: string;
  /** The file, for messages. */
  readonly where: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly path: string;
}

/** Downloads a file into the blobs, or waits until another process has, and returns the blob's path. */
const fetchFile = async (
  hub: Hub,
  { id }: HubModel,
  { commit, file, folder, locks }: WantedFile,
  onProgress?: DownloadProgress,
): Promise<string> => {
  const url = `${hub.endpoint}/${id}/resolve/${commit}/${file}`;
  const where = `${id}/${file}`;
  const plain = { 'accept-encoding': 'identity' };
  const head = await request(hub, url, where, { method: 'HEAD', redirect: 'manual', headers: plain });
  const etag = (head.headers.get('x-linked-etag') ?? head.headers.get('etag') ?? '')
    .replace(/^W\//, '')
    .replace(/"/g, '');
  const size = Number(head.headers.get('x-linked-size') ?? head.headers.get('content-length'));
  if (!/^[\w-]+$/.test(etag) || !Number.isSafeInteger(size)) {
    throw new Failure({ what: 'the hub does not say a file’s checksum and size', where, fix: 'check HF_ENDPOINT' });
  }
  const blob: Blob = { url, where, etag, size, path: join(folder, 'blobs', etag) };
  const isThere = async (): Promise<boolean> => (await sizeOf(blob.path)) === size;
  if (await isThere()) return blob.path;
  await makeFolder(join(folder, 'blobs'));
  await withLock(
    join(locks, `${etag}.sqlite`),
    async () => {
      // Another process may have fetched it meanwhile.
      if (!(await isThere())) await download(hub, blob, (bytes) => onProgress?.(file, bytes, size));
    },
    () => onProgress?.onWait?.(file),
  );
  return blob.path;
};

/** Fetches a blob, going on with what a broken download left of it. */
const download = async (hub: Hub, blob: Blob, onBytes: (bytes: number) => void): Promise<void> => {
  const partial = `${blob.path}.impressionist.incomplete`;
  const adopted = await adoptPythons(blob, partial);
  await fetchRest(hub, blob, partial, onBytes);
  try {
    await verify(partial, blob);
  } catch (error) {
    // What Python left may have holes: its faster downloaders write a file’s parts in any order.
    if (!adopted || !(error instanceof Failure)) throw error;
    await fetchRest(hub, blob, partial, onBytes);
    await verify(partial, blob);
  }
  await rename(partial, blob.path).catch((error: unknown) => {
    throw writeFailure(blob.path, error);
  });
};

/** Takes a copy of an unfinished file of Python's to go on with, where it is the longer one. */
const adoptPythons = async ({ path, size }: Blob, partial: string): Promise<boolean> => {
  const pythons = `${path}.incomplete`;
  const there = await sizeOf(pythons);
  if (there > size || there <= (await sizeOf(partial))) return false;
  await copyFile(pythons, partial, constants.COPYFILE_FICLONE).catch((error: unknown) => {
    throw writeFailure(partial, error);
  });
  return true;
};

/** Appends what a partial file lacks, trying again where the connection breaks. */
const fetchRest = async (
  hub: Hub,
  { url, where, size }: Blob,
  partial: string,
  onBytes: (bytes: number) => void,
): Promise<void> => {
  let fruitless = 0;
  for (let have = Math.min(await sizeOf(partial), size); ; ) {
    onBytes(have);
    const before = have;
    try {
      if (have < size || size === 0) have = await append(hub, url, where, partial, have, size, onBytes);
      if (have >= size) return;
    } catch (error) {
      // The connection's faults are tried again; the disk's and the hub's refusals are not.
      if (!(error instanceof Interrupted)) throw error;
      have = await sizeOf(partial);
    }
    fruitless = have > before ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS) {
      throw new Failure({
        what: 'the download broke off',
        where,
        got: `${have} of ${size} bytes`,
        fix: 'run the same command again; it goes on from there',
      });
    }
    if (fruitless > 0) await pause(FIRST_PAUSE * 2 ** fruitless);
  }
};

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (found) => found.size,
    () => 0,
  );

/** The connection ended before the file did. */
class Interrupted extends Error {}

/** Appends what comes from `have` on; returns how many bytes are there then. */
const append = async (
  hub: Hub,
  url: string,
  where: string,
  partial: string,
  have: number,
  size: number,
  onBytes: (bytes: number) => void,
): Promise<number> => {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers.range = `bytes=${have}-`;
  let answer: Response;
  try {
    answer = await request(hub, url, where, { headers, signal: silence.signal });
  } catch (error) {
    clearTimeout(timer);
    if (error instanceof Failure && error.what === 'the model hub can’t be reached' && have > 0)
      throw new Interrupted();
    throw error;
  }
  // A server that knows no ranges sends the file from its beginning.
  let at = answer.status === 206 ? have : 0;
  const output = await open(partial, at === 0 ? 'w' : 'r+').catch((error: unknown) => {
    throw writeFailure(partial, error);
  });
  try {
    const reader = answer.body?.getReader();
    while (reader !== undefined) {
      const { done, value } = await reader.read().catch(() => {
        throw new Interrupted();
      });
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      if (at + value.length > size) {
        throw new Failure({ what: 'the hub sent more than a file’s size', where, fix: 'try again later' });
      }
      await output.write(value, 0, value.length, at).catch((error: unknown) => {
        throw writeFailure(partial, error);
      });
      at += value.length;
      onBytes(at);
    }
    await output.sync();
    return at;
  } finally {
    clearTimeout(timer);
    await output.close();
  }
};

/** Compares a whole file with its etag: SHA-256 of its bytes (64 digits), or Git's SHA-1 of it as a blob (40 digits). */
const verify = async (path: string, { etag, size, where }: Blob): Promise<void> => {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag)) return;
  const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw readFailure(path, error);
  }
  const found = hash.digest('hex');
  if (found === etag) return;
  await rm(path, { force: true });
  throw new Failure({
    what: 'a downloaded file is damaged',
    where,
    got: `checksum ${found}, not ${etag}`,
    fix: 'run the same command again; the file was removed',
  });
};
