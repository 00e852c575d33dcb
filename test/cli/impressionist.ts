/** @file Runs the built command line as a real process, as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What a process is started with besides its arguments. */
export interface Surroundings {
  /** Variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module that is loaded before the command. */
  readonly preload?: string;
}

export const start = (
  args: readonly string[],
  { env, preload }: Surroundings = {},
): { child: ChildProcess; ended: Promise<Ended> } => {
  const before = preload === undefined ? [] : ['--import', preload];
  const child = spawn(process.execPath, [...before, MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  child.stdin!.end();
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
};

export const impressionist = (...args: string[]): Promise<Ended> => start(args).ended;

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'impressionist-'));

/** Writes small synthetic examples whose impression follows from the findings, and returns the file. */
export const writeExamples = async (folder: string, count: number): Promise<string> => {
  const sides = ['left', 'right'];
  const sizes = ['small', 'moderate', 'large'];
  const examples = Array.from({ length: count }, (_, i) => {
    const [side, size] = [sides[i % 2], sizes[i % 3]];
    const normal = i % 4 === 0;
    return {
      study_id: String(1000 + i),
      subject_id: String(100 + Math.floor(i / 2)),
      findings: normal
        ? 'The lungs are clear. No pleural effusion or pneumothorax.'
        : `There is a ${size} ${side} pleural effusion. No pneumothorax.${' The heart size is normal.'.repeat(i % 3)}`,
      impression: normal
        ? 'No acute cardiopulmonary process.'
        : `${size[0].toUpperCase()}${size.slice(1)} ${side} pleural effusion.`,
      background: i % 5 === 0 ? '' : 'Indication: cough.',
    };
  });
  const path = join(folder, 'examples.json');
  await writeFile(path, JSON.stringify(examples));
  return path;
};
