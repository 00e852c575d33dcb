import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { evaluateCommand } from '../../src/cli/evaluate.js';

const examples = [
  { study_id: '7', findings: 'Lungs clear.', impression: 'No acute cardiopulmonary abnormality.' },
  { study_id: 8, findings: 'Large heart.', impression: 'Cardiomegaly.\nNo edema.' },
];
const predictions = [
  { study_id: '8', impression: 'Cardiomegaly.' },
  { study_id: '7', impression: 'No acute abnormality.' },
];

let folder = '';
let printed = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  await writeFile(join(folder, 'data.json'), JSON.stringify(examples));
  await writeFile(join(folder, 'predictions.jsonl'), predictions.map((line) => JSON.stringify(line)).join('\n'));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const evaluate = (...more: string[]): Promise<unknown> =>
  evaluateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync([join(folder, 'data.json'), '--out', join(folder, 'out', 'deep'), ...more], { from: 'user' });
const fromPredictions = (...more: string[]): Promise<unknown> =>
  evaluate('--predictions', join(folder, 'predictions.jsonl'), ...more);
const written = (name: string): Promise<string> => readFile(join(folder, 'out', 'deep', name), 'utf8');

describe('evaluate', () => {
  it('writes the means and a line an example, in the order of the data', async () => {
    await fromPredictions();
    const evaluation = JSON.parse(await written('evaluation.json'));
    expect(evaluation.rouge.plain.rouge1.recall).toBeCloseTo((3 / 4 + 1 / 3) / 2, 12);
    expect(Object.keys(evaluation.rouge.stemmed)).toEqual(['rouge1', 'rouge2', 'rougeL', 'rougeLsum']);
    const lines = (await written('examples.jsonl')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line)).map(({ study_id, prediction }) => [study_id, prediction])).toEqual([
      ['7', 'No acute abnormality.'],
      ['8', 'Cardiomegaly.'],
    ]);
  });

  it('prints both settings, the number of examples, intervals and the baselines', async () => {
    await fromPredictions();
    expect(printed).toMatch(/n = 2 examples; .*95 % bootstrap intervals/);
    expect(printed).toMatch(/plain words[\s\S]*predictions[\s\S]*fixed sentence[\s\S]*nearest report/);
    expect(printed).toMatch(/Porter-stemmed words[\s\S]*predictions +[\d.]+ \[[\d.]+, [\d.]+\]/);
  });

  it('prints what it writes with --json', async () => {
    await fromPredictions('--json', '--seed', '9');
    expect(printed).toBe(await written('evaluation.json'));
    expect(JSON.parse(printed).settings.seed).toBe(9);
  });

  it('names the study without a prediction and writes nothing', async () => {
    await writeFile(join(folder, 'predictions.jsonl'), `${JSON.stringify(predictions[0])}\n`);
    await expect(fromPredictions()).rejects.toThrow(/without a prediction, study 7/);
    await expect(written('evaluation.json')).rejects.toThrow();
  });

  it('tests against another file of predictions, and writes the page and the form for RadEval', async () => {
    await writeFile(
      join(folder, 'other.jsonl'),
      predictions.map((line) => JSON.stringify({ ...line, impression: 'Normal.' })).join('\n'),
    );
    await fromPredictions('--against', join(folder, 'other.jsonl'));
    expect(printed).toMatch(/Against other\.jsonl +predictions +other +difference +p/);
    expect(await written('report.html')).toMatch(/^<!doctype html>/);
    expect(JSON.parse(await written('radeval.json')).hypotheses).toEqual(['No acute abnormality.', 'Cardiomegaly.']);
  });

  it('looks neighbours up in --train-data', async () => {
    const training = [{ study_id: '1', findings: 'Large heart.', impression: 'Cardiomegaly.\nNo edema.' }];
    await writeFile(join(folder, 'train.json'), JSON.stringify(training));
    await fromPredictions('--train-data', join(folder, 'train.json'), '--json');
    expect(JSON.parse(printed).baselines.nearest.rouge.plain.rouge1.recall).toBeCloseTo(0.5, 12);
  });

  it('says that --out is a file', async () => {
    await writeFile(join(folder, 'out'), '');
    await expect(fromPredictions()).rejects.toThrow(/cannot write/);
  });

  it('refuses a seed that is no whole number', async () => {
    await expect(fromPredictions('--seed', '1.5')).rejects.toThrow(/whole number/);
  });
});
