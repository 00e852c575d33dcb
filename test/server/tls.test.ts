import { createPrivateKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, selfSigned } from './certificate.js';
import { type Json, type Running, serve, temporaryFolder } from './running.js';

const first = selfSigned('first');
let folder: string;
let files: { cert: string; key: string };
const put = async ({ cert, key }: Certificate): Promise<void> => {
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
};
beforeAll(async () => {
  folder = await temporaryFolder();
  files = { cert: join(folder, 'server.pem'), key: join(folder, 'server.key') };
  await put(first);
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Json;
  /** The common name of the server's certificate. */
  readonly by: string;
}

/** A request that trusts one certificate only, on a connection of its own. */
const ask = (url: string, { cert }: Certificate, body?: object): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const going = request(
      url,
      {
        ca: cert,
        agent: false,
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        const by = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: JSON.parse(text), by }),
        );
      },
    );
    going.on('error', reject).end(body && JSON.stringify(body));
  });

describe('a server with certificate and key', () => {
  let server: Running;
  beforeAll(async () => {
    server = await serve('--tls-cert', files.cert, '--tls-key', files.key);
  });
  afterAll(() => server.stop());

  it('drafts over HTTPS, and tells browsers to stay with it', async () => {
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const draft = { findings: 'Clear lungs.', max_new_tokens: 4 };
    const { status, headers, body, by } = await ask(`${server.url}/v1/impressions`, first, draft);
    expect(status).toBe(200);
    expect(body.impression).toEqual(expect.any(String));
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d+$/);
    expect(by).toBe('first');
  });

  it('answers nothing over plain HTTP', async () => {
    await expect(fetch(`${server.url.replace('https', 'http')}/healthz`)).rejects.toThrow(/fetch failed/);
    expect((await ask(`${server.url}/healthz`, first)).status).toBe(200);
  });

  it('is not trusted with a certificate that the client does not know', async () => {
    await expect(ask(`${server.url}/healthz`, selfSigned('other'))).rejects.toThrow(/self-signed certificate/);
  });

  it('takes a renewed certificate on SIGHUP, and keeps the old one when the new one is no good', async () => {
    const said = (event: RegExp) => () => server.output().match(event)?.length ?? 0;
    const second = selfSigned('second');
    await put(second);
    server.child.kill('SIGHUP');
    await expect.poll(said(/"event":"reloaded"/g), { timeout: 60_000 }).toBe(1);
    expect((await ask(`${server.url}/healthz`, second)).by).toBe('second');
    await expect(ask(`${server.url}/healthz`, first)).rejects.toThrow();

    await put({ cert: selfSigned('third').cert, key: second.key });
    server.child.kill('SIGHUP');
    await expect.poll(said(/nothing was reloaded, the private key does not belong to/g), { timeout: 60_000 }).toBe(1);
    expect((await ask(`${server.url}/healthz`, second)).by).toBe('second');
    expect(said(/"event":"reloaded"/g)()).toBe(1);
  });
});

describe('a certificate or key that will not do', () => {
  const other = selfSigned('other');
  const encrypted = createPrivateKey(other.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  }) as string;

  it.each<[string, Partial<Certificate>, RegExp]>([
    [
      'a key of another certificate',
      { key: first.key },
      /the private key does not belong to the certificate, \S+\.key/,
    ],
    ['a file that is no certificate', { cert: 'nothing' }, /no certificate, \S+\.pem/],
    ['a certificate that was cut off', { cert: other.cert.slice(0, 300) }, /no certificate, \S+\.pem/],
    ['a certificate given as the key', { key: other.cert }, /no private key, \S+\.key/],
    ['a key that is encrypted', { key: encrypted }, /the private key is encrypted, \S+\.key.*openssl pkey/],
  ])('%s is told clearly', async (_, changed, message) => {
    const place = await temporaryFolder();
    const [cert, key] = [join(place, 'a.pem'), join(place, 'a.key')];
    await writeFile(cert, changed.cert ?? other.cert);
    await writeFile(key, changed.key ?? other.key);
    await expect(serve('--tls-cert', cert, '--tls-key', key)).rejects.toThrow(message);
  });

  it('a file that is missing, a folder, or one without the other is told clearly', async () => {
    const place = join(folder, 'folder');
    await mkdir(place);
    await expect(serve('--tls-cert', join(folder, 'none.pem'), '--tls-key', files.key)).rejects.toThrow(
      /ended with 1: impressionist: no such file, \S+none\.pem/,
    );
    await expect(serve('--tls-cert', files.cert, '--tls-key', place)).rejects.toThrow(/cannot read, \S+, got a folder/);
    await expect(serve('--tls-cert', files.cert)).rejects.toThrow(/ended with 2: .*go together/);
  });
});
