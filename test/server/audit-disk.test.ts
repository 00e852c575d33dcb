/** @file The audit log on a disk that is really full, in two ways that need no rights: a file that may not grow, and a small disk. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/server/audit/database.js';
import { impressionist } from '../cli/impressionist.js';
import { FINDINGS, type Json, type Running, serve, serveWithin, temporaryFolder } from './running.js';

/** A place with little room. */
interface SmallPlace {
  /** What the server is started within. */
  readonly surroundings: readonly string[];
  /** Where the server finds its audit log. */
  readonly audit: string;
  /** The folder of the log, as this process reaches it while the server runs. */
  folder(server: Running): string;
  /** Takes most of the room. */
  fill(server: Running): Promise<void>;
  /** Gives it back. */
  free(server: Running): Promise<void>;
}

/** No file of the server's may be longer than this: writing on gives EFBIG, which SQLite takes as a fault of the disk. */
const limitedFiles = async (): Promise<SmallPlace> => {
  const folder = await temporaryFolder();
  const bytes = 200_000;
  return {
    surroundings: ['prlimit', `--fsize=${bytes}:unlimited`],
    audit: join(folder, 'audit.db'),
    folder: () => folder,
    fill: async () => undefined,
    free: async ({ child }) => {
      const { status, stderr } = spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'], {
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
    },
  };
};

/** A file system of one megabyte in the server's own mount namespace: writing on gives ENOSPC. */
const smallDisk = async (): Promise<SmallPlace> => {
  const place = await temporaryFolder();
  // Its own processes see the disk there; this one goes through the server's root.
  const folder = ({ child }: Running): string => `/proc/${child.pid}/root${place}`;
  return {
    surroundings: [...NAMESPACE, 'sh', '-c', MOUNT, place],
    audit: join(place, 'audit.db'),
    folder,
    fill: (server) => writeFile(join(folder(server), 'filler'), Buffer.alloc(750_000)),
    free: (server) => rm(join(folder(server), 'filler')),
  };
};
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount'];
const MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
/** Some containers forbid new namespaces; the first way is then the only one, and the report shows this one as skipped. */
const MAY_MOUNT =
  spawnSync(NAMESPACE[0], [...NAMESPACE.slice(1), 'sh', '-c', MOUNT, '/mnt', 'true'], { stdio: 'ignore' }).status === 0;

const draft = (server: Running): Promise<Response> =>
  server.post('/v1/impressions', { findings: FINDINGS, background: 'Cough.', max_new_tokens: 4 });

/** The log as it lies on the disk now, copied away; it must verify, and hold exactly these drafts. */
const holds = async (folder: string, ids: readonly string[]): Promise<Json[]> => {
  const copy = join(await temporaryFolder(), 'copy');
  await mkdir(copy);
  for (const name of ['audit.db', 'audit.db-wal', 'audit.db.key']) await cp(join(folder, name), join(copy, name));
  const { code, stdout, stderr } = await impressionist('audit', 'verify', join(copy, 'audit.db'));
  expect(code, stdout + stderr).toBe(0);
  const log = openDatabase(join(copy, 'audit.db'));
  const records = [...log.records()].map(({ kind, body }) => ({ kind, ...JSON.parse(body) }));
  log.close();
  expect(records.filter(({ kind }) => kind === 'draft').map((record) => record.draft)).toEqual(ids);
  return records;
};

const fillsUp = async (place: SmallPlace): Promise<void> => {
  const server = await serveWithin(place.surroundings, '--audit', place.audit, '--store-text');
  const folder = place.folder(server);
  try {
    const given: string[] = [];
    await place.fill(server);
    let answer = await draft(server);
    for (; answer.status === 200 && given.length < 500; answer = await draft(server)) {
      given.push(((await answer.json()) as Json).id);
    }
    expect(given.length).toBeGreaterThan(0);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const { error } = (await answer.json()) as Json;
    expect(error.code).toBe('audit_unwritable');
    expect(error.message).toMatch(/the audit log cannot be written, so no draft is given out/);
    await holds(folder, given);

    // While it is full: every door refuses, what needs no record goes on, and the operator can see why.
    const oru = `MSH|^~\\&|A|B|C|D|2026||ORU^R01|7|P|2.5.1\rOBR|1|||71046\rOBX|1|TX|71046&GDT^CHEST||${FINDINGS}||||||F\r`;
    const report = { resourceType: 'DiagnosticReport', text: { div: `<div>FINDINGS: ${FINDINGS}</div>` } };
    const feedback = () => server.post('/v1/feedback', { draft_id: given[0], action: 'reject' });
    let told = await feedback();
    // Shorter records may still have found room.
    for (let more = 0; told.status === 201 && more < 100; more++) told = await feedback();
    expect([told.status, ((await told.json()) as Json).error?.code]).toEqual([503, 'audit_unwritable']);
    const fhir = await server.post('/fhir/DiagnosticReport/$draft-impression', report, {
      'content-type': 'application/fhir+json',
    });
    expect([fhir.status, ((await fhir.json()) as Json).resourceType]).toEqual([503, 'OperationOutcome']);
    const hl7 = await server.post('/hl7', oru, { 'content-type': 'application/hl7-v2' });
    expect([hl7.status, await hl7.text()]).toEqual([503, expect.stringContaining('\rMSA|AR|7|')]);
    // The server tries the disk every two seconds, and what it tries with is short.
    const stream = async () => (await server.post('/v1/impressions', { findings: FINDINGS, stream: true })).status;
    await expect.poll(stream, { timeout: 60_000 }).toBe(503);
    const ready = async () => (await fetch(`${server.url}/readyz`)).json();
    await expect.poll(ready, { timeout: 60_000 }).toEqual({ status: 'unready', faults: ['audit log unwritable'] });
    expect((await server.post('/v1/check', { findings: FINDINGS, impression: 'Normal.' })).status).toBe(200);
    expect(server.output()).toMatch(
      /"event":"audit_unwritable","why":"the audit log cannot be written, its disk is full/,
    );

    await place.free(server);
    const again = async (): Promise<number> => {
      answer = await draft(server);
      return answer.status;
    };
    await expect.poll(again, { timeout: 60_000, interval: 200 }).toBe(200);
    given.push(((await answer.json()) as Json).id);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(server.output()).toContain('"event":"audit_writable"');
    const records = await holds(folder, given);
    expect(records.some(({ kind }) => kind === 'refused')).toBe(true);
  } finally {
    expect(await server.stop()).toBe(0);
  }
};

describe('an audit log whose disk is full', () => {
  it('that may not grow: drafts are refused, nothing is half-written, and it goes on when there is room', async () => {
    await fillsUp(await limitedFiles());
  });

  it.runIf(MAY_MOUNT)('on a small disk (needs user namespaces): the same', async () => {
    await fillsUp(await smallDisk());
  });

  it('from the start: the server says so and does not start, and starts when there is room', async () => {
    const audit = join(await temporaryFolder(), 'audit.db');
    await expect(serveWithin(['prlimit', '--fsize=8192:unlimited'], '--audit', audit)).rejects.toThrow(
      /ended with 1: impressionist: the audit log cannot be written, its disk is full, \S+audit\.db/,
    );
    const server = await serve('--audit', audit);
    expect((await draft(server)).status).toBe(200);
    await server.stop();
    expect((await impressionist('audit', 'verify', audit)).code).toBe(0);
  });

  it('leaves no half-written secret behind', async () => {
    const folder = await temporaryFolder();
    const keys = fileURLToPath(new URL('../../dist/server/audit/keys.js', import.meta.url));
    const program = `import { ensureKey } from ${JSON.stringify(keys)}; ensureKey(process.argv[1]);`;
    const made = (limit: string) =>
      spawnSync(
        'prlimit',
        [`--fsize=${limit}`, process.execPath, '--input-type=module', '-e', program, join(folder, 'audit.db')],
        { encoding: 'utf8' },
      );
    const { status, stderr } = made('10:unlimited');
    expect(status).toBe(1);
    expect(stderr).toContain('cannot write');
    expect(await readdir(folder)).toEqual([]);
    expect(made('unlimited').status).toBe(0);
    expect(await readdir(folder)).toEqual(['audit.db.key']);
  });
});
