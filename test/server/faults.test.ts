import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fieldOf, parseMessage, readText } from '../../src/reports/hl7/message.js';
import { FINDINGS, serve, temporaryFolder } from './running.js';

/** The processes that a process started. */
const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number);

describe('a drafting process killed in the middle of a draft', () => {
  it('fails the draft it had begun, is replaced, and the waiting ones are drafted by its successor', async () => {
    const server = await serve('--batch-size', '1');
    try {
      const draft = (tokens: number) =>
        server.post('/v1/impressions', { findings: FINDINGS, min_new_tokens: tokens, max_new_tokens: tokens });
      const stream = await server.post('/v1/impressions', {
        findings: FINDINGS,
        min_new_tokens: 512,
        max_new_tokens: 512,
        stream: true,
      });
      const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
      let begun = (await reader.read()).value ?? '';
      const waiting = [draft(4), draft(5), draft(6)];
      await expect
        .poll(async () => (await fetch(`${server.url}/metrics`)).text(), { interval: 5 })
        .toMatch(/impressionist_queue_length 4/);
      const [child] = await childrenOf(server.child.pid!);
      process.kill(child, 'SIGKILL');
      for (let part = await reader.read(); !part.done; part = await reader.read()) begun += part.value;
      expect(begun).toContain('"code":"draft_lost"');
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(server.output()).toMatch(/worker_lost[\s\S]*worker_restarted/);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect(await childrenOf(server.child.pid!)).not.toContain(child);
    } finally {
      await server.stop();
    }
  });

  it('does not outlive its server', async () => {
    const server = await serve();
    const [child] = await childrenOf(server.child.pid!);
    await server.stop('SIGKILL');
    const alive = (): boolean => {
      try {
        process.kill(child, 0);
        return true;
      } catch {
        return false;
      }
    };
    await expect.poll(alive, { timeout: 5000 }).toBe(false);
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
