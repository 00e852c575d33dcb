import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/ground/random.js';
import { type Ended, impressionist, start, temporaryFolder, writeExamples } from './impressionist.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let folder: string;
let data: string;
const out = (name: string): string => join(folder, name);
const command = (name: string, ...more: string[]): string[] => [
  ...[
    'train',
    data,
    '--model',
    'tiny',
    '--out',
    out(name),
    '--epochs',
    '5',
    '--batch-size',
    '4',
    '--accumulation',
    '2',
  ],
  ...['--evaluations-per-epoch', '2', '--threads', '1', ...more],
];
const metrics = async (name: string): Promise<object[]> =>
  (await readFile(join(out(name), 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: undefined, tokensPerSecond: undefined }));
const weights = (name: string): Promise<Buffer> => readFile(join(out(name), 'model', 'model.safetensors'));
const checkpoints = (name: string): Promise<string[]> => readdir(join(out(name), 'checkpoints'));
const expectSameRun = async (name: string): Promise<void> => {
  expect(await metrics(name)).toEqual(await metrics('whole'));
  expect((await weights(name)).equals(await weights('whole'))).toBe(true);
};
const linesOf = async (name: string): Promise<number> =>
  (await readFile(join(out(name), 'metrics.jsonl'), 'utf8').catch(() => '')).split('\n').length - 1;
const until = async (condition: () => Promise<boolean>, every = 10): Promise<void> => {
  while (!(await condition())) await pause(every);
};

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeExamples(folder, 44);
  const whole = await impressionist(...command('whole'));
  expect(whole.code, whole.stderr).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Files of a run that are being written, or were when it was killed. */
const unfinished = (name: string, ...folders: string[]): string[] =>
  folders.flatMap((each) =>
    (existsSync(join(out(name), each)) ? readdirSync(join(out(name), each)) : []).filter((file) =>
      file.endsWith('.tmp'),
    ),
  );
const isBegun = (name: string): boolean => existsSync(join(out(name), 'run.json'));

/** Runs until the moment has come and kills; false when the run had ended before. */
const killedWhen = async (args: string[], moment: () => Promise<void>): Promise<boolean> => {
  const { child, ended } = start(args);
  await Promise.race([moment(), ended]);
  child.kill('SIGKILL');
  const { code, stderr } = await ended;
  expect([null, 0], stderr).toContain(code);
  return code === null;
};

describe('a training run', () => {
  it('killed again and again at random moments ends as if it had not been', async () => {
    const random = Random.seeded(3, 'kills');
    for (let kill = 0; kill < 5; kill++) {
      await killedWhen(command('killed', ...(isBegun('killed') ? ['--resume'] : [])), () =>
        pause(400 + random.below(1600)),
      );
    }
    const last = await impressionist(...command('killed', ...(isBegun('killed') ? ['--resume'] : [])));
    expect(last.code, last.stderr).toBe(0);
    await expectSameRun('killed');
  });

  it('killed again and again around and in the midst of writing ends as if it had not been', async () => {
    const random = Random.seeded(4, 'kills');
    const name = 'torn';
    const often = ['--checkpoint-minutes', '0.00001'];
    let [kills, torn] = [0, 0];
    for (let kill = 0; kill < 10; kill++) {
      const [folder, later] = [kill % 2 === 0 ? 'model' : 'checkpoints', random.below(kill < 6 ? 6 : 40)];
      const enough = (await linesOf(name)) + 4;
      const killed = await killedWhen(command(name, ...often, ...(isBegun(name) ? ['--resume'] : [])), async () => {
        // What a killed process left is there until it is swept; a better model may not come at all.
        const before = new Set(unfinished(name, folder));
        await until(
          async () => unfinished(name, folder).some((file) => !before.has(file)) || (await linesOf(name)) >= enough,
          1,
        );
        await pause(later);
      });
      if (!killed) break;
      kills++;
      if (unfinished(name, 'model', 'checkpoints').length > 0) torn++;
    }
    expect(kills).toBeGreaterThanOrEqual(8);
    expect(torn).toBeGreaterThan(0);
    const last = await impressionist(...command(name, ...often, '--resume'));
    expect(last.code, last.stderr).toBe(0);
    await expectSameRun(name);
    expect(unfinished(name, '.', 'model', 'checkpoints')).toEqual([]);
    expect((await checkpoints(name)).length).toBe(2);
  });

  it('writes checkpoints by the clock too, which change none of its numbers', async () => {
    const name = 'clocked';
    const { child, ended } = start(command(name, '--checkpoint-minutes', '0.00001', '--evaluations-per-epoch', '0.2'));
    // The first evaluation comes after 25 steps.
    await until(async () => (await linesOf(name)) >= 4);
    child.kill('SIGKILL');
    await ended;
    const steps = (await checkpoints(name)).filter((file) => file.endsWith('.safetensors'));
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThanOrEqual(3);
    // The setting is no part of what the run is: without it the checkpoint is taken up as well.
    const resumed = await impressionist(...command(name, '--evaluations-per-epoch', '0.2', '--resume'));
    expect(resumed.stderr).toMatch(/Resuming after step [1-9]/);
    expect(resumed.stderr).toMatch(/1 checkpoints written in \d+\.\d s/);
    const losses = (lines: object[]) => lines.filter((line) => 'loss' in line);
    expect(losses(await metrics(name))).toEqual(losses(await metrics('whole')));
  });

  it.each([2, 3, 4, 5])(
    'told to end (SIGTERM) after %i lines, even before an evaluation, goes on exactly there',
    async (lines) => {
      const name = `terminated-${lines}`;
      const { child, ended } = start(command(name));
      await until(async () => (await linesOf(name)) >= lines);
      child.kill('SIGTERM');
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(130);
      expect((await checkpoints(name)).length).toBeGreaterThan(0);
      const resumed = await impressionist(...command(name, '--resume'));
      expect(resumed.code, resumed.stderr).toBe(0);
      await expectSameRun(name);
    },
  );

  it('keeps two checkpoints, however many it has written', async () => {
    expect((await checkpoints('whole')).length).toBe(2);
  });

  it('that can’t write its checkpoint says so, leaves no torn file, and goes on later from the one before', async () => {
    const { child, ended } = start(command('limited'));
    await until(async () =>
      (await checkpoints('limited').catch(() => [])).some((file) => file.endsWith('.safetensors')),
    );
    child.kill('SIGKILL');
    await ended;
    const before = (await checkpoints('limited')).filter((file) => file.endsWith('.safetensors'));
    // The model has 6 MB, a checkpoint 19: files may have no more than 10.
    const limited = await new Promise<Ended>((resolve) => {
      const process_ = spawn('bash', [
        '-c',
        'ulimit -f 10000; exec "$@"',
        'bash',
        process.execPath,
        MAIN,
        ...command('limited', '--resume'),
      ]);
      let [stdout, stderr] = ['', ''];
      process_.stdout.on('data', (chunk) => (stdout += chunk));
      process_.stderr.on('data', (chunk) => (stderr += chunk));
      process_.on('close', (code) => resolve({ code, stdout, stderr }));
    });
    expect(limited.code).toBe(1);
    expect(limited.stderr).toMatch(/impressionist: cannot write, .*step-\d+\.safetensors, got a file larger/);
    expect((await checkpoints('limited')).filter((file) => file.endsWith('.safetensors'))).toEqual(before);
    expect((await impressionist(...command('limited', '--resume'))).code).toBe(0);
    await expectSameRun('limited');
  });

  it('whose loss is no number any more stops, names the batch, and keeps the best model', async () => {
    const result = await impressionist(
      ...command('diverging', '--learning-rate', '1e30', '--clip-norm', '0', '--warmup', '0.5'),
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /impressionist: the loss or its gradient is not a number, step \d+, epoch \d+, training examples [\d ]+\(counted from 0\), got loss/,
    );
    expect(result.stderr).not.toContain('effusion');
  });
});
