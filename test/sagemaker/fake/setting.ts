/**
 * @file The setting of the end-to-end tests: a fake AWS, a folder of its own for each test, the real command line.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { safeArtefact, torchArtefact } from './artefacts.js';
import { impressionist, type Run, type RunOptions } from './command.js';
import { type FakeAws, startFakeAws } from './server.js';
import { newState, type State } from './state.js';

/** The real specification. */
export const specPath = new URL('../../fixtures/sagemaker/spec-flan-t5-base-2.2.3.json', import.meta.url).pathname;
/** The prompt that is trained and asked with. */
export const prompt = 'Write the impression. Background: {background} Findings: {findings}';
/** The examples in `data`. */
export const examples = [
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
/** The prompt as the model should read it. */
export const promptOf = (index: number): string =>
  `Write the impression. Background: ${examples[index]!.background || 'none given'} Findings: ${examples[index]!.findings}`;
/** An execution role. */
export const role = 'arn:aws:iam::123456789012:role/SageMaker';

/** The fake AWS, fresh for every test. */
export let aws: FakeAws;
/** A folder of the test's own. */
export let folder: string;
/** A file of three examples in it. */
export let data: string;

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

/** Runs `impressionist sagemaker …`. */
export const run = (parameters: readonly string[], options: RunOptions = {}): Promise<Run> =>
  command(['sagemaker', ...parameters], options);

/** Runs `impressionist …`. */
export const command = (parameters: readonly string[], options: RunOptions = {}): Promise<Run> =>
  impressionist(aws, parameters, { cwd: folder, ...options });

/** Parameters of a training of a job `demo`. */
export const trainParameters = (...more: string[]): string[] => [
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
export const train = (...more: string[]): Promise<void> =>
  from(`trained ${more.join(' ')} ${aws.state.behaviour.artefact === torchArtefact}`, async () => {
    const { code, stderr } = await run(trainParameters(...more));
    expect(code, stderr).toBe(0);
  });

/** An endpoint of such a job. */
export const deploy = (): Promise<void> =>
  from('deployed', async () => {
    await train();
    const { code, stderr } = await run(['deploy', 'demo', '--instance', 'ml.g5.2xlarge', '--name', 'drafts']);
    expect(code, stderr).toBe(0);
  });

/** Names of what exists at AWS. */
export const left = () => ({
  jobs: [...aws.state.jobs.keys()],
  models: [...aws.state.models.keys()],
  configs: [...aws.state.configs.keys()],
  endpoints: [...aws.state.endpoints.keys()],
  uploads: aws.state.uploads.size,
});
/** What {@link left} gives when nothing is there. */
export const nothing = { jobs: [], models: [], configs: [], endpoints: [], uploads: 0 };
/** Keys in the user's bucket. */
export const objects = (): string[] => [...aws.state.buckets.get('hospital')!.keys()].sort();
