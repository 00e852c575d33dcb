import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AuditDatabase, openDatabase } from '../../src/server/audit/database.js';
import { ensureKey } from '../../src/server/audit/keys.js';
import { verify } from '../../src/server/audit/verify.js';
import { impressionist } from '../cli/impressionist.js';
import { FINDINGS, type Json, serve, temporaryFolder } from './running.js';

let path: string;
beforeEach(async () => {
  path = join(await temporaryFolder(), 'audit.db');
});

const filled = (records = 5): AuditDatabase => {
  const log = openDatabase(path, { create: true });
  const seal = ensureKey(path).encrypt;
  for (let i = 0; i < records; i++) log.append([{ kind: 'draft', body: { draft: `d${i}` } }], seal);
  return log;
};
/** Changes the file behind the log's back, its triggers taken off first. */
const tamper = (sql: string): void => {
  const db = new Database(path);
  db.exec('drop trigger no_change; drop trigger no_removal;');
  db.exec(sql);
  db.close();
};

describe('the chain', () => {
  it('is intact as written, also after the log was closed and opened again', () => {
    filled().close();
    const log = filled();
    expect(verify(log)).toMatchObject({ records: 10, faults: [] });
    log.close();
  });

  it('is guarded by the database itself', () => {
    filled().close();
    const db = new Database(path);
    expect(() => db.exec("update records set body = '{}' where seq = 2")).toThrow(/append-only/);
    expect(() => db.exec('delete from records where seq = 5')).toThrow(/append-only/);
    db.close();
  });

  it.each([
    ['a changed body', 'update records set body = \'{"draft":"x"}\' where seq = 3', 'record 3 was changed'],
    ['a changed time', "update records set time = '2020-01-01T00:00:00.000Z' where seq = 1", 'record 1 was changed'],
    ['a removed record', 'delete from records where seq = 3', 'records between them are missing'],
    ['a removed end', 'delete from records where seq >= 4', 'the end was cut off'],
    ['a removed beginning', 'delete from records where seq = 1', 'missing'],
    ['everything removed', 'delete from records', 'the end was cut off'],
    [
      'a forged anchor',
      "delete from records where seq <= 2; insert into anchors values (2, (select previous from records where seq = 3), 't')",
      'no retention of it explains',
    ],
  ])('tells %s', async (_, sql, fault) => {
    filled().close();
    tamper(sql);
    const { code, stdout, stderr } = await impressionist('audit', 'verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain(fault);
    expect(stderr).toContain('tampered');
  });

  it('tells a whole rewritten end by a head noted before', () => {
    const log = filled();
    const { head } = verify(log);
    log.close();
    tamper("delete from records where seq = 5; update sqlite_sequence set seq = 4 where name = 'records'");
    const cut = openDatabase(path);
    expect(verify(cut).faults).toEqual([]);
    expect(verify(cut, head!.hash).faults).toEqual(['the expected head does not stand in the log']);
    cut.close();
  });

  it('goes on over what retention removed', async () => {
    const log = filled();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log.retain(new Date())).toBe(5);
    log.append([{ kind: 'draft', body: {} }], String);
    expect(verify(log)).toMatchObject({ records: 2, faults: [] });
    expect(log.retain(new Date(0))).toBe(0);
    log.close();
  });
});

describe('the server’s log', () => {
  const accept = async (...options: string[]) => {
    const server = await serve('--audit', path, ...options);
    const draft = (await (
      await server.post('/v1/impressions', {
        findings: FINDINGS,
        background: 'Cough.',
        study_id: 's1',
        max_new_tokens: 8,
      })
    ).json()) as {
      id: string;
      flags: { severity: string; kind: string }[];
    };
    const feedback = (body: object) => server.post('/v1/feedback', { draft_id: draft.id, ...body });
    return { server, draft, feedback };
  };

  it('holds drafts, flags, acknowledgements, and the accepted text’s digest and edits; export gives the pair', async () => {
    const { server, draft, feedback } = await accept('--store-text');
    expect(draft.flags.some(({ severity }) => severity === 'hard')).toBe(true);
    const refused = await feedback({ action: 'accept', text: 'No acute disease.' });
    expect(refused.status).toBe(409);
    expect(((await refused.json()) as Json).error.code).toBe('flags_unacknowledged');
    expect((await feedback({ action: 'acknowledge', flags: [0] })).status).toBe(201);
    expect((await feedback({ action: 'accept', text: 'Large left pleural effusion.' })).status).toBe(201);
    expect(
      (
        await server.post('/v1/feedback', {
          draft_id: '5d4d2b3e-1111-4111-8111-111111111111',
          action: 'copy',
          text: 'a',
        })
      ).status,
    ).toBe(404);
    await server.stop();

    const log = openDatabase(path);
    const records = [...log.records()].map(({ kind, body }) => ({ kind, ...JSON.parse(body) }));
    log.close();
    expect(records.map(({ kind }) => kind)).toEqual(['start', 'draft', 'feedback', 'feedback', 'stop']);
    expect(records[1]).toMatchObject({
      user: 'local',
      door: 'api',
      model: { name: 't5-text' },
      guard: expect.any(String),
    });
    expect(records[1].flags[0]).toHaveProperty('severity');
    expect(records[3]).toMatchObject({
      action: 'accept',
      editedWords: expect.any(Number),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    expect((await impressionist('audit', 'verify', path)).stdout).toMatch(/^Intact: 5 records, head [0-9a-f]{64}/);
    const out = `${path}.json`;
    expect((await impressionist('audit', 'export', path, '--out', out)).stderr).toContain('1 accepted pairs');
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual([
      {
        study_id: 's1',
        subject_id: 's1',
        findings: FINDINGS,
        impression: 'Large left pleural effusion.',
        background: 'Cough.',
      },
    ]);
    expect((await stat(`${path}.key`)).mode & 0o077).toBe(0);
  });

  it.each([':memory:', 'libsql://127.0.0.1:9/audit', join('none', 'audit.db')])(
    'is a file, whatever %s means',
    async (name) => {
      const folder = await temporaryFolder();
      const before = process.cwd();
      process.chdir(folder);
      try {
        if (name === ':memory:') {
          openDatabase(name, { create: true }).close();
          expect((await stat(join(folder, name))).size).toBeGreaterThan(0);
        } else expect(() => openDatabase(name, { create: true })).toThrow(/the audit log cannot be opened/);
      } finally {
        process.chdir(before);
      }
    },
  );

  it('holds no text unless told', async () => {
    const { server, feedback } = await accept();
    await feedback({ action: 'accept', text: 'Large left pleural effusion.' });
    await server.stop();
    const { stderr } = await impressionist('audit', 'export', path, '--out', `${path}.json`);
    expect(stderr).toContain('1 accepted drafts have no stored text');
  });

  it('refuses drafts clearly when its disk is full, and takes them again when there is room', async () => {
    const server = await serve('--audit', path, '--audit-limit', '0.06');
    const statuses: number[] = [];
    let last: Json;
    while (!statuses.includes(503) && statuses.length < 400) {
      const response = await server.post('/v1/impressions', { findings: FINDINGS, max_new_tokens: 2 });
      statuses.push(response.status);
      last = await response.json();
    }
    expect(statuses[0]).toBe(200);
    expect(last.error.code).toBe('audit_unwritable');
    expect((await server.post('/v1/impressions', { findings: FINDINGS })).status).toBe(503);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    await server.stop();
    expect((await impressionist('audit', 'verify', path)).code).toBe(0);
    const again = await serve('--audit', path);
    expect((await again.post('/v1/impressions', { findings: FINDINGS, max_new_tokens: 2 })).status).toBe(200);
    await again.stop();
  });

  it('is intact after kill -9 in the middle of drafts', async () => {
    const server = await serve('--audit', path);
    let answered = 0;
    const client = async (): Promise<void> => {
      for (;;) {
        const response = await server.post('/v1/impressions', { findings: FINDINGS, max_new_tokens: 4 });
        await response.json();
        answered++;
      }
    };
    const clients = Promise.allSettled([client(), client(), client()]);
    await expect.poll(() => answered, { interval: 10 }).toBeGreaterThan(20);
    await server.stop('SIGKILL');
    await clients;
    const { code, stdout } = await impressionist('audit', 'verify', path, '--json');
    expect(code).toBe(0);
    // Every draft that was given out stands in the log.
    expect(JSON.parse(stdout).records).toBeGreaterThanOrEqual(answered + 1);
    const again = await serve('--audit', path);
    await again.post('/v1/impressions', { findings: FINDINGS, max_new_tokens: 4 });
    await again.stop();
    expect((await impressionist('audit', 'verify', path)).code).toBe(0);
  });
});
