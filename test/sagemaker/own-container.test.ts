/**
 * @file Our own container from training to deletion: the real command line and AWS's own, against the fake AWS, which hands
 * what is asked of an endpoint or a transform job to the real container, serving a model that the real container trained.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  aws,
  command,
  data,
  examples,
  folder,
  left,
  nothing,
  objects,
  prompt,
  role,
  run,
  specPath,
} from './fake/setting.js';
import { container, optMl, type Serving, serving } from './opt-ml.js';

let root: string;
let server: Serving;
const files = new Map<string, Buffer>();
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'opt-ml-'));
  await optMl(root, { model: 'tiny', epochs: '1', 'batch-size': '8' });
  const trained = await container(root, 'train');
  expect(trained.code, trained.output).toBe(0);
  for (const name of await readdir(join(root, 'model'))) files.set(name, await readFile(join(root, 'model', name)));
  server = await serving(root);
});
afterAll(async () => {
  server?.child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});
beforeEach(() => {
  aws.state.behaviour.container = server.url;
  aws.state.behaviour.artefact = () => files;
});

const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/impressionist:0.1.0';
const trainOwn = async (...more: string[]): Promise<void> => {
  const own = ['--engine', 'impressionist', '--image', image, '--set', 'model=tiny', '--prompt', prompt];
  const where = ['--s3', 's3://hospital/own', '--role', role, '--instance', 'ml.c7i.4xlarge', '--name', 'mine'];
  const { code, stderr } = await run(['train', data, ...own, ...where, '--accept-phi-upload', ...more]);
  expect(code, stderr).toBe(0);
};
const deployOwn = async (...more: string[]): Promise<void> => {
  await trainOwn();
  const { code, stderr } = await run(['deploy', 'mine', '--instance', 'ml.c7i.xlarge', '--name', 'drafts', ...more]);
  expect(code, stderr).toBe(0);
};
const short = ['--max-new-tokens', '8'];
const drafted = async (name: string) =>
  (await readFile(join(folder, name), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('our own container', () => {
  it('is deployed with the image that trained it, asked in both dialects, scored, and removed with nothing left', async () => {
    await deployOwn();
    const { PrimaryContainer, EnableNetworkIsolation } = aws.state.models.get('drafts')!.request as Record<
      string,
      unknown
    >;
    expect(PrimaryContainer).toMatchObject({
      Image: image,
      ModelDataUrl: 's3://hospital/own/mine/output/mine/output/model.tar.gz',
      Environment: { IMPRESSIONIST_PROMPT: prompt, IMPRESSIONIST_DIALECT: 'script' },
    });
    expect(EnableNetworkIsolation).toBe(true);

    const script = await run(['invoke', 'drafts', 'Lungs are clear.', '--beams', '10', ...short]);
    expect(script.code, script.stderr).toBe(0);
    const greedy = await run(['invoke', 'drafts', 'Lungs are clear.', ...short]);
    const tgi = await run(['invoke', 'drafts', 'Lungs are clear.', '--dialect', 'tgi', ...short]);
    expect(tgi.stdout, tgi.stderr).toBe(greedy.stdout);
    const streamed = await run(['invoke', 'drafts', 'Lungs are clear.', '--dialect', 'tgi', '--stream', ...short]);
    expect(streamed.stdout, streamed.stderr).toBe(greedy.stdout);
    const refused = await run(['invoke', 'drafts', 'Lungs are clear.', '--beams', '17']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/the model at the endpoint failed, drafts, got HTTP 4\d\d, validation/);
    expect(refused.stderr).not.toContain('Lungs');

    const file = await command(['generate', '--endpoint', 'drafts', '--data', data, '--out', 'at.jsonl', ...short]);
    expect(file.code, file.stderr).toBe(0);
    const local = [
      'generate',
      '--model',
      join(root, 'model'),
      '--prompt',
      prompt,
      '--data',
      data,
      '--out',
      'local.jsonl',
    ];
    const here = await command([...local, ...short]);
    expect(here.code, here.stderr).toBe(0);
    expect(await drafted('at.jsonl')).toEqual(await drafted('local.jsonl'));
    const scored = await command([
      'evaluate',
      data,
      '--endpoint',
      'drafts',
      '--dialect',
      'tgi',
      '--out',
      'scores',
      ...short,
    ]);
    expect(scored.code, scored.stderr).toBe(0);
    expect(await drafted('scores/predictions.jsonl')).toEqual(await drafted('local.jsonl'));

    expect((await run(['delete', 'drafts'])).code).toBe(0);
    expect(left()).toEqual({ ...nothing, jobs: ['mine'] });
  });

  it('drafts by batch transform in both dialects, as many lines at once as the container asks for', async () => {
    await trainOwn();
    const how = ['--instance', 'ml.c7i.xlarge', '--s3', 's3://hospital/batch', '--accept-phi-upload', ...short];
    for (const dialect of ['script', 'tgi']) {
      const out = ['--data', data, '--out', `${dialect}.jsonl`, '--name', dialect, '--dialect', dialect];
      const done = await run(['transform', 'mine', ...out, ...how]);
      expect(done.code, done.stderr).toBe(0);
    }
    expect(await drafted('script.jsonl')).toEqual(await drafted('tgi.jsonl'));
    expect((await drafted('script.jsonl')).map(({ study_id }) => study_id)).toEqual(
      examples.map(({ study_id }) => study_id),
    );
    // Nothing said of requests at once: the container's own answer decides.
    const request = aws.state.seen.find(({ operation }) => operation === 'CreateTransformJob')!.input as object;
    expect(request).not.toHaveProperty('MaxConcurrentTransforms');
    expect(left()).toEqual({ ...nothing, jobs: ['mine'] });
    expect(objects().filter((key) => key.startsWith('batch/'))).toEqual([]);
  });

  it('also serves a model directory in S3, and a model that JumpStart trained', async () => {
    const bucket = aws.state.buckets.get('hospital')!;
    for (const [name, body] of files) bucket.set(`models/own/${name}`, { body });
    const own = ['--engine', 'impressionist', '--image', image, '--instance', 'ml.c7i.xlarge'];
    const base = ['--pretrained', ...own, '--base-model', 's3://hospital/models/own', '--role', role];
    const deployed = await run(['deploy', ...base, '--prompt', prompt, '--name', 'based', '--dialect', 'tgi']);
    expect(deployed.code, deployed.stderr).toBe(0);
    expect((await run(['invoke', 'based', 'Lungs are clear.', ...short])).code).toBe(0);

    const id = ['--model-id', 'huggingface-text2text-flan-t5-base', '--instance', 'ml.p3.16xlarge'];
    const where = ['--s3', 's3://hospital/j', '--role', role, '--name', 'jumped', '--accept-phi-upload'];
    expect((await run(['train', data, ...id, ...where])).code).toBe(0);
    const other = await run(['deploy', 'jumped', ...own, '--name', 'jumped']);
    expect(other.code, other.stderr).toBe(0);
    expect((aws.state.models.get('jumped')!.request.PrimaryContainer as { Image: string }).Image).toBe(image);
  });

  it('is refused where its options contradict each other, before anything is created', async () => {
    await trainOwn();
    const host = ['--instance', 'ml.c7i.xlarge', '--name', 'x'];
    for (const [parameters, message] of [
      [['deploy', 'mine', '--engine', 'jumpstart', ...host], /JumpStart has no image for a model of our own container/],
      [['deploy', 'mine', '--model-id', 'x', ...host], /no meaning here, --model-id with our own container/],
      [['deploy', 'mine', '--base-model', 's3://hospital/x', ...host], /in the place of a trained one, --base-model/],
      [['deploy', '--pretrained', '--engine', 'impressionist', ...host], /an option is missing, --image/],
      [['deploy', '--pretrained', '--engine', 'impressionist', '--image', image, ...host], /missing, --base-model/],
      [
        [
          'train',
          data,
          '--engine',
          'impressionist',
          '--image',
          image,
          '--set',
          'lora-r=8',
          '--instance',
          'ml.c7i.xlarge',
          '--s3',
          's3://hospital/x',
          '--role',
          role,
        ],
        /this setting is for adapters, --set lora-r, got 8, add lora=true/,
      ],
    ] as const) {
      const refused = await run(parameters);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(message);
    }
    expect(left()).toEqual({ ...nothing, jobs: ['mine'] });
  });

  it('is removed when it never becomes healthy', async () => {
    await trainOwn();
    aws.state.behaviour.container = 'http://127.0.0.1:1';
    const stand = await run(['deploy', 'mine', '--instance', 'ml.c7i.xlarge', '--name', 'drafts']);
    expect(stand.code).toBe(1);
    expect(stand.stderr).toContain('did not pass the ping health check');
    expect(left()).toEqual({ ...nothing, jobs: ['mine'] });
  });
});

describe('a private hub', () => {
  const hub = ['--hub', 'hospital-hub', '--model-id', 'huggingface-text2text-flan-t5-base'];
  const where = ['--s3', 's3://hospital/h', '--role', role, '--instance', 'ml.p3.16xlarge', '--name', 'hubbed'];
  const access = {
    HubContentArn:
      'arn:aws:sagemaker:us-east-1:123456789012:hub-content/hospital-hub/ModelReference/huggingface-text2text-flan-t5-base/2.2.3',
  };

  it('gives the model and the access to its weights, in training and for the pre-trained model', async () => {
    aws.state.privateHubs.set('hospital-hub', new Map([['huggingface-text2text-flan-t5-base', 'ModelReference']]));
    const trained = await run(['train', data, ...hub, '--model-version', '2.*', ...where, '--accept-phi-upload']);
    expect(trained.code, trained.stderr).toBe(0);
    const { InputDataConfig, Tags } = aws.state.jobs.get('hubbed')!.request as {
      InputDataConfig: { ChannelName: string; DataSource: { S3DataSource: { HubAccessConfig?: unknown } } }[];
      Tags: unknown[];
    };
    const accesses = InputDataConfig.map(({ ChannelName, DataSource }) => [
      ChannelName,
      DataSource.S3DataSource.HubAccessConfig,
    ]);
    expect(accesses).toEqual([
      ['training', undefined],
      ['model', access],
      ['code', undefined],
    ]);
    expect(Tags).toContainEqual({ Key: 'sagemaker-sdk:hub-content-arn', Value: access.HubContentArn });

    const host = ['--instance', 'ml.g5.2xlarge', '--role', role];
    expect((await run(['deploy', '--pretrained', ...hub, ...host, '--name', 'plain'])).code).toBe(0);
    expect((await run(['deploy', 'hubbed', ...host, '--name', 'own'])).code).toBe(0);
    const source = (name: string) =>
      (aws.state.models.get(name)!.request.PrimaryContainer as { ModelDataSource: { S3DataSource: object } })
        .ModelDataSource.S3DataSource;
    expect(source('plain')).toMatchObject({ HubAccessConfig: access });
    expect(source('own')).not.toHaveProperty('HubAccessConfig');
  });

  it('may hold models of its own, and says what it lacks', async () => {
    aws.state.privateHubs.set('hospital-hub', new Map([['huggingface-text2text-flan-t5-base', 'Model']]));
    const shown = await run(['train', data, ...hub, ...where, '--dry-run']);
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).not.toContain('HubAccessConfig');
    const missing = await run(['train', data, '--hub', 'hospital-hub', '--model-id', 'other', ...where, '--dry-run']);
    expect(missing.stderr).toContain('the hub has no such model, other * in hospital-hub');
    const unnamed = await run(['train', data, '--hub', 'hospital-hub', ...where, '--dry-run']);
    expect(unnamed.stderr).toContain('an option is missing, --model-id');
    const both = await run(['train', data, ...hub, '--spec', specPath, ...where, '--dry-run']);
    expect(both.code).toBe(2);
  });
});

/** Debian's and AWS's own; without it these tests have nothing to run. */
const client = ((): string | undefined => {
  try {
    return execFileSync('aws', ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
})();
if (client === undefined)
  console.warn('No AWS command-line client (aws) here: the tests with it are left out. Debian: apt-get install awscli');

describe.runIf(client !== undefined)('AWS’s own command line', () => {
  const awsCli = (parameters: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)('aws', ['--endpoint-url', aws.url, '--output', 'json', ...parameters], {
      cwd: folder,
      env: { ...process.env, ...aws.environment, AWS_DEFAULT_REGION: aws.state.region, AWS_PAGER: '' },
    });
  const invoke = async (body: object | string, type = 'application/json'): Promise<string> => {
    await writeFile(join(folder, 'body'), typeof body === 'string' ? body : JSON.stringify(body));
    const what = ['--endpoint-name', 'drafts', '--content-type', type, '--body', 'fileb://body'];
    await awsCli(['sagemaker-runtime', 'invoke-endpoint', ...what, 'answer']);
    return readFile(join(folder, 'answer'), 'utf8');
  };

  it('asks our container in both dialects, by lines and by text, and is told what is wrong', async () => {
    await deployOwn();
    const {
      generated_texts: [text],
    } = JSON.parse(await invoke({ text_inputs: 'The heart is large.', max_length: 8 }));
    const tgi = await invoke({ inputs: 'The heart is large.', parameters: { max_new_tokens: 8 } });
    expect(JSON.parse(tgi)).toEqual([{ generated_text: text }]);
    const line = JSON.stringify({ id: 7, text_inputs: 'The heart is large.', max_length: 8 });
    const lines = await invoke(`${line}\n${line}\n`, 'application/jsonlines');
    expect(
      lines
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each)),
    ).toEqual([
      { id: 7, generated_texts: [text] },
      { id: 7, generated_texts: [text] },
    ]);
    expect(JSON.parse(await invoke('The heart is large.', 'application/x-text'))).toHaveProperty('generated_text');
    await expect(invoke({ nothing: true })).rejects.toThrow(/ModelError.*Received client error \(400\) from primary/s);
  });

  it('lists what there is as the fake has it', async () => {
    await deployOwn();
    const json = async (...parameters: string[]) => JSON.parse((await awsCli(parameters)).stdout);
    const { TrainingJobSummaries: jobs } = await json('sagemaker', 'list-training-jobs');
    expect(jobs).toMatchObject([{ TrainingJobName: 'mine', TrainingJobStatus: 'Completed' }]);
    const job = await json('sagemaker', 'describe-training-job', '--training-job-name', 'mine');
    expect(job).toMatchObject({ AlgorithmSpecification: { TrainingImage: image }, EnableNetworkIsolation: true });
    const { Endpoints } = await json('sagemaker', 'list-endpoints');
    expect(Endpoints).toMatchObject([{ EndpointName: 'drafts', EndpointStatus: 'InService' }]);
    const { stdout } = await awsCli(['s3', 'ls', 's3://hospital/own/mine/', '--recursive']);
    expect(stdout).toContain('own/mine/output/mine/output/model.tar.gz');
  });
});
