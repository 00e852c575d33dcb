/** @file Runs the built server as a real process, over a tiny model, and talks to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const MODEL = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));

/** Findings whose draft by the test's model, which knows no radiology, leaves the effusion out: a hard flag. */
export const FINDINGS = 'Heart size is normal. There is a large left pleural effusion. No pneumothorax.';

/** Whatever JSON holds; tests look into it freely. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Running {
  readonly url: string;
  readonly mllpPort?: number;
  readonly child: ChildProcess;
  /** Everything the process wrote. */
  output(): string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Ends it as an administrator would; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'impressionist-serve-'));

/** Starts `impressionist serve` on a free port and waits until it is ready. */
export const serve = (...options: string[]): Promise<Running> => serveWithin([], ...options);

/** As {@link serve}, started by a command that sets its surroundings and then becomes it. */
export const serveWithin = async (surroundings: readonly string[], ...options: string[]): Promise<Running> => {
  const [command, ...args] = [
    ...surroundings,
    ...[process.execPath, MAIN, 'serve', '--model', MODEL, '--port', '0', '--threads', '1', ...options],
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [url, mllpPort] = await new Promise<[string, number | undefined]>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output += chunk;
      const found = /^Impressionist at (\S+?)(?:, MLLP on port (\d+))?$/m.exec(output);
      if (found !== null) resolve([found[1], found[2] === undefined ? undefined : Number(found[2])]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${output}`)));
  });
  return {
    url,
    mllpPort,
    child,
    output: () => output,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Events of a stream, in order. */
export const eventsOf = (text: string): { event?: string; data: unknown }[] =>
  text
    .split('\n\n')
    .filter((message) => message.includes('data: '))
    .map((message) => {
      const data = /^data: (.*)$/m.exec(message)![1];
      return { event: /^event: (.*)$/m.exec(message)?.[1], data: data === '[DONE]' ? data : JSON.parse(data) };
    });
