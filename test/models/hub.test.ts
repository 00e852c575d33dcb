import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchModel, isHubId } from '../../src/models/hub.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
const FILES: Record<string, Buffer> = {
  'config.json': Buffer.from('{"model_type": "t5"}'),
  'tokenizer.json': Buffer.from('{}'),
  'pytorch_model.bin': Buffer.from('not wanted'),
  'model.safetensors': weights,
};
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const gitSha1 = (data: Buffer) => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');

let server: Server;
let home: string;
let env: NodeJS.ProcessEnv;
let log: string[];
/** Bytes after which the next answers with weights break off. */
let breaks: number[];
let token: string | undefined;
let damaged: boolean;
let ranges: boolean;
/** What the second half of the weights waits for. */
let gate: Promise<void> | undefined;

beforeEach(async () => {
  [log, breaks, token, damaged, ranges, gate] = [[], [], undefined, false, true, undefined];
  home = await mkdtemp(join(tmpdir(), 'hub-'));
  server = createServer((request, response) => {
    const url = request.url!;
    log.push(`${request.method} ${url} ${request.headers.range ?? ''}`.trim());
    const refuse = (status: number) => response.writeHead(status).end();
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}` && !url.startsWith('/cdn/'))
      return refuse(401);
    if (url === '/api/models/org/model/revision/main') {
      response.setHeader('content-type', 'application/json');
      return response.end(
        JSON.stringify({ sha: COMMIT, siblings: Object.keys(FILES).map((rfilename) => ({ rfilename })) }),
      );
    }
    const name = /^\/(?:org\/model\/resolve\/\w+|cdn)\/(.+)$/.exec(url)?.[1] ?? '';
    const data = FILES[name];
    if (data === undefined) return refuse(404);
    // Large files: the hub names checksum and size and sends on to a store elsewhere, as the real one does.
    if (name === 'model.safetensors' && url.startsWith('/org/')) {
      response.writeHead(302, {
        location: `/cdn/${name}`,
        'x-linked-etag': `"${sha256(data)}"`,
        'x-linked-size': data.length,
      });
      return response.end();
    }
    const start = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    const body = Buffer.from(data.subarray(start));
    if (damaged && name === 'model.safetensors') body[10] ^= 1;
    response.writeHead(start > 0 ? 206 : 200, { etag: `"${gitSha1(data)}"`, 'content-length': body.length });
    if (request.method === 'HEAD') return response.end();
    const broken = name === 'model.safetensors' ? breaks.shift() : undefined;
    if (broken === undefined && gate !== undefined && name === 'model.safetensors') {
      response.write(body.subarray(0, body.length / 2));
      gate.then(() => response.end(body.subarray(body.length / 2)));
      return undefined;
    }
    if (broken === undefined) return response.end(body);
    response.write(body.subarray(0, broken), () => setTimeout(() => response.destroy(), 20));
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { HF_HOME: home, HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true, force: true });
});

const cache = (...path: string[]): string => join(home, 'hub', 'models--org--model', ...path);
const partial = (): string => cache('blobs', `${sha256(weights)}.impressionist.incomplete`);
const fetched = (): number => log.filter((line) => line.startsWith('GET /cdn')).length;

/** Another process that fetches the model, and what it has said so far. */
const fetching = (): { child: ChildProcess; said: () => string; ended: Promise<number | null> } => {
  const script = fileURLToPath(new URL('fetching.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { child, said: () => text, ended };
};
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('a model from the hub', () => {
  it('is laid out in the cache as Python’s huggingface_hub does', async () => {
    const folder = await fetchModel('org/model', undefined, env);
    expect(folder).toBe(cache('snapshots', COMMIT));
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await readFile(cache('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect((await lstat(join(folder, 'config.json'))).isSymbolicLink()).toBe(true);
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(join('..', '..', 'blobs', sha256(weights)));
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true);
  });

  it('is downloaded once: later it is taken from the cache without a request, offline too', async () => {
    await fetchModel('org/model', undefined, env);
    const requests = log.length;
    await fetchModel('org/model', undefined, env);
    await fetchModel('org/model', undefined, { ...env, HF_HUB_OFFLINE: '1' });
    await fetchModel(`org/model@${COMMIT}`, undefined, { ...env, HF_HUB_OFFLINE: '1' });
    expect(log.length).toBe(requests);
  });

  it('goes on where the connection broke, within one call', async () => {
    breaks = [100_000, 50_000];
    const seen: number[] = [];
    const folder = await fetchModel(
      'org/model',
      (file, bytes) => file === 'model.safetensors' && seen.push(bytes),
      env,
    );
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true);
    expect(log.filter((line) => line.includes('bytes=')).length).toBeGreaterThanOrEqual(2);
    expect(seen.at(-1)).toBe(weights.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('goes on with what an earlier, killed process left', async () => {
    breaks = [0, 0, 0, 0, 0, 0, 0];
    await expect(fetchModel('org/model', undefined, env)).rejects.toThrow('the download broke off');
    await writeFile(partial(), weights.subarray(0, 123_456));
    breaks = [];
    log = [];
    await fetchModel('org/model', undefined, env);
    expect(log.find((line) => line.startsWith('GET /cdn'))).toContain('bytes=123456-');
    expect((await readFile(cache('blobs', sha256(weights)))).equals(weights)).toBe(true);
  });

  it('goes on with a copy of what Python left, and anew where that has holes', async () => {
    const pythons = cache('blobs', `${sha256(weights)}.incomplete`);
    await mkdir(cache('blobs'), { recursive: true });
    await writeFile(pythons, weights.subarray(0, 123_456));
    await fetchModel('org/model', undefined, env);
    expect(log.find((line) => line.startsWith('GET /cdn'))).toContain('bytes=123456-');
    expect((await readFile(pythons)).length).toBe(123_456);

    await rm(cache('snapshots'), { recursive: true });
    await rm(cache('blobs', sha256(weights)));
    await writeFile(pythons, Buffer.alloc(123_456));
    log = [];
    await fetchModel('org/model', undefined, env);
    expect(log.filter((line) => line.startsWith('GET /cdn')).map((line) => line.includes('bytes='))).toEqual([
      true,
      false,
    ]);
    expect((await readFile(cache('blobs', sha256(weights)))).equals(weights)).toBe(true);
  });

  it('starts a file anew where the server knows no ranges', async () => {
    breaks = [100_000];
    ranges = false;
    const folder = await fetchModel('org/model', undefined, env);
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true);
    expect(fetched()).toBe(2);
  });

  it('with a wrong checksum is refused and not kept', async () => {
    damaged = true;
    await expect(fetchModel('org/model', undefined, env)).rejects.toThrow('a downloaded file is damaged');
    damaged = false;
    await fetchModel('org/model', undefined, env);
    expect((await readFile(cache('blobs', sha256(weights)))).equals(weights)).toBe(true);
  });

  it('that is gated needs the token, from HF_TOKEN or the file of `huggingface-cli login`', async () => {
    token = 'hf_secret';
    await expect(fetchModel('org/model', undefined, env)).rejects.toThrow('set HF_TOKEN');
    await writeFile(join(home, 'token'), 'hf_secret\n');
    await fetchModel('org/model', undefined, env);
    await rm(join(home, 'hub'), { recursive: true });
    await rm(join(home, 'token'));
    await fetchModel('org/model', undefined, { ...env, HF_TOKEN: 'hf_secret' });
  });

  it('that does not exist, or offline is not there, is an error that says what to do', async () => {
    await expect(fetchModel('org/other', undefined, env)).rejects.toThrow('no such model, revision or file on the hub');
    await expect(fetchModel('org/model', undefined, { ...env, HF_HUB_OFFLINE: '1' })).rejects.toThrow(
      'unset HF_HUB_OFFLINE',
    );
    await expect(fetchModel('org/model', undefined, { ...env, HF_ENDPOINT: 'http://127.0.0.1:9' })).rejects.toThrow(
      'the model hub can’t be reached',
    );
  });

  it('wanted by several processes at once is fetched once: the others wait, say so, and find it', async () => {
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const processes = [fetching(), fetching(), fetching()];
    const waiting = () => processes.filter(({ said }) => said().includes('waiting for model.safetensors')).length;
    await until(() => waiting() === 2);
    open();
    for (const { ended, said } of processes) {
      expect(await ended, said()).toBe(0);
      expect(said()).toContain(cache('snapshots', COMMIT));
    }
    const gets = log.filter((line) => line.startsWith('GET /') && !line.startsWith('GET /api'));
    expect(gets.filter((line) => !line.startsWith('GET /org/model/resolve') || !line.includes('safetensors'))).toEqual(
      ['config.json', 'tokenizer.json']
        .map((name) => `GET /org/model/resolve/${COMMIT}/${name}`)
        .concat('GET /cdn/model.safetensors'),
    );
    expect((await readFile(cache('snapshots', COMMIT, 'model.safetensors'))).equals(weights)).toBe(true);
    expect((await readdir(cache('blobs'))).length).toBe(3);
    expect((await readdir(cache('snapshots', COMMIT))).length).toBe(3);
  });

  it('whose downloading process is killed is taken over by the one that waits, from where it stood', async () => {
    gate = new Promise(() => undefined);
    const first = fetching();
    const size = (): number => statSync(partial(), { throwIfNoEntry: false })?.size ?? 0;
    await until(() => size() === weights.length / 2);
    const second = fetching();
    await until(() => second.said().includes('waiting for model.safetensors'));
    gate = undefined;
    first.child.kill('SIGKILL');
    expect(await second.ended, second.said()).toBe(0);
    expect(log.filter((line) => line.startsWith('GET /cdn'))).toEqual([
      'GET /cdn/model.safetensors',
      `GET /cdn/model.safetensors bytes=${weights.length / 2}-`,
    ]);
    expect((await readFile(cache('snapshots', COMMIT, 'model.safetensors'))).equals(weights)).toBe(true);
  });

  it('is told from a path', () => {
    expect(['google/flan-t5-small', 'org/model@v1.0'].every(isHubId)).toBe(true);
    expect(['tiny', './runs/model', '/models/x', 'a/b/c', '../x/y', 'runs/..'].some(isHubId)).toBe(false);
  });
});
