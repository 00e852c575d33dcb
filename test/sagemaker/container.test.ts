import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { readModel } from '../../src/models/directory.js';
import { parsePrompt } from '../../src/reports/prompt.js';
import { readChannel } from '../../src/sagemaker/container/channel-data.js';
import { readConfiguration } from '../../src/sagemaker/container/configuration.js';
import { failureText } from '../../src/sagemaker/container/failure-file.js';
import { trainingChoice } from '../../src/sagemaker/container/hyperparameters.js';
import { metricLine } from '../../src/sagemaker/container/metric-line.js';
import { containerPaths } from '../../src/sagemaker/container/paths.js';
import { executionParameters, serveSettings } from '../../src/sagemaker/container/serve-settings.js';
import { channelFiles } from '../../src/sagemaker/data/channel.js';
import { metricFinder, ownMetrics } from '../../src/sagemaker/training/metrics.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'opt-ml-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = async (name: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(root, name, '..'), { recursive: true });
  await writeFile(join(root, name), content);
};
const prompt = parsePrompt('Impression of: {findings}');
const words = ['lungs', 'heart', 'effusion', 'clear', 'normal', 'large', 'left', 'right'];
const example = (index: number) => ({
  studyId: `${index}`,
  subjectId: `${index}`,
  findings: `The ${words[index % 8]} and ${words[(index * 3) % 8]} are ${words[(index * 5) % 8]}.`,
  impression: `${words[index % 8]}.`,
  background: '',
});
/** A folder as SageMaker makes it, with a channel as `sagemaker train` uploads it. */
const optMl = async (hyperparameters: Record<string, string>, count = 24): Promise<void> => {
  await put('input/config/hyperparameters.json', JSON.stringify(hyperparameters));
  const file = { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' };
  await put('input/config/inputdataconfig.json', JSON.stringify({ training: file, validation: file }));
  const resources = { current_host: 'algo-1', hosts: ['algo-1'], network_interface_name: 'eth0' };
  await put('input/config/resourceconfig.json', JSON.stringify(resources));
  const examples = Array.from({ length: count }, (_, index) => example(index));
  for (const { name, content } of channelFiles(examples, prompt, 'train.jsonl')) {
    await put(`input/data/training/${name}`, content);
  }
  for (const { name, content } of channelFiles(examples.slice(0, 4), prompt, 'validation.jsonl')) {
    await put(`input/data/validation/${name}`, content);
  }
};

const entry = fileURLToPath(new URL('../../dist/sagemaker/container/main.js', import.meta.url));

/** Runs the entry point as SageMaker does; sends SIGTERM once a line comes. */
const container = (command: string, terminateAt?: RegExp): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, command], {
      env: { PATH: process.env.PATH, IMPRESSIONIST_ML_ROOT: root },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let sent = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (!sent && terminateAt?.test(output)) {
          sent = true;
          child.kill('SIGTERM');
        }
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });

describe('the container', () => {
  it('trains from /opt/ml, is stopped by SIGTERM, goes on from its checkpoint, and leaves a model with its prompt', async () => {
    await optMl({ model: 'tiny', epochs: '3', 'batch-size': '4', sagemaker_region: '"us-east-1"' });
    const stopped = await container('train', /step=3 /);
    expect(stopped.code, stopped.output).toBe(0);
    expect(stopped.output).toMatch(/stopped after step \d+; the checkpoint is written/);
    const step = Number(/stopped after step (\d+)/.exec(stopped.output)![1]);
    expect(await readdir(join(root, 'checkpoints/checkpoints'))).not.toEqual([]);

    const whole = await container('train');
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

  it('says why it failed where SageMaker looks, without report text', async () => {
    await optMl({ model: 'tiny', epochs: '1' });
    await put('input/data/training/train.jsonl', '{"findings": "Secret findings", "impression": 3}\n');
    const failed = await container('train');
    expect(failed.code).toBe(1);
    const reason = await readFile(join(root, 'output/failure'), 'utf8');
    expect(reason).toMatch(/a line that is no example, .*train\.jsonl line 1/);
    expect(failed.output + reason).not.toContain('Secret');
    expect((await container('deploy')).code).toBe(2);
  });
});

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
  });
});

describe('its channels', () => {
  it('are read back as they were uploaded', async () => {
    await optMl({}, 3);
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

describe('its other words', () => {
  it('are metric lines, reasons and settings', () => {
    expect(metricLine({ step: 3, train_loss: 1 / 3, eval_loss: undefined, nan: Number.NaN })).toBe(
      'impressionist metric step=3 train_loss=0.3333333',
    );
    expect(failureText(new Error('quoting a report'))).toBe('unexpected Error; see the log');
    expect(failureText(new Failure({ what: 'x'.repeat(2000) }))).toHaveLength(1024);
    expect(serveSettings({})).toEqual({ port: 8080 });
    expect(
      serveSettings({
        SAGEMAKER_BIND_TO_PORT: '9000',
        SAGEMAKER_BATCH: 'true',
        SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
      }),
    ).toEqual({ port: 9000, batch: { strategy: 'SINGLE_RECORD', maxPayloadMb: 6, maxConcurrent: 1 } });
    expect(() => serveSettings({ SAGEMAKER_BIND_TO_PORT: 'http' })).toThrow(/SAGEMAKER_BIND_TO_PORT/);
    expect(executionParameters(2).MaxConcurrentTransforms).toBe(2);
  });
});
