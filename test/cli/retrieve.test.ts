import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impressionist, temporaryFolder, writeExamples } from './impressionist.js';

let folder: string;
let data: string;
const out = (...path: string[]): string => join(folder, ...path);
const train = (name: string, ...more: string[]) =>
  impressionist('train', data, '--model', 'tiny', '--epochs', '1', '--threads', '1', '--out', out(name), ...more);
const generate = (...args: string[]) =>
  impressionist('generate', 'There is a large left pleural effusion.', '--json', '--max-new-tokens', '4', ...args);

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeExamples(folder, 30);
  for (const [name, ...more] of [['stored'], ['apart', '--no-store-reports']]) {
    const result = await train(name, '--retrieve', '2', ...more);
    expect(result.code, result.stderr).toBe(0);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('train --retrieve', () => {
  it('keeps the training reports with the model, and drafts name those they leaned on', async () => {
    const { k, reports, note } = JSON.parse(await readFile(out('stored', 'model', 'similar.json'), 'utf8'));
    expect(k).toBe(2);
    expect(reports.length).toBe(26); // without the two patients set aside
    expect(note).toContain('holds report text');
    const { stdout, stderr, code } = await generate('--model', out('stored', 'model'));
    expect(code, stderr).toBe(0);
    const ids = reports.map((report: { study_id: string }) => report.study_id);
    const { leanedOn } = JSON.parse(stdout);
    expect(leanedOn.length).toBe(2);
    expect(ids).toEqual(expect.arrayContaining(leanedOn));
  });

  it('never leans on the same patient', async () => {
    const file = out('drafts.jsonl');
    const result = await impressionist(
      ...['generate', '--data', data, '--out', file, '--model', out('stored', 'model'), '--max-new-tokens', '2'],
    );
    expect(result.code, result.stderr).toBe(0);
    const patient = new Map<string, string>(
      JSON.parse(await readFile(data, 'utf8')).map((each: { study_id: string; subject_id: string }) => [
        each.study_id,
        each.subject_id,
      ]),
    );
    const lines = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBe(30);
    for (const { study_id, leaned_on } of lines) {
      expect(leaned_on.length).toBe(2);
      for (const other of leaned_on) expect(patient.get(other)).not.toBe(patient.get(study_id));
    }
  });

  it('without stored reports leaves no report text in the model directory, and wants them for drafting', async () => {
    for (const name of await readdir(out('apart', 'model')))
      expect(await readFile(out('apart', 'model', name), 'latin1')).not.toContain('moderate right pleural effusion');
    const refused = await generate('--model', out('apart', 'model'));
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('give them: --similar-reports TRAINING_DATA');
    const given = await generate('--model', out('apart', 'model'), '--similar-reports', data);
    expect(given.code, given.stderr).toBe(0);
    expect(JSON.parse(given.stdout).leanedOn.length).toBe(2);
  });

  it('lets similar reports choose among eight beams and their own impressions, unless told how to draft', async () => {
    const byDefault = await generate('--model', out('stored', 'model'));
    const spelled = await generate(
      ...['--model', out('stored', 'model'), '--beams', '8', '--n-best', '8', '--rerank', 'similar'],
    );
    expect(spelled.code, spelled.stderr).toBe(0);
    const { candidates, ...chosen } = JSON.parse(spelled.stdout);
    expect(JSON.parse(byDefault.stdout)).toEqual(chosen);
    const borrowed = candidates.filter(({ borrowedFrom }: { borrowedFrom?: string }) => borrowedFrom !== undefined);
    expect(candidates.length).toBe(8 + borrowed.length);
    expect(borrowed.length).toBeGreaterThan(0);
    for (const { borrowedFrom, score } of borrowed) {
      expect(chosen.leanedOn).toContain(borrowedFrom);
      expect(score).toBeNull();
    }
    const greedy = await generate('--model', out('stored', 'model'), '--beams', '1');
    expect(JSON.parse(greedy.stdout).score).not.toBe(chosen.score);
  });

  it('lets similar reports choose for a model that leans on none', async () => {
    const options = ['--n-best', '4', '--beams', '4', '--rerank', 'similar'];
    const plain = await train('plain');
    expect(plain.code, plain.stderr).toBe(0);
    const refused = await generate('--model', out('plain', 'model'), ...options);
    expect(refused.stderr).toContain('give some: --similar-reports TRAINING_DATA');
    const given = await generate('--model', out('plain', 'model'), '--similar-reports', data, ...options);
    expect(given.code, given.stderr).toBe(0);
    const { impression, candidates, leanedOn } = JSON.parse(given.stdout);
    expect(leanedOn.length).toBe(5);
    expect(candidates[0].impression).toBe(impression);
  });

  it('needs a place in the prompt, and the place needs reports', async () => {
    const without = await train('refused', '--retrieve', '2', '--prompt', '{findings}');
    expect(without.stderr).toContain('put {similar} into --prompt');
    const none = await train('refused', '--prompt', '{similar} {findings}');
    expect(none.stderr).toContain('say how many by --retrieve');
  });
});
