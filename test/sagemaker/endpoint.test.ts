/** @file `generate` and `evaluate` with an endpoint in the place of a local model. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aws, command, data, deploy, examples, folder, promptOf, run, train } from './fake/setting.js';

const lines = async (name: string) =>
  (await readFile(join(folder, name), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const asked = (): unknown[] =>
  aws.state.seen.filter(({ operation }) => operation === 'InvokeEndpoint').map(({ input }) => input);
const file = (...more: string[]) => [
  'generate',
  '--endpoint',
  'drafts',
  '--data',
  data,
  '--out',
  'drafts.jsonl',
  ...more,
];
const rougeOf = (evaluation: string): number => JSON.parse(evaluation).rouge.plain.rouge1.fmeasure;
/** An endpoint of version 1. */
const deployScript = async (): Promise<void> => {
  await train();
  const image = 'x.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:1';
  const how = ['--instance', 'ml.g5.2xlarge', '--name', 'beams', '--dialect', 'script', '--image', image];
  const { code, stderr } = await run(['deploy', 'demo', ...how]);
  expect(code, stderr).toBe(0);
};

describe('an endpoint in the place of a model', () => {
  it('drafts one report in the prompt its model learned, whole, as JSON and word by word', async () => {
    await deploy();
    const one = ['generate', 'Lungs are clear.', '--background', 'Cough.', '--endpoint', 'drafts'];
    const whole = await command([...one, '--max-new-tokens', '60', '--temperature', '0.5', '--seed', '3']);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toBe(`Seen: ${promptOf(0)}\n`);
    expect(asked()).toEqual([
      { inputs: promptOf(0), parameters: { max_new_tokens: 60, do_sample: true, temperature: 0.5, seed: 3 } },
    ]);
    const json = await command([...one, '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ impression: `Seen: ${promptOf(0)}` });
    const streamed = await command([...one.map((word) => (word === 'Lungs are clear.' ? '-' : word)), '--stream'], {
      stdin: 'Lungs are clear.\n',
    });
    expect(streamed.stdout, streamed.stderr).toBe(`Seen: ${promptOf(0)}\n`);
  });

  it('is scored like a model, in both dialects', async () => {
    await deployScript();
    const right = new Map(examples.map(({ impression }, index) => [promptOf(index), impression]));
    aws.state.behaviour.answer = (prompt) => right.get(prompt)!;
    const settings = ['--beams', '4', '--early-stopping', 'true', '--no-repeat-ngram', '3'];
    const script = await command(['evaluate', data, '--endpoint', 'beams', '--out', 'scores', ...settings, '--json']);
    expect(script.code, script.stderr).toBe(0);
    expect(rougeOf(script.stdout)).toBe(1);
    expect(asked()[0]).toMatchObject({ num_beams: 4, early_stopping: true, no_repeat_ngram_size: 3, max_length: 128 });
    expect((await lines('scores/predictions.jsonl')).map(({ impression }) => impression)).toEqual(
      examples.map(({ impression }) => impression),
    );
    expect(await lines('scores/examples.jsonl')).toHaveLength(3);
    expect(await readFile(join(folder, 'scores/report.html'), 'utf8')).toContain('beams');

    await deploy();
    aws.state.behaviour.answer = () => 'Something else altogether.';
    const tgi = await command(['evaluate', data, '--endpoint', 'drafts', '--out', 'other', '--json']);
    expect(tgi.code, tgi.stderr).toBe(0);
    expect(rougeOf(tgi.stdout)).toBeLessThan(0.5);
  });

  it('is waited for while it is throttled or busy, several reports at once', async () => {
    await deploy();
    const busy = { operation: 'InvokeEndpoint', status: 429 };
    aws.state.faults.push({ ...busy, times: 4, type: 'ThrottlingException', message: 'Rate exceeded', status: 400 });
    aws.state.faults.push({ ...busy, times: 1, type: 'ModelNotReadyException' });
    const { code, stderr } = await command(file('--concurrency', '3'));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('3 drafts written to drafts.jsonl');
    expect((await lines('drafts.jsonl')).map(({ study_id, impression }) => [study_id, impression])).toEqual(
      examples.map(({ study_id }, index) => [study_id, `Seen: ${promptOf(index)}`]),
    );
  });

  it('goes on with a half-done file, also when it is scored, and only with the settings it was begun with', async () => {
    await deploy();
    const fault = { operation: 'InvokeEndpoint', times: 1, skip: 2, type: 'ModelError', status: 424 };
    const broken = { ...fault, more: { OriginalStatusCode: 500 } };
    const slowly = ['--concurrency', '1', '--tries', '1'];
    aws.state.faults.push({ ...broken });
    const half = await command(file(...slowly));
    expect(half.code).toBe(1);
    expect(half.stderr).toMatch(/2 of 3 are kept: the same command goes on from there/);
    await expect(access(join(folder, 'drafts.jsonl'))).rejects.toThrow();
    const other = await command(file('--max-new-tokens', '9'));
    expect(other.stderr).toContain('an unfinished file of other findings or settings is in the way');
    const before = asked().length;
    const whole = await command(file(...slowly));
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toContain('2 of them were kept from an earlier run');
    expect(asked().length - before).toBe(1);
    expect((await lines('drafts.jsonl')).map(({ study_id }) => study_id)).toEqual(['s1', 's2', 's3']);

    aws.state.faults.push({ ...broken });
    const scores = ['evaluate', data, '--endpoint', 'drafts', '--out', 'scores', ...slowly];
    expect((await command(scores)).code).toBe(1);
    const scored = await command(scores);
    expect(scored.code, scored.stderr).toBe(0);
    expect(scored.stderr).toContain('2 of them were kept');
  });

  it('ends cleanly on Ctrl-C and keeps what it has', async () => {
    await deploy();
    aws.state.faults.push({
      operation: 'InvokeEndpoint',
      times: 999,
      skip: 1,
      type: 'ModelNotReadyException',
      status: 429,
    });
    const interruptWhen = (): boolean => asked().length > 1;
    const left = await command(file('--concurrency', '1', '--tries', '100'), { interruptWhen });
    expect(left.code, left.stderr).toBe(130);
    expect(left.stderr).toContain('1 of 3 are kept');
  });

  it.each([
    [
      'both a model and an endpoint',
      ['generate', 'x', '--model', 'm', '--endpoint', 'e'],
      /either --model or --endpoint/,
    ],
    ['neither', ['generate', 'x'], /either --model or --endpoint/],
    ['weights', ['generate', 'x', '--endpoint', 'e', '--weights', 'int8'], /--weights is for drafting with --model/],
    ['a device', ['generate', 'x', '--endpoint', 'e', '--device', 'cuda'], /--device is for/],
    ['an adapter', ['evaluate', 'd', '--out', 'o', '--endpoint', 'e', '--adapter', 'a'], /--adapter is for/],
    ['several drafts', ['generate', 'x', '--endpoint', 'e', '--n-best', '2', '--beams', '2'], /--n-best is for/],
    [
      'a limit of its own',
      ['generate', 'x', '--endpoint', 'e', '--max-input-tokens', '9'],
      /--max-input-tokens is for/,
    ],
    ['never', ['generate', 'x', '--endpoint', 'e', '--beams', '2', '--early-stopping', 'never'], /takes true or false/],
    ['a seed for nothing', ['generate', 'x', '--endpoint', 'e', '--seed', '2'], /a seed is for sampling/],
    ['beams and sampling', ['generate', 'x', '--endpoint', 'e', '--beams', '2', '--top-k', '5'], /exclude each other/],
    [
      'a region for a model',
      ['generate', 'x', '--model', 'm', '--region', 'eu-west-1'],
      /--region is for drafting with --endpoint/,
    ],
    ['tries for predictions', ['evaluate', 'd', '--out', 'o', '--predictions', 'p', '--tries', '2'], /--tries is for/],
    [
      'three sources',
      ['evaluate', 'd', '--out', 'o', '--predictions', 'p', '--endpoint', 'e'],
      /give one of --model, --endpoint/,
    ],
  ])('refuses %s as wrong usage', async (_, parameters, message) => {
    const refused = await command(parameters);
    expect(refused.stderr).toMatch(message);
    expect(refused.code).toBe(2);
    expect(aws.state.seen).toEqual([]);
  });

  it('refuses what its dialect has not as wrong usage, before a report is sent', async () => {
    await deploy();
    const refused = await command(file('--beams', '4'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('the endpoint has no beam search');
    await deployScript();
    const streamed = await command(['generate', 'x', '--endpoint', 'beams', '--stream']);
    expect(streamed.code).toBe(2);
    expect(streamed.stderr).toContain('no streaming');
    expect(asked()).toEqual([]);
    const missing = await command(['generate', 'x', '--endpoint', 'nowhere']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('no such endpoint');
  });
});
