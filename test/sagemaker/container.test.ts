import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { readChannel } from '../../src/sagemaker/container/channel-data.js';
import { readConfiguration } from '../../src/sagemaker/container/configuration.js';
import { failureText } from '../../src/sagemaker/container/failure-file.js';
import { trainingChoice } from '../../src/sagemaker/container/hyperparameters.js';
import { type Identity, leaveRoot } from '../../src/sagemaker/container/leave-root.js';
import { metricLine } from '../../src/sagemaker/container/metric-line.js';
import { containerPaths } from '../../src/sagemaker/container/paths.js';
import { serveSettings } from '../../src/sagemaker/container/serve-settings.js';
import { example, optMl, prompt, put as putBelow } from './opt-ml.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'opt-ml-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = (name: string, content: string): Promise<void> => putBelow(root, name, content);

describe('its configuration', () => {
  const paths = () => containerPaths(root);

  it('may be missing altogether', async () => {
    expect(await readConfiguration(paths())).toEqual({
      hyperparameters: {},
      channels: [],
      host: 'algo-1',
      hosts: ['algo-1'],
    });
  });

  it('takes values of AWS’s SDK, which are JSON in text', async () => {
    await put('input/config/hyperparameters.json', '{"model": "\\"tiny\\"", "epochs": "3", "seed": 7}');
    expect((await readConfiguration(paths())).hyperparameters).toEqual({ model: 'tiny', epochs: '3', seed: '7' });
  });

  it.each([
    ['a pipe', 'inputdataconfig.json', '{"training": {"TrainingInputMode": "Pipe"}}', /channel training/],
    ['two machines', 'resourceconfig.json', '{"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}', /2 machines/],
    ['a damaged file', 'hyperparameters.json', '{"epochs": ', /not JSON/],
    ['another shape', 'hyperparameters.json', '[]', /not what SageMaker writes/],
  ])('with %s is refused', async (_, name, content, message) => {
    await put(`input/config/${name}`, content);
    await expect(readConfiguration(paths())).rejects.toThrow(message);
  });

  it('becomes a recipe, checked', () => {
    expect(
      trainingChoice(
        {
          'learning-rate': '1e-4',
          'batch-size': '4',
          minutes: '30',
          optimizer: 'adafactor',
          'checkpoint-minutes': '5',
        },
        'x',
      ),
    ).toEqual({
      model: undefined,
      threads: undefined,
      checkpointMinutes: 5,
      recipe: { learningRate: 1e-4, batchSize: 4, optimizer: 'adafactor' },
      length: { minutes: 30 },
    });
    expect(() => trainingChoice({ learning_rate: '1' }, '--set')).toThrow(/did you mean learning-rate/);
    expect(() => trainingChoice({ epochs: 'many' }, '--set')).toThrow(/--set epochs.*above 0/);
    expect(() => trainingChoice({ model: 'google/flan-t5-xl' }, '--set')).toThrow(/tiny/);
    expect(
      trainingChoice({ lora: 'true', 'lora-alpha': '16', 'lora-targets': 'q,wo', weights: 'int4' }, 'x'),
    ).toMatchObject({ lora: { alpha: 16, targets: ['q', 'wo'] }, bits: 4 });
    expect(trainingChoice({ lora: 'false' }, 'x').lora).toBeUndefined();
    for (const [values, message] of [
      [{ 'lora-r': '8' }, /--set lora-r.*add lora=true/],
      [{ weights: 'int8' }, /--set weights, got int8, add lora=true/],
      [{ lora: 'true', model: 'tiny' }, /an adapter needs a trained model/],
      [{ lora: 'true', 'lora-targets': 'query' }, /among q, k, v, o/],
      [{ lora: 'yes' }, /true or false/],
    ] as const) {
      expect(() => trainingChoice(values, '--set')).toThrow(message);
    }
  });
});

describe('its channels', () => {
  it('are read back as they were uploaded', async () => {
    await optMl(root, {}, { count: 3 });
    const { examples, prompt: read } = await readChannel(join(root, 'input/data/training'));
    expect(examples.map(({ findings }) => findings)).toEqual([0, 1, 2].map((index) => example(index).findings));
    expect(read?.template).toBe(prompt.template);
    expect(new Set(examples.map(({ subjectId }) => subjectId)).size).toBe(3);
  });

  it('are read by the names that their template has for the fields', async () => {
    await put('j/data.jsonl', '{"document": "Clear.", "Indication": "Cough.", "summary": "Normal."}\n');
    await put('j/template.json', '{"prompt": "{Indication}: {document}", "completion": " {summary}\\n"}');
    const { examples, prompt: read } = await readChannel(join(root, 'j'));
    expect(examples).toMatchObject([{ findings: 'Clear.', background: 'Cough.', impression: 'Normal.' }]);
    expect(read?.template).toBe('{background}: {findings}');
    await put('j/data.jsonl', '{"findings": "Clear.", "impression": "Normal."}\n');
    await expect(readChannel(join(root, 'j'))).rejects.toThrow(
      /no example.*line 1, write \{"document": "…", "summary"/,
    );
  });

  it('may hold MEDIQA’s files, and must hold examples', async () => {
    await put('a/train.json', JSON.stringify([{ study_id: 's', findings: 'f', impression: 'i' }]));
    expect((await readChannel(join(root, 'a'))).examples).toMatchObject([{ studyId: 's' }]);
    await mkdir(join(root, 'b'));
    await expect(readChannel(join(root, 'b'))).rejects.toThrow(/without examples/);
    await put('c/template.json', '{"prompt": "{findings}", "completion": "{other}"}');
    await expect(readChannel(join(root, 'c'))).rejects.toThrow(/completion is not the impression/);
  });
});

describe('its server', () => {
  it('becomes another user before it serves, when it may', () => {
    const became: unknown[] = [];
    const note =
      (what: string) =>
      (who: unknown): void =>
        void became.push([what, who]);
    const identity = (uid: number): Identity => ({
      getuid: () => uid,
      setgroups: note('groups'),
      setgid: note('group'),
      setuid: note('user'),
    });
    leaveRoot('node', identity(1000));
    leaveRoot(undefined, identity(0));
    expect(became).toEqual([]);
    leaveRoot('node', identity(0));
    expect(became).toEqual([
      ['groups', ['node']],
      ['group', 'node'],
      ['user', 'node'],
    ]);
    const refusing: Identity = {
      ...identity(0),
      setuid: () => {
        throw new Error('Unknown user');
      },
    };
    expect(() => leaveRoot('nobody-at-all', refusing)).toThrow(/cannot serve as this user, IMPRESSIONIST_SERVE_AS/);
  });
});

describe('its other words', () => {
  it('are metric lines, reasons and settings', () => {
    expect(metricLine({ step: 3, train_loss: 1 / 3, eval_loss: undefined, nan: Number.NaN })).toBe(
      'impressionist metric step=3 train_loss=0.3333333',
    );
    expect(failureText(new Error('quoting a report'))).toBe('unexpected Error; see the log');
    expect(failureText(new Failure({ what: 'x'.repeat(2000) }))).toHaveLength(1024);
    const plain = { port: 8080, workers: 1, weights: 'float32', maxInputTokens: 896 };
    expect(serveSettings({})).toEqual(plain);
    const batch = { SAGEMAKER_BIND_TO_PORT: '9000', SAGEMAKER_BATCH: 'true', SAGEMAKER_MODEL_SERVER_WORKERS: '2' };
    expect(serveSettings(batch)).toEqual({ ...plain, port: 9000, workers: 2, batch: { maxPayloadMb: 6 } });
    expect(serveSettings({ ...batch, SAGEMAKER_MAX_PAYLOAD_IN_MB: '0' }).batch).toEqual({ maxPayloadMb: 0 });
    expect(() => serveSettings({ SAGEMAKER_BIND_TO_PORT: 'http' })).toThrow(/SAGEMAKER_BIND_TO_PORT/);
  });
});
