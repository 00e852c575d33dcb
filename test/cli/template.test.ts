import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { impressionist, temporaryFolder, writeExamples } from './impressionist.js';

let folder: string;
let data: string;
const at = (...names: string[]): string => join(folder, ...names);
const json = async (...names: string[]) => JSON.parse(await readFile(at(...names), 'utf8'));
const train = (out: string, ...more: string[]) =>
  impressionist('train', data, ...['--model', 'tiny', '--epochs', '0.5', '--threads', '1', '--out', at(out)], ...more);

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeExamples(folder, 12);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('takes a JumpStart template into training and the trained prompt back to JumpStart', async () => {
  await writeFile(at('theirs.json'), '{"prompt": "Sum up: {History} {document}", "completion": "{summary}"}');
  const ours = { prompt: 'Sum up: {background} {findings}', completion: '{impression}' };
  const trained = await train('first', '--prompt-file', at('theirs.json'));
  expect(trained.code, trained.stderr).toBe(0);
  expect(await json('first', 'model', 'prompt.json')).toEqual({ template: ours.prompt });

  const exported = await impressionist('export', at('first', 'model'), '--format', 'template', '--out', at('js'));
  expect(exported.code, exported.stderr).toBe(0);
  expect(await json('js', 'template.json')).toEqual(ours);

  // What it writes it reads; run.json holds the prompt itself and needs the file no more.
  await rm(at('theirs.json'));
  const again = await impressionist('train', '--config', at('first', 'run.json'), '--out', at('second'));
  expect(again.code, again.stderr).toBe(0);
  const third = await train('third', '--prompt-file', at('js', 'template.json'));
  expect(third.code, third.stderr).toBe(0);
  const prompts = ['first', 'second', 'third'].map((name) => readFile(at(name, 'model', 'prompt.json'), 'utf8'));
  expect(new Set(await Promise.all(prompts)).size).toBe(1);
  const weights = ['first', 'second'].map((name) => readFile(at(name, 'model', 'model.safetensors')));
  const [first, second] = await Promise.all(weights);
  expect(first.equals(second)).toBe(true);

  const draft = [
    'generate',
    'Clear lungs.',
    '--model',
    at('first', 'model'),
    '--threads',
    '1',
    '--max-new-tokens',
    '8',
  ];
  const [own, chosen] = [
    await impressionist(...draft),
    await impressionist(...draft, '--prompt-file', at('js', 'template.json')),
  ];
  expect(chosen.code, chosen.stderr).toBe(0);
  expect(chosen.stdout).toBe(own.stdout);
});

it('refuses a file that is no prompt, two prompts, and a model directory that is none', async () => {
  await writeFile(at('wrong.json'), '{"prompt": "{findings} {age}", "completion": "{impression}"}');
  const wrong = await train('a', '--prompt-file', at('wrong.json'));
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown placeholder in the template') });
  const missing = await train('a', '--prompt-file', at('missing.json'));
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file') });
  const two = await train('a', '--prompt-file', at('wrong.json'), '--prompt', '{findings}');
  expect(two).toMatchObject({ code: 2, stderr: expect.stringContaining('--prompt') });
  await writeFile(at('config.json'), JSON.stringify({ prompt: '{findings}', 'prompt-file': at('wrong.json') }));
  const both = await train('a', '--config', at('config.json'));
  expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining('two prompts') });
  const none = await impressionist('export', at('nowhere'), '--format', 'template', '--out', at('b'));
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no model directory') });
});
