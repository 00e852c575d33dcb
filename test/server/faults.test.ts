import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { fieldOf, parseMessage, readText } from '../../src/reports/hl7/message.js';
import type { DraftEngine } from '../../src/server/engine/draft-engine.js';
import { FINDINGS, MODEL, serve, temporaryFolder } from './running.js';

/** The threads that were spoken to, in order. */
const threads = new Set<Worker>();
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<typeof postMessage>) {
  threads.add(this);
  return postMessage.apply(this, args);
};

/** Built, since a thread's file must be JavaScript. */
const { startWorkerEngine } = (await import(
  new URL('../../dist/server/engine/worker-engine.js', import.meta.url).href
)) as typeof import('../../src/server/engine/worker-engine.js');

const LONG = { minNewTokens: 400, maxNewTokens: 400 };
const source = { findings: FINDINGS, background: '' };

describe('a drafting thread killed in the middle of a draft', () => {
  it('fails the drafts it had begun, is replaced, and the waiting ones are drafted by its successor', async () => {
    const events: string[] = [];
    const options = {
      model: MODEL,
      workers: 1,
      threads: 1,
      batchSize: 1,
      maxInputTokens: 896,
      weights: 'float32',
      device: 'cpu',
    } as const;
    const engine: DraftEngine = await startWorkerEngine({ ...options, onEvent: (event) => events.push(event) });
    const begun: number[] = [];
    const draft = (number: number, settings = LONG) =>
      engine.draft(source, settings, { signal: new AbortController().signal, onBegin: () => begun.push(number) });
    const results = Promise.allSettled([
      draft(0),
      draft(1, { minNewTokens: 0, maxNewTokens: 4 }),
      draft(2, { minNewTokens: 0, maxNewTokens: 4 }),
    ]);
    await expect.poll(() => begun.length, { interval: 2 }).toBe(1);
    await [...threads].at(-1)!.terminate();
    const [first, second, third] = await results;
    expect(first).toMatchObject({ status: 'rejected', reason: { name: 'EngineLost' } });
    expect([second.status, third.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(events).toEqual(['worker_lost', 'worker_restarted']);
    expect(engine.state).toBe('ready');
    expect(engine.pending).toBe(0);
    await engine.close();
    expect(engine.state).toBe('closed');
  });
});

/** Sends bytes to MLLP and takes so many frames. */
const exchange = (port: number, bytes: Buffer, count: number): Promise<Buffer[]> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(bytes));
    let held = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      const frames: Buffer[] = [];
      for (let at = 0; ; ) {
        const end = held.indexOf('\x1c\r', at, 'latin1');
        if (end < 0) break;
        frames.push(held.subarray(held.indexOf('\x0b', at, 'latin1') + 1, end));
        at = end + 2;
      }
      if (frames.length < count) return;
      socket.destroy();
      resolve(frames);
    });
  });

const oru = (id: string, findings: string, type = 'ORU^R01'): string =>
  `\x0bMSH|^~\\&|RIS|RAD|AI|AI|2026||${type}|${id}|P|2.5.1\rOBR|1|||71046\rOBX|1|TX|71046&GDT^CHEST||${findings}||||||F\r\x1c\r`;

describe('MLLP', () => {
  it('answers each message in its turn: AA and the draft, AE without findings, AR for other messages and for none', async () => {
    const server = await serve('--mllp-port', '0');
    try {
      const bytes = Buffer.from(
        `noise${oru('1', FINDINGS)}${oru('2', '')}${oru('3', 'a', 'ADT^A01')}\x0bgarbage\x1c\r`,
        'latin1',
      );
      const frames = await exchange(server.mllpPort!, bytes, 5);
      const codes = frames.map((frame) => {
        const message = parseMessage(frame);
        return message.segments[1].text.startsWith('MSA') ? fieldOf(message.segments[1], 1, message.delimiters) : 'ORU';
      });
      expect(codes).toEqual(['AA', 'ORU', 'AE', 'AR', 'AR']);
      const drafted = parseMessage(frames[1]);
      const impression = drafted.segments.find(({ text }) => text.includes('&IMP'))!;
      expect(readText(fieldOf(impression, 5, drafted.delimiters), drafted).length).toBeGreaterThan(0);
      expect(frames[2].toString('latin1')).toContain('|2|');
    } finally {
      await server.stop();
    }
  });
});

describe('the folder', () => {
  it('takes text and HL7 files, and puts what it cannot draft for aside with the reason', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'a.txt'), `FINDINGS: ${FINDINGS}`);
    await writeFile(join(folder, 'in', 'b.hl7'), oru('1', FINDINGS).slice(1, -2), 'latin1');
    await writeFile(join(folder, 'in', 'c.txt'), 'IMPRESSION: Normal.');
    const server = await serve('--folder', folder);
    try {
      const names = (place: string) => readdir(join(folder, place));
      await expect.poll(() => names('in'), { timeout: 10_000 }).toEqual([]);
      expect((await names('out')).sort()).toEqual(['a.txt', 'b.hl7']);
      expect((await names('done')).sort()).toEqual(['a.txt', 'b.hl7']);
      expect((await names('failed')).sort()).toEqual(['c.txt', 'c.txt.error.txt']);
      expect(await readFile(join(folder, 'out', 'b.hl7'), 'latin1')).toContain('&IMP');
    } finally {
      await server.stop();
    }
  });
});
