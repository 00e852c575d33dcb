import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/t5/safetensors.js';
import { torchArtefact } from './fake/artefacts.js';
import {
  aws,
  data,
  deploy,
  examples,
  folder,
  left,
  nothing,
  objects,
  prompt,
  promptOf,
  role,
  run,
  train,
  trainParameters,
} from './fake/setting.js';

describe('the whole way', () => {
  it('trains, waits, deploys, asks, pulls and removes, and leaves nothing that costs money', async () => {
    const trained = await run(
      trainParameters('--dev', data, '--set', 'epochs=3', '--price-per-hour', '28.15', '--json'),
    );
    expect(trained.code, trained.stderr).toBe(0);
    const report = JSON.parse(trained.stdout);
    expect(report).toMatchObject({ job: 'demo', status: 'Completed', billableSeconds: 3600, costUsd: 28.15 });
    expect(trained.stderr).toContain('eval-loss 1.25');
    expect(trained.stderr).toContain('loss 1.5');
    expect(trained.stderr).toContain('health information');
    expect(objects()).toEqual(
      expect.arrayContaining([
        'impressions/demo/input/training/template.json',
        'impressions/demo/input/training/train.jsonl',
        'impressions/demo/input/validation/validation.jsonl',
        'impressions/demo/impressionist-run.json',
        'impressions/demo/model-document.json',
      ]),
    );
    const lines = aws.state.buckets.get('hospital')!.get('impressions/demo/input/training/train.jsonl')!;
    expect(lines.encryption).toBe('AES256');
    expect(lines.body.toString()).not.toContain('p1');
    const pinned = await readFile(join(folder, 'runs/sagemaker/demo/model-document.json'), 'utf8');
    expect(pinned).toContain('2.2.3');

    const deployed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts', '--json']);
    expect(deployed.code, deployed.stderr).toBe(0);
    expect(JSON.parse(deployed.stdout)).toMatchObject({
      endpoint: 'drafts',
      status: 'InService',
      dialect: 'tgi',
      prompt,
    });
    const asked = await run(['invoke', 'drafts', '-', '--background', 'Cough.', '--max-new-tokens', '60'], {
      stdin: 'Lungs are clear.\n',
    });
    expect(asked.code, asked.stderr).toBe(0);
    expect(asked.stdout).toBe(`Seen: ${promptOf(0)}\n`);

    const status = await run(['status', '--price', 'ml.g5.2xlarge=1.5']);
    expect(status.code, status.stderr).toBe(0);
    expect(status.stdout).toMatch(/COSTS MONEY endpoint drafts \(InService\) on 1 ml\.g5\.2xlarge/);
    expect(status.stdout).toContain('impressionist sagemaker delete drafts');
    expect(status.stdout).toContain('training job demo (Completed)');

    const pulled = await run(['pull', 'demo', '--out', 'model']);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(JSON.parse(await readFile(join(folder, 'model/prompt.json'), 'utf8'))).toEqual({ template: prompt });

    const removed = await run(['delete', 'drafts']);
    expect(removed.code, removed.stderr).toBe(0);
    const order = aws.state.seen
      .map(({ operation }) => operation)
      .filter((operation) => operation.startsWith('Delete'));
    expect(order).toEqual(['DeleteEndpoint', 'DeleteEndpointConfig', 'DeleteModel']);
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });

    const emptied = await run(['delete', 'demo', '--data', '--model']);
    expect(emptied.code, emptied.stderr).toBe(0);
    expect(objects()).toEqual(['impressions/demo/impressionist-run.json', 'impressions/demo/model-document.json']);
  });

  it('drafts a file by batch transform in both dialects and leaves neither model nor findings behind', async () => {
    aws.state.behaviour.artefact = torchArtefact;
    await train('--compress');
    for (const [dialect, image] of [
      ['tgi', []],
      ['script', ['--image', 'x.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:1']],
    ] as const) {
      const out = join(folder, `${dialect}.jsonl`);
      const parameters = [
        'transform',
        'demo',
        '--data',
        data,
        '--out',
        out,
        '--s3',
        's3://hospital/batch',
        '--instance',
        'ml.g5.2xlarge',
      ];
      const more = dialect === 'script' ? ['--beams', '4', '--dialect', 'script'] : [];
      const done = await run([...parameters, '--accept-phi-upload', '--name', `batch-${dialect}`, ...more, ...image]);
      expect(done.code, done.stderr).toBe(0);
      const written = (await readFile(out, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(written).toEqual(
        examples.map(({ study_id }, index) => ({ study_id, impression: `Seen: ${promptOf(index)}` })),
      );
    }
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('drafts a file with an endpoint, and goes on where it broke off', async () => {
    await deploy();
    const parameters = [
      'invoke',
      'drafts',
      '--data',
      data,
      '--out',
      'drafts.jsonl',
      '--concurrency',
      '1',
      '--tries',
      '1',
    ];
    aws.state.faults.push({
      operation: 'InvokeEndpoint',
      times: 1,
      skip: 2,
      type: 'ModelError',
      status: 424,
      more: { OriginalStatusCode: 500 },
    });
    const broken = await run(parameters);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/the same command goes on from there/);
    const before = aws.state.seen.filter(({ operation }) => operation === 'InvokeEndpoint').length;
    const whole = await run([...parameters, '--json']);
    expect(whole.code, whole.stderr).toBe(0);
    expect(JSON.parse(whole.stdout)).toMatchObject({ written: 3, resumed: 2 });
    expect(aws.state.seen.filter(({ operation }) => operation === 'InvokeEndpoint').length - before).toBe(1);
    const written = (await readFile(join(folder, 'drafts.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(written.map(({ study_id }) => study_id)).toEqual(['s1', 's2', 's3']);
  });

  it('pulls a packed PyTorch model as safetensors with the same values, tied weights once', async () => {
    aws.state.behaviour.artefact = torchArtefact;
    await train('--compress');
    const pulled = await run(['pull', 'demo', '--out', 'model', '--json']);
    expect(pulled.code, pulled.stderr).toBe(0);
    const report = JSON.parse(pulled.stdout);
    expect(report).toMatchObject({ kind: 'model', converted: ['model.safetensors'] });
    expect(report.left).toEqual(expect.arrayContaining(['code/inference.py', 'training_args.bin']));
    const ours = await openSafetensors(join(folder, 'model'));
    const reference = await openSafetensors(
      new URL('../fixtures/t5/gated/model.safetensors', import.meta.url).pathname,
    );
    expect([...ours.names].sort()).toEqual([...reference.names].sort());
    for (const name of reference.names) expect(await ours.read(name)).toEqual(await reference.read(name));
    await ours.close();
    await reference.close();
  });
});

describe('models of version 1', () => {
  it('are asked with beams, flat, as AWS’s script wants it', async () => {
    const contents = aws.state.hub.get('huggingface-text2text-flan-t5-base')!;
    const document = contents
      .get('2.2.3')!
      .document.replaceAll('huggingface-pytorch-tgi-inference:2.1.1-tgi1.4.0', 'huggingface-pytorch-inference:1.13.1')
      .replace('"prompt_key": "inputs"', '"prompt_key": "text_inputs"')
      .replace('"version": "2.2.3"', '"version": "1.2.2"');
    contents.set('1.2.2', { document });
    const trained = await run(trainParameters('--model-version', '1.*'));
    expect(trained.code, trained.stderr).toBe(0);
    const deployed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'beams', '--json']);
    expect(JSON.parse(deployed.stdout), deployed.stderr).toMatchObject({ dialect: 'script' });
    const how = ['--beams', '10', '--max-new-tokens', '80', '--early-stopping', '--no-repeat-ngram', '3'];
    const asked = await run(['invoke', 'beams', 'Lungs are clear.', '--background', 'Cough.', ...how]);
    expect(asked.code, asked.stderr).toBe(0);
    expect(asked.stdout).toBe(`Seen: ${promptOf(0)}\n`);
    expect(aws.state.seen.at(-1)!.input).toEqual({
      text_inputs: promptOf(0),
      max_length: 80,
      num_return_sequences: 1,
      num_beams: 10,
      early_stopping: true,
      no_repeat_ngram_size: 3,
    });
    const streamed = await run(['invoke', 'beams', 'Lungs are clear.', '--stream']);
    expect(streamed.code).toBe(1);
    expect(streamed.stderr).toContain('no streaming');
  });
});

describe('our own container', () => {
  it('is asked for with the trainer’s own settings, isolated', async () => {
    const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/impressionist:0.1.0';
    const own = ['--engine', 'impressionist', '--image', image, '--base-model', 's3://hospital/flan-t5-base'];
    const parameters = [
      'train',
      data,
      '--s3',
      's3://hospital/own',
      '--role',
      role,
      '--instance',
      'ml.g5.xlarge',
      ...own,
    ];
    const shown = await run([...parameters, '--set', 'epochs=2', '--set', 'learning-rate=1e-4', '--dry-run']);
    expect(shown.code, shown.stderr).toBe(0);
    expect(JSON.parse(shown.stdout).CreateTrainingJob).toMatchObject({
      AlgorithmSpecification: { TrainingImage: image },
      HyperParameters: { epochs: '2', 'learning-rate': '1e-4' },
      EnableNetworkIsolation: true,
    });
    const unknown = await run([...parameters, '--set', 'batch_size=2', '--dry-run']);
    expect(unknown.stderr).toContain('did you mean batch-size');
  });
});
