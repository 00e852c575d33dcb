import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccess } from '../../src/server/security/access.js';
import { rateLimit } from '../../src/server/security/rate-limit.js';
import { impressionist } from '../cli/impressionist.js';
import { type Running, serve, temporaryFolder } from './running.js';

/** The status of a request with headers that fetch does not allow. */
const raw = (url: string, path: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end();
  });

describe('tokens', () => {
  let folder: string;
  let server: Running;
  let draftToken: string;
  let metricsToken: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const tokens = join(folder, 'tokens.json');
    draftToken = (await impressionist('token', 'add', 'ris', '--tokens', tokens)).stdout.trim();
    metricsToken = (
      await impressionist('token', 'add', 'prometheus', '--tokens', tokens, '--scope', 'metrics')
    ).stdout.trim();
    server = await serve('--tokens', tokens, '--rate-limit', '60');
  });
  afterAll(() => server.stop());
  const draft = (token?: string) =>
    server.post(
      '/v1/check',
      { findings: 'a', impression: 'b' },
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    );

  it('that are missing from the file are taken up once they are added, and the log says so until then', async () => {
    const tokens = join(await temporaryFolder(), 'later.json');
    const waiting = await serve('--tokens', tokens);
    try {
      expect(waiting.output()).toContain('"event":"no_tokens"');
      expect(server.output()).not.toContain('"event":"no_tokens"');
      const { stdout } = await impressionist('token', 'add', 'late', '--tokens', tokens);
      const asked = async (): Promise<number> =>
        (await fetch(`${waiting.url}/v1/server`, { headers: { authorization: `Bearer ${stdout.trim()}` } })).status;
      await expect.poll(asked, { timeout: 30_000, interval: 300 }).toBe(200);
    } finally {
      await waiting.stop();
    }
  });

  it('are kept as hashes only', async () => {
    const file = await readFile(join(folder, 'tokens.json'), 'utf8');
    expect(file).not.toContain(draftToken);
    expect(file).toContain('"name": "ris"');
  });

  it('open what their scope says and nothing else', async () => {
    expect((await draft()).status).toBe(401);
    expect((await draft('imp_wrong')).status).toBe(401);
    expect((await draft(draftToken)).status).toBe(200);
    expect((await draft(metricsToken)).status).toBe(403);
    const metrics = (token: string) =>
      fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    expect((await metrics(draftToken)).status).toBe(403);
    expect((await metrics(metricsToken)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('stop working when revoked, while the server runs', async () => {
    expect((await impressionist('token', 'revoke', 'ris', '--tokens', join(folder, 'tokens.json'))).code).toBe(0);
    await expect.poll(async () => (await draft(draftToken)).status, { timeout: 6000, interval: 300 }).toBe(401);
    const { stdout } = await impressionist('token', 'list', '--tokens', join(folder, 'tokens.json'));
    expect(stdout).toMatch(/ris .*revoked/);
  });
});

describe('who is let in', () => {
  it('refuses to stand open to others by mistake', async () => {
    await expect(serve('--host', '0.0.0.0')).rejects.toThrow(/others could draft and read without credentials/);
    await expect(serve('--mllp-port', '0', '--mllp-host', '0.0.0.0')).rejects.toThrow(/MLLP knows no credentials/);
  });

  it('tells options that are no addresses, or that would have no effect', async () => {
    await expect(serve('--mllp-port', '0', '--mllp-allow', 'ris.example')).rejects.toThrow(
      /ended with 1[\s\S]*impressionist: no address, --mllp-allow, got ris\.example/,
    );
    await expect(serve('--trusted-proxy', '10.0.0.0/40')).rejects.toThrow(/no address, --trusted-proxy/);
    await expect(serve('--user-header', 'x-user')).rejects.toThrow(/ended with 2: .*add --trusted-proxy/);
    await expect(serve('--mllp-host', '::1')).rejects.toThrow(/ended with 2: .*--mllp-host needs --mllp-port/);
    await expect(serve('--evaluations', 'nowhere')).rejects.toThrow(/no such folder, --evaluations, got nowhere/);
  });

  it('believes the user header of the trusted proxy only', async () => {
    const access = createAccess({
      proxy: { header: 'x-remote-user', addresses: ['10.0.0.0/24', '::1'] },
      anonymous: false,
      loopback: false,
    });
    const headers = { 'x-remote-user': 'dr.weber' };
    expect((await access.authenticate({ headers, address: '::ffff:10.0.0.7' })).user).toBe('dr.weber');
    expect((await access.authenticate({ headers, address: '::1' })).user).toBe('dr.weber');
    await expect(access.authenticate({ headers, address: '10.0.1.7' })).rejects.toThrow(/no credentials/);
    await expect(access.authenticate({ headers: {}, address: '10.0.0.7' })).rejects.toThrow(/no credentials/);
  });

  it('keeps foreign pages and rebound names out', async () => {
    const server = await serve();
    try {
      const host = new URL(server.url).host;
      expect(await raw(server.url, '/v1/server', { host })).toBe(200);
      expect(await raw(server.url, '/v1/server', { host: 'evil.example' })).toBe(403);
      expect(await raw(server.url, '/v1/server', { host, origin: 'https://evil.example' })).toBe(403);
      expect(await raw(server.url, '/v1/server', { host, origin: 'null' })).toBe(403);
      expect(
        await raw(server.url, '/v1/server', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
      ).toBe(403);
      expect(await raw(server.url, '/v1/server', { host, origin: server.url })).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('lets so many requests a minute through and says when there will be more', () => {
    let time = 0;
    const take = rateLimit(60, () => time);
    for (let i = 0; i < 60; i++) take('a');
    expect(() => take('a')).toThrow(/more than 60 requests a minute/);
    take('b');
    time = 1100;
    take('a');
    expect(() => take('a')).toThrow(/try again in 1 s/);
  });
});

describe('a slow sender', () => {
  it('is cut off while others are served', async () => {
    const server = await serve();
    try {
      const { port } = new URL(server.url);
      const slow = connect(Number(port), '127.0.0.1');
      const closed = new Promise<void>((resolve) => slow.once('close', () => resolve()));
      slow.on('error', () => undefined);
      slow.write('POST /v1/impressions HTTP/1.1\r\nHost: 127.0.0.1\r\n');
      const drip = setInterval(() => slow.write('X-A: b\r\n'), 500);
      expect((await server.post('/v1/check', { findings: 'a', impression: 'b' })).status).toBe(200);
      await closed;
      clearInterval(drip);
    } finally {
      await server.stop();
    }
  }, 30_000);
});

describe('report text', () => {
  const CANARY = 'QZCANARYXQ';

  it('stands in no log, metric, error or file, whichever way it came', async () => {
    const folder = await temporaryFolder();
    const server = await serve('--audit', join(folder, 'audit.db'), '--store-text', '--mllp-port', '0');
    const said: string[] = [];
    const keep = async (response: Promise<Response>): Promise<void> => {
      const answer = await response;
      if (!answer.ok) said.push(`${answer.status} ${await answer.text()} ${JSON.stringify([...answer.headers])}`);
    };
    try {
      const fhir = { 'content-type': 'application/fhir+json' };
      const operation = '/fhir/DiagnosticReport/$draft-impression';
      const hl7 = { 'content-type': 'application/hl7-v2' };
      const oru = (type: string, findings: string): string =>
        `MSH|^~\\&|A|B|C|D|2026||${type}|7|P|2.5.1\rPID|1||${CANARY}\rOBR|1|||${CANARY}\rOBX|1|TX|71020&GDT^Chest||${findings}||||||F\r`;
      const drafted = (await (
        await server.post('/v1/impressions', {
          findings: CANARY,
          background: CANARY,
          max_new_tokens: 4,
          study_id: CANARY,
        })
      ).json()) as { id: string };
      const bodies: [string, unknown, Record<string, string>?][] = [
        ['/v1/impressions', { findings: CANARY, [CANARY]: 1 }],
        ['/v1/impressions', { findings: { [CANARY]: CANARY } }],
        ['/v1/impressions', `{"findings": "${CANARY}`],
        ['/v1/impressions', `{"findings": ${CANARY}}`],
        ['/v1/impressions', { reports: [{ findings: CANARY, x: CANARY }] }],
        ['/v1/impressions', { findings: CANARY.repeat(5000) }],
        ['/v1/impressions', { findings: CANARY, max_new_tokens: CANARY }],
        ['/v1/impressions', CANARY, { 'content-type': CANARY }],
        [
          '/v1/impressions',
          { findings: CANARY },
          { authorization: `Bearer ${CANARY}`, origin: `https://${CANARY}.example` },
        ],
        ['/v1/feedback', { draft_id: CANARY, action: CANARY }],
        ['/v1/feedback', { draft_id: drafted.id, action: 'accept', text: CANARY }],
        ['/v1/feedback', { draft_id: drafted.id, action: 'copy' }],
        ['/v1/check', { findings: CANARY, impression: [CANARY] }],
        ['/v1/parse', { text: CANARY, [CANARY]: CANARY }],
        ['/v1/completions', { model: CANARY, prompt: CANARY, stop: CANARY }],
        ['/invocations', { inputs: CANARY, parameters: { [CANARY]: CANARY } }],
        ['/invocations', { text_inputs: CANARY, num_beams: CANARY }],
        [operation, { resourceType: CANARY }, fhir],
        [operation, { resourceType: 'DiagnosticReport', conclusion: CANARY, status: CANARY }, fhir],
        [operation, { resourceType: 'DiagnosticReport', text: { div: `<div>IMPRESSION: ${CANARY}</div>` } }, fhir],
        [operation, `{"resourceType":"DiagnosticReport","text":"${CANARY}`, fhir],
        ['/hl7', CANARY, hl7],
        ['/hl7', oru(`ADT^${CANARY}`, CANARY), hl7],
        ['/hl7', oru('ORU^R01', ''), hl7],
        ['/hl7', oru('ORU^R01', CANARY).replace('2.5.1', `2.5.1||||||${CANARY}`), hl7],
        [`/${CANARY}?q=${CANARY}`, { findings: CANARY }],
        [`/v1/impressions/${CANARY}%`, { findings: CANARY }],
      ];
      for (const [path, body, headers] of bodies) await keep(server.post(path, body, headers));
      await (await server.post('/v1/impressions', { findings: CANARY, max_new_tokens: 4, stream: true })).text();
      await (await server.post('/hl7', oru('ORU^R01', CANARY), hl7)).text();
      expect(said.length).toBeGreaterThan(20);
      expect(said.filter((each) => each.includes(CANARY))).toEqual([]);
      expect(said.filter((each) => each.startsWith('5'))).toEqual([]);
      said.push(await (await fetch(`${server.url}/metrics`)).text());
    } finally {
      await server.stop();
    }
    expect(said.join('\n')).not.toContain(CANARY);
    expect(server.output()).toContain('"route":"/v1/impressions"');
    expect(server.output()).not.toContain(CANARY);
    for (const name of await readdir(folder)) {
      expect((await readFile(join(folder, name))).includes(CANARY), name).toBe(false);
    }
  }, 60_000);
});
