import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { readExpected, unpackedJudges } from './fixture.js';

const { path } = unpackedJudges();
const expected = await readExpected();
const pairs = expected.pairs.filter(([reference]) => reference.trim() !== '');

let printed = '';
beforeEach(async () => {
  await mkdir(path('data'), { recursive: true });
  const lines = (texts: readonly string[]): string =>
    texts
      .map((impression, id) => JSON.stringify({ study_id: String(id), findings: 'Large heart.', impression }))
      .join('\n');
  await writeFile(path('data', 'data.jsonl'), lines(pairs.map(([reference]) => reference)));
  await writeFile(path('data', 'predictions.jsonl'), lines(pairs.map(([, prediction]) => prediction)));
  await writeFile(path('data', 'other.jsonl'), lines(pairs.map(() => 'Normal.')));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const evaluate = (...more: string[]): Promise<unknown> => {
  const files = [path('data', 'data.jsonl'), '--predictions', path('data', 'predictions.jsonl'), '--out', path('out')];
  return evaluateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync([...files, ...more], { from: 'user' });
};
const written = (name: string): Promise<string> => readFile(path('out', name), 'utf8');

describe('evaluate with models that judge', () => {
  it('has their scores everywhere, with intervals, baselines, strata, test and setting', async () => {
    await evaluate(
      ...['--bertscore', path('roberta'), '--chexbert', path('bert', 'chexbert.onnx')],
      ...['--against', path('data', 'other.jsonl')],
    );
    const evaluation = JSON.parse(await written('evaluation.json'));
    const { scores } = expected.bertscore.find(({ model, idf }) => model === 'roberta' && !idf)!;
    const kept = scores.filter((_, index) => expected.pairs[index][0].trim() !== '');
    expect(evaluation.bertscore.f1).toBeCloseTo(kept.reduce((sum, [, , f1]) => sum + f1, 0) / kept.length, 5);
    expect(evaluation.judges.bertscore).toMatchObject({ file: 'model.onnx', layer: 2, idf: false, baseline: null });
    expect(evaluation.judges.chexbert).toMatchObject({ file: 'chexbert.onnx', maxTokens: 40 });
    for (const set of [
      evaluation,
      ...Object.values(evaluation.baselines),
      evaluation.strata.abnormal,
    ] as (typeof evaluation)[]) {
      expect(set.intervals.bertscore.f1.low).toBeLessThanOrEqual(set.bertscore.f1);
      expect(set.intervals.chexbert.five.micro.f1.high).toBeGreaterThanOrEqual(set.chexbert.five.micro.f1);
      expect(set.chexbertObservations['Pleural Effusion']).toHaveProperty('inReferences');
    }
    const tested = evaluation.against.tests.map(({ figure }: { figure: string }) => figure);
    expect(tested).toEqual(expect.arrayContaining(['bertscore.f1', 'chexbert.fourteen.macro.f1']));

    const [first] = (await written('examples.jsonl')).split('\n', 1).map((line) => JSON.parse(line));
    expect(first.bertscore.f1).toBeCloseTo(1, 6);
    expect(first.chexbert.prediction).toEqual(first.chexbert.reference);

    expect(printed).toMatch(
      /CheXbert micro-14 +CheXbert macro-14[\s\S]*?nearest report[\s\S]*?CheXbert: F1 of the labels of/,
    );
    expect(printed).toMatch(/BERTScore F1\npredictions .*\[/);
    expect(printed).toMatch(
      /BERTScore: model\.onnx \(sha256 [0-9a-f]{12}\), layer 2, equal weights, not rescaled; 2 texts cut/,
    );
    const page = await written('report.html');
    for (const title of ['What models say', 'BERTScore with intervals', 'CheXbert with intervals'])
      expect(page).toContain(title);
  });

  it('leaves no trace where there are none', async () => {
    await evaluate();
    expect(await written('evaluation.json')).not.toMatch(/chexbert|bertscore|judges/i);
    expect(await written('report.html')).not.toContain('What models say');
  });

  it('ignores no option', async () => {
    for (const stray of [
      ['--bertscore-idf'],
      ['--bertscore-layer', '0'],
      ['--bertscore-baseline', path('baseline.tsv')],
    ])
      await expect(evaluate(...stray)).rejects.toThrow(/is for BERTScore, give --bertscore/);
  });
});
