import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impressionist, temporaryFolder, writeExamples } from './impressionist.js';

let folder: string;
let data: string;
const out = (...path: string[]): string => join(folder, ...path);
const read = (...path: string[]): Promise<string> => readFile(out(...path), 'utf8');
const train = (name: string, ...more: string[]) =>
  impressionist('train', data, '--out', out(name), '--threads', '1', '--evaluations-per-epoch', '1', ...more);
const FINDINGS = 'There is a large left pleural effusion. No pneumothorax.';
const draft = async (...model: string[]): Promise<string> => {
  const { stdout, stderr, code } = await impressionist('generate', FINDINGS, ...model);
  expect(code, stderr).toBe(0);
  return stdout;
};
const lines = async (name: string): Promise<Record<string, number>[]> =>
  (await read(name, 'metrics.jsonl'))
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0, tokensPerSecond: 0 }));

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeExamples(folder, 40);
  const base = await train('base', '--model', 'tiny', '--epochs', '2');
  expect(base.code, base.stderr).toBe(0);
  const adapted = await train(
    'lora',
    '--model',
    out('base', 'model'),
    '--lora',
    '--lora-targets',
    'all',
    '--epochs',
    '4',
    '--accumulation',
    '2',
  );
  expect(adapted.code, adapted.stderr).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('train --lora', () => {
  it('leaves PEFT’s two files, the prompt and a card, and trains only the adapter', async () => {
    expect((await readdir(out('lora', 'model'))).sort()).toEqual(
      ['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'prompt.json'].sort(),
    );
    const config = JSON.parse(await read('lora', 'model', 'adapter_config.json'));
    expect(config).toMatchObject({
      peft_type: 'LORA',
      r: 8,
      lora_alpha: 32,
      base_model_name_or_path: out('base', 'model'),
    });
    const run = JSON.parse(await read('lora', 'run.json'));
    expect(run.trainedParameters).toBeLessThan(run.parameters / 5);
    const losses = (await lines('lora')).flatMap(({ devLoss }) => devLoss ?? []);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
  });

  it('drafts alike from the adapter’s directory, with --adapter, and exported as merged or adapter', async () => {
    const wanted = await draft('--model', out('lora', 'model'));
    expect(await draft('--model', out('base', 'model'), '--adapter', out('lora', 'model'))).toBe(wanted);
    const merged = await impressionist('export', out('lora', 'model'), '--format', 'merged', '--out', out('merged'));
    expect(merged.code, merged.stderr).toBe(0);
    expect(await draft('--model', out('merged'))).toBe(wanted);
    const adapter = await impressionist('export', out('lora', 'model'), '--format', 'adapter', '--out', out('adapter'));
    expect(adapter.code, adapter.stderr).toBe(0);
    expect(await draft('--model', out('adapter'))).toBe(wanted);
    const none = await impressionist('export', out('base', 'model'), '--format', 'adapter', '--out', out('none'));
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toContain('no adapter directory');
  });

  it.each(['int8', 'int4'])('learns over a base rounded to %s', async (weights) => {
    const result = await train(
      `q-${weights}`,
      '--model',
      out('base', 'model'),
      '--lora',
      '--epochs',
      '3',
      '--weights',
      weights,
      '--accumulation',
      '1',
      '--select-by',
      'rouge',
    );
    expect(result.code, result.stderr).toBe(0);
    const evaluations = (await lines(`q-${weights}`)).filter(({ devLoss }) => devLoss !== undefined);
    expect(evaluations.at(-1)!.devLoss).toBeLessThan(evaluations[0].devLoss);
    const scores = evaluations.map(({ devRouge }) => devRouge);
    expect(JSON.parse(await read(`q-${weights}`, 'run.json')).result.best.devRouge).toBe(Math.max(...scores));
    const drafts = (await read(`q-${weights}`, 'drafts.jsonl')).trimEnd().split('\n');
    expect(drafts.map((line) => JSON.parse(line).drafts.length)).toEqual([4, 4, 4]);
    await draft('--model', out(`q-${weights}`, 'model'));
  });

  it.each([
    [['--model', 'tiny', '--lora'], 'an adapter needs a trained model under it', 2],
    [['--model', 'tiny', '--lora', '--full'], 'cannot be used with', 2],
    [['--model', 'tiny', '--lora-r', '4'], 'add --lora', 2],
    [['--model', 'tiny', '--weights', 'int4'], 'add --lora', 2],
    [[], 'no model to start from', 2],
  ])('refuses %j', async (options, message, code) => {
    const result = await train('refused', ...options);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
  });

  it('names the devices there are when one is missing', async () => {
    const result = await train('refused', '--model', 'tiny', '--device', 'cuda');
    expect(result).toMatchObject({ code: 1 });
    expect(result.stderr).toMatch(/the device cuda is missing or does not start, .*use one of cpu/);
  });

  it('names the layers there are when a target is none of them', async () => {
    const result = await train('refused', '--model', out('base', 'model'), '--lora', '--lora-targets', 'query');
    expect(result.stderr).toContain('got query, choose among q, k, v, o, wi_0, wi_1, wo, or all');
  });
});

describe('train --config', () => {
  it('with a run’s run.json makes the same run', async () => {
    const again = await impressionist(
      'train',
      '--config',
      out('lora', 'run.json'),
      '--out',
      out('again'),
      '--threads',
      '1',
    );
    expect(again.code, again.stderr).toBe(0);
    expect(await lines('again')).toEqual(await lines('lora'));
    const weights = (run: string) => readFile(out(run, 'model', 'adapter_model.safetensors'));
    expect((await weights('again')).equals(await weights('lora'))).toBe(true);
  });

  it('takes options by their names, the command line’s first', async () => {
    const settings = {
      model: 'tiny',
      epochs: 9,
      'learning-rate': 1e-3,
      'select-by': 'rouge',
      patience: 1,
      schedule: 'constant',
      'label-smoothing': 0.1,
      optimizer: 'adafactor',
    };
    await writeFile(out('recipe.json'), JSON.stringify(settings));
    const result = await train('configured', '--config', out('recipe.json'), '--epochs', '5');
    expect(result.code, result.stderr).toBe(0);
    const run = JSON.parse(await read('configured', 'run.json'));
    expect(run.length).toEqual({ epochs: 5 });
    expect(run.recipe).toMatchObject({
      learningRate: 1e-3,
      selectBy: 'rouge',
      patience: 1,
      schedule: 'constant',
      labelSmoothing: 0.1,
      optimizer: 'adafactor',
    });
    const rates = (await lines('configured')).flatMap(({ learningRate }) => learningRate ?? []);
    expect(rates.at(-1)).toBe(1e-3);
    const evaluations = (await lines('configured')).filter(({ devRouge }) => devRouge !== undefined);
    // An untrained model drafts nothing right, so that the score does not rise and the run ends before its five epochs.
    if (evaluations.length < 5) expect(run.result.stoppedEarly).toBe(true);
    expect(evaluations.length).toBeGreaterThan(0);
  });

  it.each([
    [{ 'learn-rate': 1 }, 'unknown setting, '],
    [{ epochs: 'many' }, 'wrong value of a setting, epochs in '],
    [{ optimizer: 'sgd' }, 'wrong value of a setting, optimizer in '],
    [{ lora: 'yes' }, 'write true or false'],
  ])('refuses %j', async (settings, message) => {
    await writeFile(out('wrong.json'), JSON.stringify(settings));
    const result = await train('refused', '--model', 'tiny', '--config', out('wrong.json'));
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(message);
  });
});

describe('a run', () => {
  it('is shown by a page that fetches nothing, with curves and drafts', async () => {
    const page = await read('base', 'report.html');
    expect(page).toContain('<polyline');
    expect(page).toContain('Drafts of dev reports at each evaluation');
    expect(page.match(/step \d+<\/th>/g)!.length).toBe(2 * 4);
    expect(page).not.toMatch(/https?:|<script|<link|@import/);
  });

  it('writes a model card from its own numbers, without report text', async () => {
    const card = await read('base', 'model', 'README.md');
    const run = JSON.parse(await read('base', 'run.json'));
    expect(card).toContain(run.result.best.devLoss.toFixed(4));
    expect(card).toContain(run.data.train.sha256);
    expect(card).not.toContain('pleural effusion');
  });
});
