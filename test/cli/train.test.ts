import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impressionist, start, temporaryFolder, writeExamples } from './impressionist.js';

let folder: string;
let data: string;
const out = (name: string): string => join(folder, name);
const command = (name: string, ...more: string[]): string[] => [
  'train',
  data,
  '--model',
  'tiny',
  '--out',
  out(name),
  '--epochs',
  '6',
  '--batch-size',
  '8',
  '--threads',
  '1',
  '--evaluations-per-epoch',
  '1',
  ...more,
];

/** The lines of metrics.jsonl without what hangs on the clock. */
const metrics = async (name: string): Promise<object[]> => {
  const text = await readFile(join(out(name), 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: undefined, tokensPerSecond: undefined }));
};

const linesOf = async (name: string): Promise<number> =>
  (await readFile(join(out(name), 'metrics.jsonl'), 'utf8').catch(() => '')).split('\n').length - 1;

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeExamples(folder, 48);
  const whole = await impressionist(...command('whole'));
  expect(whole.stderr).toContain('Best model: dev loss');
  expect(whole.code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('train', () => {
  it('lowers the loss and leaves a model directory, metrics and the record of the run', async () => {
    const lines = (await metrics('whole')) as { loss?: number; devLoss?: number }[];
    const losses = lines.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    expect(losses.length).toBe(6 * 6); // 43 examples in batches of 8, six times
    expect(losses.at(-1)!).toBeLessThan(losses[0] / 2);
    expect(lines.filter(({ devLoss }) => devLoss !== undefined).length).toBe(6);
    const run = JSON.parse(await readFile(join(out('whole'), 'run.json'), 'utf8'));
    expect(run).toMatchObject({
      model: 'tiny',
      length: { epochs: 6 },
      recipe: { batchSize: 8 },
      result: { steps: 36 },
    });
    const generated = await impressionist(
      'generate',
      'There is a large left pleural effusion. No pneumothorax.',
      '--model',
      join(out('whole'), 'model'),
    );
    expect(generated.code).toBe(0);
    expect(generated.stdout.trim().length).toBeGreaterThan(0);
  });

  it.each([3, 11, 23])(
    'killed after %i lines of metrics and resumed, makes the same numbers as without a break',
    async (lines) => {
      const name = `killed-${lines}`;
      const { child, ended } = start(command(name));
      await until(async () => (await linesOf(name)) >= lines);
      child.kill('SIGKILL');
      await ended;
      const resumed = await impressionist(...command(name, '--resume'));
      expect(resumed.stderr).toContain('Best model: dev loss');
      expect(await metrics(name)).toEqual(await metrics('whole'));
      const weights = (run: string) => readFile(join(out(run), 'model', 'model.safetensors'));
      expect((await weights(name)).equals(await weights('whole'))).toBe(true);
    },
  );

  it('interrupted, keeps its last step and says how to go on', async () => {
    const { child, ended } = start(command('interrupted'));
    await until(async () => (await linesOf('interrupted')) >= 4);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted, go on with the same command and --resume');
    await impressionist(...command('interrupted', '--resume'));
    expect(await metrics('interrupted')).toEqual(await metrics('whole'));
  });

  it('does not write over a run, nor go on with another one’s', async () => {
    const again = await impressionist(...command('whole'));
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toMatch(/^impressionist: a training run is there already, .*whole, go on with it by --resume/);
    const other = await impressionist(...command('whole', '--resume', '--learning-rate', '1e-4'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('the checkpoint belongs to a run with other settings or data');
  });

  it('by the clock, ends in time with the learning rate run down', async () => {
    const result = await impressionist(
      'train',
      data,
      '--model',
      'tiny',
      '--out',
      out('clock'),
      '--minutes',
      '0.05',
      '--epochs',
      '1000',
    );
    expect(result.code).toBe(0);
    const steps = ((await metrics('clock')) as { learningRate?: number }[]).flatMap(
      ({ learningRate }) => learningRate ?? [],
    );
    expect(steps.at(-1)!).toBeLessThan(Math.max(...steps) / 4);
  });

  it.each([
    [['--epochs', '0'], '--epochs', 2],
    [['--model', 'nowhere'], 'no model directory, nowhere', 1],
    [['--prompt', 'no fields'], '{findings}', 1],
    [['--max-input-tokens', '4'], 'leaves no room for findings', 1],
  ])('refuses %j', async (options, message, code) => {
    const result = await impressionist('train', data, '--model', 'tiny', '--out', out('refused'), ...options);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
    expect(result.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });
});
