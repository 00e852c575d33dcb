import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/t5/safetensors.js';
import { safeArtefact, torchArtefact } from './fake/artefacts.js';
import { type Run, type RunOptions, sagemaker } from './fake/command.js';
import { type FakeAws, startFakeAws } from './fake/server.js';
import { newState, type State } from './fake/state.js';

const specPath = new URL('../fixtures/sagemaker/spec-flan-t5-base-2.2.3.json', import.meta.url).pathname;
const prompt = 'Write the impression. Background: {background} Findings: {findings}';
const examples = [
  {
    study_id: 's1',
    subject_id: 'p1',
    findings: 'Lungs are clear.',
    impression: 'No acute process.',
    background: 'Cough.',
  },
  { study_id: 's2', subject_id: 'p2', findings: "Left 'effusion'.", impression: 'Small effusion.', background: '' },
  { study_id: 's3', subject_id: 'p3', findings: 'Heart is large.', impression: 'Cardiomegaly.', background: '' },
];
const promptOf = (index: number): string =>
  `Write the impression. Background: ${examples[index]!.background || 'none given'} Findings: ${examples[index]!.findings}`;
const role = 'arn:aws:iam::123456789012:role/SageMaker';

let aws: FakeAws;
let folder: string;
let data: string;

beforeAll(async () => {
  aws = await startFakeAws();
});
afterAll(() => aws.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sagemaker-'));
  data = join(folder, 'train.json');
  await writeFile(data, JSON.stringify(examples));
  Object.assign(aws.state, newState());
  aws.state.behaviour.artefact = safeArtefact;
  aws.state.behaviour.answer = (text) => `Seen: ${text}`;
  // Without line breaks, as the hub has it; parsing and writing it again would change the spelling of its numbers.
  const document = (await readFile(specPath, 'utf8')).replace(/\n\s*/g, '');
  aws.state.hub.set('huggingface-text2text-flan-t5-base', new Map([['2.2.3', { document }]]));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (parameters: readonly string[], options: RunOptions = {}): Promise<Run> =>
  sagemaker(aws, parameters, { cwd: folder, ...options });

const trainParameters = (...more: string[]): string[] => [
  'train',
  data,
  ...['--model-id', 'huggingface-text2text-flan-t5-base', '--s3', 's3://hospital/impressions', '--role', role],
  ...['--instance', 'ml.p3.16xlarge', '--prompt', prompt, '--accept-phi-upload', '--name', 'demo'],
  ...more,
];

type Snapshot = Pick<State, 'buckets' | 'jobs' | 'models' | 'configs' | 'endpoints'>;
const snapshots = new Map<string, Snapshot>();
const snapshot = ({ buckets, jobs, models, configs, endpoints }: Snapshot): Snapshot =>
  structuredClone({ buckets, jobs, models, configs, endpoints });

/** Brings AWS into a state that commands made once; every test starts from a copy of its own. */
const from = async (name: string, make: () => Promise<void>): Promise<void> => {
  const known = snapshots.get(name);
  if (known === undefined) {
    await make();
    snapshots.set(name, snapshot(aws.state));
  } else {
    Object.assign(aws.state, snapshot(known));
    // A cloned Buffer is a plain Uint8Array.
    for (const bucket of aws.state.buckets.values()) {
      for (const [key, object] of bucket) bucket.set(key, { ...object, body: Buffer.from(object.body) });
    }
  }
};

/** A job that has ended well, for what comes after it. */
const train = (...more: string[]): Promise<void> =>
  from(`trained ${more.join(' ')} ${aws.state.behaviour.artefact === torchArtefact}`, async () => {
    const { code, stderr } = await run(trainParameters(...more));
    expect(code, stderr).toBe(0);
  });

/** An endpoint of such a job. */
const deploy = (): Promise<void> =>
  from('deployed', async () => {
    await train();
    const { code, stderr } = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(code, stderr).toBe(0);
  });

/** Names of what exists at AWS. */
const left = () => ({
  jobs: [...aws.state.jobs.keys()],
  models: [...aws.state.models.keys()],
  configs: [...aws.state.configs.keys()],
  endpoints: [...aws.state.endpoints.keys()],
  uploads: aws.state.uploads.size,
});
const nothing = { jobs: [], models: [], configs: [], endpoints: [], uploads: 0 };
const objects = (): string[] => [...aws.state.buckets.get('hospital')!.keys()].sort();

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

describe('what goes wrong', () => {
  it('shows the requests and creates nothing in a dry run', async () => {
    const shown = await run(trainParameters('--dry-run').filter((word) => word !== '--accept-phi-upload'));
    expect(shown.code, shown.stderr).toBe(0);
    expect(JSON.parse(shown.stdout).CreateTrainingJob.TrainingJobName).toBe('demo');
    expect(left()).toEqual(nothing);
    expect(objects()).toEqual([]);
    expect(shown.stdout).not.toContain('Lungs are clear');
  });

  it('uploads no report that nobody accepted', async () => {
    const refused = await run(trainParameters().filter((word) => word !== '--accept-phi-upload'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--accept-phi-upload');
    expect(objects()).toEqual([]);
  });

  it('refuses a name that is taken, and leaves the other job’s files as they are', async () => {
    await train();
    const before = aws.state.buckets
      .get('hospital')!
      .get('impressions/demo/input/training/train.jsonl')!
      .body.toString();
    await writeFile(data, JSON.stringify(examples.slice(0, 1)));
    const refused = await run(trainParameters());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/a training job of that name exists, demo, choose another --name/);
    const after = aws.state.buckets
      .get('hospital')!
      .get('impressions/demo/input/training/train.jsonl')!
      .body.toString();
    expect(after).toBe(before);
  });

  it('goes on with its job when AWS’s answer to the request for it is lost', async () => {
    aws.state.faults.push({ operation: 'CreateTrainingJob', times: 1, lost: true });
    const done = await run(trainParameters());
    expect(done.code, done.stderr).toBe(0);
    expect(left().jobs).toEqual(['demo']);
  });

  it('waits out throttling', async () => {
    aws.state.faults.push({
      operation: 'CreateTrainingJob',
      times: 2,
      type: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    aws.state.faults.push({
      operation: 'DescribeTrainingJob',
      times: 1,
      type: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    const { code, stderr } = await run(trainParameters());
    expect(code, stderr).toBe(0);
    expect(left().jobs).toEqual(['demo']);
  });

  it('removes the uploaded reports when the quota does not allow the job, and names the quota', async () => {
    const message = "The account-level service limit 'ml.p3.16xlarge for training job usage' is 0 Instances";
    aws.state.faults.push({ operation: 'CreateTrainingJob', times: 9, type: 'ResourceLimitExceeded', message });
    const refused = await run(trainParameters());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("higher quota of 'ml.p3.16xlarge for training job usage'");
    expect(objects()).toEqual([]);
    expect(left()).toEqual(nothing);
  });

  it('tells why a job failed and what to do', async () => {
    aws.state.behaviour.training = 'fails';
    const failed = await run(trainParameters());
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /the training job failed, demo, got AlgorithmError: out of memory .*lower --set batch_size/,
    );
  });

  it('follows a spot job through its interruption and tells what it saved', async () => {
    aws.state.behaviour.training = 'interrupted';
    const done = await run(trainParameters('--spot', '--max-hours', '10'));
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toContain('Interrupted: Training job interrupted');
    expect(done.stdout).toContain('Spot saved 70 %');
  });

  it('removes an endpoint that never becomes healthy', async () => {
    await train();
    aws.state.behaviour.endpoint = 'never healthy';
    const failed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('did not pass the ping health check');
    expect(failed.stderr).toContain('/aws/sagemaker/Endpoints/drafts');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
  });

  it('removes model and configuration when the endpoint cannot be created', async () => {
    await train();
    aws.state.faults.push({ operation: 'CreateEndpoint', times: 9, type: 'ResourceLimitExceeded', message: 'limit' });
    const failed = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Service Quotas');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
  });

  it('streams a text, and says so when the stream breaks in the middle', async () => {
    await deploy();
    aws.state.behaviour.answer = () => 'Kein Erguß – Größe des Herzens unverändert.';
    const whole = await run(['invoke', 'drafts', 'Lungs are clear.', '--stream']);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toBe('Kein Erguß – Größe des Herzens unverändert.\n');
    for (const stream of ['broken', 'error event'] as const) {
      aws.state.behaviour.stream = stream;
      const broken = await run(['invoke', 'drafts', 'Lungs are clear.', '--stream']);
      expect(broken.code).toBe(1);
      expect(broken.stderr).toMatch(
        /the stream broke off, drafts, got .* after \d+ letters, what was shown is not complete/,
      );
      expect(broken.stderr).not.toContain('Lungs');
    }
  });

  it('leaves nothing of an upload that is cut off', async () => {
    const long = 'Clear. '.repeat(40_000);
    await writeFile(
      data,
      JSON.stringify(Array.from({ length: 60 }, (_, i) => ({ study_id: `${i}`, findings: long, impression: 'x' }))),
    );
    aws.state.faults.push({ operation: 'UploadPart', times: 99, skip: 1, cut: true });
    const cut = await run(trainParameters(), { environment: { AWS_MAX_ATTEMPTS: '2' } });
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(/cannot upload|the upload broke off/);
    expect(objects()).toEqual([]);
    expect(left()).toEqual(nothing);

    aws.state.faults.length = 0;
    aws.state.faults.push({ operation: 'UploadPart', times: 1, cut: true });
    const again = await run(trainParameters('--kms-key', 'alias/reports', '--detach'));
    expect(again.code, again.stderr).toBe(0);
    const stored = aws.state.buckets.get('hospital')!.get('impressions/demo/input/training/train.jsonl')!;
    expect(stored).toMatchObject({ encryption: 'aws:kms', kmsKey: 'alias/reports' });
    expect(stored.body.toString().trim().split('\n')).toHaveLength(60);
  });

  it('leaves the job running on Ctrl-C, or stops it, and can be attached again', async () => {
    aws.state.behaviour.training = 'endless';
    const signalAt = { text: 'eval-loss 1.25', signal: 'SIGINT' } as const;
    const leaving = await run(trainParameters(), { signalAt });
    expect(leaving.code).toBe(130);
    expect(leaving.stderr).toContain('impressionist sagemaker train --attach demo');
    expect(aws.state.jobs.get('demo')!.stopping).toBeUndefined();

    const stopping = await run(['train', '--attach', 'demo', '--on-interrupt', 'stop'], { signalAt });
    expect(stopping.code).toBe(130);
    expect(aws.state.jobs.get('demo')!.stopping).toBe(true);
    const confused = await run(['train', '--attach', 'demo', '--spot']);
    expect(confused.stderr).toContain('no meaning here, --spot with --attach');
    const ended = await run(['train', '--attach', 'demo']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('stopped before it had a model');
  });

  it('asks a busy endpoint again, and does not repeat report text in an error', async () => {
    await deploy();
    aws.state.faults.push({ operation: 'InvokeEndpoint', times: 1, type: 'ModelNotReadyException', status: 429 });
    const patient = await run(['invoke', 'drafts', 'Lungs are clear.']);
    expect(patient.code, patient.stderr).toBe(0);
    const message = 'Traceback: could not handle Lungs are clear.';
    aws.state.faults.push({
      operation: 'InvokeEndpoint',
      times: 1,
      type: 'ModelError',
      status: 424,
      more: { OriginalStatusCode: 500, OriginalMessage: message },
    });
    const failed = await run(['invoke', 'drafts', 'Lungs are clear.']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('HTTP 500');
    expect(failed.stderr).not.toContain('Lungs');
    const long = await run(['invoke', 'drafts', 'word '.repeat(1000)]);
    expect(long.stderr).toContain('--truncate');
    const beams = await run(['invoke', 'drafts', 'Lungs are clear.', '--beams', '10']);
    expect(beams.code).toBe(1);
    expect(beams.stderr).toContain('no beam search');
  });

  it('refuses batch transform of a model that is not packed, before anything is created', async () => {
    await train();
    const refused = await run([
      'transform',
      'demo',
      '--data',
      data,
      '--out',
      'x.jsonl',
      '--s3',
      's3://hospital/batch',
      '--instance',
      'ml.g5.2xlarge',
      '--accept-phi-upload',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('train with --compress');
    expect(left().models).toEqual([]);
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('cleans up after a transform job that failed', async () => {
    aws.state.behaviour.transform = 'fails';
    await train('--compress');
    const failed = await run([
      'transform',
      'demo',
      '--data',
      data,
      '--out',
      'x.jsonl',
      '--s3',
      's3://hospital/batch',
      '--instance',
      'ml.g5.2xlarge',
      '--accept-phi-upload',
    ]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('the transform job failed');
    expect(left()).toEqual({ ...nothing, jobs: ['demo'] });
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('removes only what it made, and everything of that with --all', async () => {
    await deploy();
    await run([
      'deploy',
      '--pretrained',
      '--model-id',
      'huggingface-text2text-flan-t5-base',
      '--instance',
      'ml.g5.2xlarge',
      '--role',
      role,
      '--name',
      'foreign',
    ]);
    for (const kind of ['models', 'configs', 'endpoints'] as const) aws.state[kind].get('foreign')!.tags = [];
    const refused = await run(['delete', 'foreign']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('not made by this program');
    const rehearsed = await run(['delete', '--all', '--dry-run']);
    expect(rehearsed.stdout).toContain('endpoint drafts');
    expect(left().endpoints).toEqual(['drafts', 'foreign']);
    const all = await run(['delete', '--all']);
    expect(all.code, all.stderr).toBe(0);
    expect(left()).toEqual({
      ...nothing,
      jobs: ['demo'],
      models: ['foreign'],
      configs: ['foreign'],
      endpoints: ['foreign'],
    });
  });

  it('says what it may not list instead of passing it over', async () => {
    await train();
    aws.state.faults.push({
      operation: 'ListEndpoints',
      times: 9,
      type: 'AccessDeniedException',
      message: 'not authorized',
    });
    const partial = await run(['status', '--json']);
    expect(partial.code).toBe(1);
    const report = JSON.parse(partial.stdout);
    expect(report.unknown).toMatchObject([{ kind: 'endpoint' }]);
    expect(report.things).toMatchObject([{ kind: 'training job', name: 'demo' }]);
  });

  it.each([
    ['a missing model', ['--model-id', 'huggingface-text2text-flan-t9'], /the public hub has no such model/],
    ['an unlisted machine', ['--instance', 'ml.g4dn.xlarge'], /does not list this instance type.*ml\.g5\.48xlarge/],
    ['an unknown hyperparameter', ['--set', 'epoch=3'], /did you mean epochs/],
    ['a value out of bounds', ['--set', 'epochs=0'], /give at least 1/],
    ['a bad role', ['--role', 'SageMaker'], /not the ARN of a role/],
    ['the document of another model', ['--spec', specPath, '--model-version', '2.2.7'], /of another model.*2\.2\.3/],
    ['an option that has no meaning', ['--base-model', 's3://hospital/x'], /JumpStart brings its own base model/],
    ['a bucket that is not there', ['--s3', 's3://elsewhere/x'], /NoSuchBucket.*create the bucket/],
  ])('refuses %s before anything is created', async (_, more, message) => {
    const refused = await run(trainParameters(...more));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(message);
    expect(left()).toEqual(nothing);
    expect(objects()).toEqual([]);
  });
});
