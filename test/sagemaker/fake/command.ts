/** @file Running the real command line against the fake AWS. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FakeAws } from './server.js';

/** The compiled program. */
export const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** What a run gave. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** More about a run. */
export interface RunOptions {
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Sends a signal once standard error holds this text. */
  readonly signalAt?: { readonly text: string; readonly signal: NodeJS.Signals };
  /** Sends SIGINT once this holds. */
  readonly interruptWhen?: () => boolean;
}

/** Runs `impressionist …`. */
export const impressionist = (aws: FakeAws, parameters: readonly string[], options: RunOptions = {}): Promise<Run> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...parameters], {
      cwd: options.cwd,
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        ...aws.environment,
        ...options.environment,
      },
    });
    let stdout = '';
    let stderr = '';
    let signalled = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (!signalled && options.signalAt !== undefined && stderr.includes(options.signalAt.text)) {
        signalled = true;
        child.kill(options.signalAt.signal);
      }
    });
    const watching = setInterval(() => {
      if (!options.interruptWhen?.()) return;
      clearInterval(watching);
      child.kill('SIGINT');
    }, 20);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(watching);
      resolve({ code, stdout, stderr });
    });
    child.stdin.end(options.stdin ?? '');
  });
