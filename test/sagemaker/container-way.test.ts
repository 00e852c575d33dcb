/** @file What the image does, in the order of its life: it trains, is interrupted, goes on, and serves what it trained. */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModel } from '../../src/models/directory.js';
import { openModel } from '../../src/models/open.js';
import { checkHealth } from '../../src/sagemaker/container/health.js';
import { metricFinder, ownMetrics } from '../../src/sagemaker/training/metrics.js';
import { transformLines, transformPredictions } from '../../src/sagemaker/transform/lines.js';
import { container, example, optMl, prompt, put, type Serving, serving, startContainer } from './opt-ml.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'opt-ml-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const report = 'Impression of: The heart is large.';
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
const json = async (response: Promise<Response>): Promise<any> => (await response).json();

describe('the container', () => {
  it('trains from /opt/ml, is stopped by SIGTERM, goes on from its checkpoint, and leaves a model with its prompt', async () => {
    await optMl(root, { model: 'tiny', epochs: '3', 'batch-size': '4', sagemaker_region: '"us-east-1"' });
    const stopped = await container(root, 'train', /step=3 /);
    expect(stopped.code, stopped.output).toBe(0);
    expect(stopped.output).toMatch(/stopped after step \d+; the checkpoint is written/);
    const step = Number(/stopped after step (\d+)/.exec(stopped.output)![1]);
    expect(await readdir(join(root, 'checkpoints/checkpoints'))).not.toEqual([]);

    // SageMaker starts an interrupted job on another machine, with nothing but its input and the checkpoints.
    await rm(join(root, 'model'), { recursive: true, force: true });
    await rm(join(root, 'output'), { recursive: true, force: true });
    const whole = await container(root, 'train');
    expect(whole.code, whole.output).toBe(0);
    expect(whole.output).toContain(`going on after step ${step}`);
    expect(whole.output).toMatch(/done: 18 steps, best dev loss/);
    const found = whole.output.split('\n').map(metricFinder(ownMetrics));
    expect(found.filter((figures) => 'impressionist:train-loss' in figures)).toHaveLength(18 - step);
    expect(found.some((figures) => 'impressionist:eval-loss' in figures)).toBe(true);
    const model = await readModel(join(root, 'model'));
    expect(model.prompt.template).toBe(prompt.template);
    expect(await readdir(join(root, 'output/data'))).toEqual(['metrics.jsonl', 'run.json']);
  });

  describe('that serves what it trained', () => {
    let server: Serving;
    beforeAll(async () => {
      server = await serving(root);
    });
    afterAll(() => void server?.child.kill('SIGKILL'));

    it('answers in both dialects, the same impression where both are asked for the same', async () => {
      const script = await json(server.post({ text_inputs: report, max_length: 12 }));
      expect(script).toEqual({ generated_texts: [expect.any(String)] });
      const tgi = await json(server.post({ inputs: report, parameters: { max_new_tokens: 12, details: true } }));
      expect(tgi).toEqual([{ generated_text: script.generated_texts[0], details: expect.any(Object) }]);
      const text = await json(server.post(report, 'application/x-text'));
      expect(text).toEqual({ generated_text: expect.any(String) });
      const beams = { text_inputs: [report, report], num_beams: 3, num_return_sequences: 2, max_length: 8 };
      expect((await json(server.post(beams))).generated_texts).toHaveLength(4);
      const streamed = await server.post({ inputs: report, parameters: { max_new_tokens: 12 }, stream: true });
      expect(streamed.headers.get('content-type')).toContain('text/event-stream');
      const events = (await streamed.text())
        .split('\n\n')
        .filter((each) => each.startsWith('data:'))
        .map((each) => JSON.parse(each.slice(5)));
      expect(events.at(-1).generated_text).toBe(script.generated_texts[0]);
      expect(events.map(({ token }) => token.text).join('')).toBe(script.generated_texts[0]);
    });

    it.each([
      ['text that is not JSON', '{"inputs": ', 'application/json', 400],
      ['neither dialect', { prompt: report }, 'application/json', 400],
      ['a number for the prompt', { text_inputs: 3 }, 'application/json', 400],
      [
        'an option the dialect does not have',
        { inputs: report, parameters: { num_beams: 4 } },
        'application/json',
        400,
      ],
      [
        'options that exclude each other',
        { text_inputs: report, do_sample: true, num_beams: 4 },
        'application/json',
        422,
      ],
      ['nothing', '', 'application/json', 400],
      ['bytes of no known kind', 'x', 'application/octet-stream', 415],
      ['a bad line', `{"text_inputs": "a"}\n{"text_inputs": 3}\n`, 'application/jsonlines', 400],
    ])('answers %s with a 4xx in JSON that does not repeat the report', async (_, body, type, status) => {
      const answer = await server.post(body, type);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/json');
      const { error, error_type } = (await answer.json()) as { error: string; error_type: string };
      expect(error).toBeTypeOf('string');
      expect(error).not.toContain('heart');
      expect(error_type).toBeTypeOf('string');
      if (type === 'application/jsonlines') expect(error).toContain('line 2 of the body');
    });

    it('tells batch transform how to ask, and lets more requests wait than that', async () => {
      const told = await json(fetch(`${server.url}/execution-parameters`));
      expect(told).toEqual({ MaxConcurrentTransforms: 32, BatchStrategy: 'SINGLE_RECORD', MaxPayloadInMB: 1 });
      const asked = Array.from({ length: 40 }, () => server.post({ text_inputs: report, max_length: 4 }));
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
    });

    it('passes the image’s own health check, which a container that trains passes, too', async () => {
      process.env.SAGEMAKER_BIND_TO_PORT = new URL(server.url).port;
      await checkHealth(['node', 'main.js', 'serve']);
      process.env.SAGEMAKER_BIND_TO_PORT = '1';
      await expect(checkHealth(['node', 'main.js', 'serve'])).rejects.toThrow(/not ready/);
      await checkHealth(['node', 'main.js', 'train']);
      delete process.env.SAGEMAKER_BIND_TO_PORT;
    });

    it('answers what it had accepted when SIGTERM comes, and then ends well', async () => {
      const slow = server.post({ text_inputs: Array(24).fill(report), max_length: 128, num_beams: 4 });
      const waiting = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
      while (!/^impressionist_queue_length [1-9]/m.test(await waiting())) await new Promise(setImmediate);
      server.child.kill('SIGTERM');
      expect((await json(slow)).generated_texts).toHaveLength(24);
      expect((await server.ended).code).toBe(0);
      expect(server.output()).toContain('"event":"stopped"');
      expect(server.output()).not.toContain('heart');
      expect(server.output()).not.toMatch(/"route":"\/ping","status":200/);
    });
  });

  it('takes a batch job’s lines one at a time and many at once, and answers with a line for each in order', async () => {
    const server = await serving(root, {
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_BATCH_STRATEGY: 'MULTI_RECORD',
      SAGEMAKER_MAX_PAYLOAD_IN_MB: '6',
    });
    try {
      const examples = Array.from({ length: 600 }, (_, index) => ({
        ...example(index),
        findings: `${index} ${'x '.repeat(index % 5)}`,
      }));
      const script = transformLines(examples, prompt, 'script', { maxNewTokens: 4, beams: 1 });
      const many = await server.post(script, 'application/jsonlines');
      expect(many.status).toBe(200);
      const output = await many.text();
      expect(transformPredictions(output, examples, 'x.out')).toHaveLength(600);
      const lines = output.trim().split('\n');
      for (const index of [0, 7]) {
        const one = await server.post(script.split('\n')[index], 'application/jsonlines');
        expect((await one.text()).trim()).toBe(lines[index]);
      }
      const tgi = transformLines(examples.slice(0, 2), prompt, 'tgi', { maxNewTokens: 4, beams: 1 }).trim().split('\n');
      const each = await Promise.all(tgi.map(async (line) => (await server.post(line)).text()));
      const together = await (await server.post(tgi.join('\n'), 'application/jsonlines')).text();
      expect(together.trim().split('\n')).toEqual(each);
    } finally {
      server.child.kill('SIGKILL');
    }
  });

  it('says when there is no model to serve, and ends when it is stopped before the model is open', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'opt-ml-'));
    try {
      const without = await container(empty, 'serve', undefined, { SAGEMAKER_BIND_TO_PORT: '0' });
      expect(without.code).toBe(1);
      expect(without.output).toMatch(/impressionist: .*config\.json/);
      const wrong = await container(root, 'serve', undefined, { IMPRESSIONIST_WEIGHTS: 'int3' });
      expect(wrong.output).toMatch(/no such weights, IMPRESSIONIST_WEIGHTS, got 'int3'/);
      const early = await container(root, 'serve', /listening/, { SAGEMAKER_BIND_TO_PORT: '0' });
      expect(early.code, early.output).toBe(0);
    } finally {
      await rm(empty, { recursive: true, force: true });
    }
  });

  it('serves rounded weights when the endpoint’s environment asks for them', async () => {
    const server = await serving(root, { IMPRESSIONIST_WEIGHTS: 'int8', XDG_CACHE_HOME: join(root, 'cache') });
    try {
      expect((await json(server.post({ text_inputs: report, max_length: 4 }))).generated_texts).toHaveLength(1);
    } finally {
      server.child.kill('SIGKILL');
    }
  });
});

describe('the container with an adapter', () => {
  it('trains it over rounded weights of the channel’s model, goes on after SIGTERM, and leaves base and adapter as one model', async () => {
    const own = await mkdtemp(join(tmpdir(), 'opt-ml-'));
    const base = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));
    try {
      const adapter = { lora: 'true', 'lora-r': '2', 'lora-targets': 'q,v,o', weights: 'int8' };
      await optMl(own, { ...adapter, epochs: '2', 'batch-size': '4', accumulation: '1' }, { channels: ['model'] });
      await cp(base, join(own, 'input/data/model'), { recursive: true });
      const stopped = await container(own, 'train', /step=2 /);
      expect(stopped.code, stopped.output).toBe(0);
      const whole = await container(own, 'train');
      expect(whole.code, whole.output).toBe(0);
      expect(whole.output).toMatch(/going on after step \d+/);
      const { r, target_modules: targets } = JSON.parse(
        await readFile(join(own, 'output/data/adapter/adapter_config.json'), 'utf8'),
      );
      expect([r, [...targets].sort()]).toEqual([2, ['o', 'q', 'v']]);
      const merged = await readModel(join(own, 'model'));
      const expected = await openModel(base, { adapter: join(own, 'output/data/adapter') });
      for (const [name, { data }] of expected.weights) expect(merged.weights.get(name)!.data, name).toEqual(data);
      expect(merged.prompt.template).toBe(prompt.template);
      const plain = await readModel(base);
      const changed = [...plain.weights].filter(([name, { data }]) =>
        data.some((value, at) => value !== merged.weights.get(name)!.data[at]),
      );
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.every(([name]) => /\.[qvo]\.weight$/.test(name))).toBe(true);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  });
});

describe('its other words', () => {
  it('are told when they are wrong', async () => {
    expect((await startContainer(root, 'deploy').ended).code).toBe(2);
    await optMl(root, { model: 'tiny', epochs: '1' });
    await put(root, 'input/data/training/train.jsonl', '{"findings": "Secret findings", "impression": 3}\n');
    const failed = await container(root, 'train');
    expect(failed.code).toBe(1);
    const reason = await readFile(join(root, 'output/failure'), 'utf8');
    expect(reason).toMatch(/a line that is no example, .*train\.jsonl line 1/);
    expect(failed.output + reason).not.toContain('Secret');
  });
});
