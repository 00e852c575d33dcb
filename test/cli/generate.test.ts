import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impressionist, temporaryFolder, writeExamples } from './impressionist.js';

let folder: string;
let model: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  model = join(folder, 'model');
  await cp(fileURLToPath(new URL('../fixtures/t5-text', import.meta.url)), model, { recursive: true });
  data = await writeExamples(folder, 5);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const FINDINGS = 'The heart is normal in size. No pneumothorax.';
const generate = (...args: string[]) =>
  impressionist('generate', ...args, '--model', model, '--max-new-tokens', '8', '--threads', '1');

describe('generate', () => {
  it('prints the same draft whole, streamed, guessed ahead or not, and as JSON with its score', async () => {
    const runs = await Promise.all([
      generate(FINDINGS),
      generate(FINDINGS, '--stream'),
      generate(FINDINGS, '--copy-tokens', '0'),
      generate(FINDINGS, '--json'),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(runs[1].stdout).toBe(runs[0].stdout);
    expect(runs[2].stdout).toBe(runs[0].stdout);
    const { impression, score, truncated, cutTokens } = JSON.parse(runs[3].stdout);
    expect(`${impression}\n`).toBe(runs[0].stdout);
    expect([Number.isFinite(score), truncated, cutTokens]).toEqual([true, true, 0]);
    expect(runs[0].stderr).toContain('--max-new-tokens');
  });

  it('prints candidates with their scores, and writes them for a file', async () => {
    const printed = await generate(FINDINGS, '--beams', '4', '--n-best', '3', '--length-penalty', '0.6');
    expect(
      printed.stdout
        .trim()
        .split('\n')
        .map((line) => /^-?\d+\.\d{4}\t./.test(line)),
    ).toEqual([true, true, true]);
    const out = join(folder, 'candidates.jsonl');
    const filed = await generate('--data', data, '--out', out, '--beams', '2', '--n-best', '2', '--weights', 'int8');
    expect(filed.code).toBe(0);
    const lines = (await readFile(out, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ study_id }) => study_id)).toEqual(['1000', '1001', '1002', '1003', '1004']);
    for (const { impression, candidates } of lines) {
      expect(candidates.length).toBe(2);
      expect(candidates[0].impression).toBe(impression);
    }
  });

  it.each([
    [['--length-penalty', '2'], 'lengthPenalty is for beam search'],
    [['--beams', '2', '--temperature', '0.5'], 'exclude each other'],
    [['--n-best', '2'], 'more outputs than beams'],
    [['--seed', '4'], 'seed is for sampling'],
    [['--stream', '--beams', '2'], '--stream needs a single draft'],
    [['--early-stopping', 'maybe'], 'true, false or never'],
    [['--weights', 'int3'], 'int4'],
  ])('ends with 2 for %j', async (args, message) => {
    const { code, stderr } = await generate(FINDINGS, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('ends with 1 and the reason where the machine can’t do it', async () => {
    const { code, stderr } = await generate(FINDINGS, '--memory', '0.01');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^impressionist: drafting may need .* GB of memory, .*--weights int8/);
  });
});

it('evaluate refuses options of drafting where nothing is drafted', async () => {
  const args = [data, '--predictions', data, '--out', join(folder, 'evaluation'), '--beams', '4'];
  const { code, stderr } = await impressionist('evaluate', ...args);
  expect(code).toBe(2);
  expect(stderr).toContain('--beams is for drafting');
});
