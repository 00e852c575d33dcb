/** @file Training jobs of the fake AWS: what AWS would refuse, what JumpStart's script would stumble over, how a job goes. */
import { gzipSync } from 'node:zlib';
import { advance, get, invalid, objectsBelow, type Request, seconds } from './resources.js';
import { AwsError, type Resource, type State } from './state.js';
import { tarball } from './tarball.js';

/** What AWS checks of a training job beyond its shapes, and what JumpStart's script would stumble over. */
export const checkTraining = (state: State, request: Request): void => {
  const { InputDataConfig, ResourceConfig, StoppingCondition, AlgorithmSpecification } = request;
  if (state.jobs.has(request.TrainingJobName)) {
    throw new AwsError('ResourceInUse', 'Training job names must be unique within an AWS account and region.');
  }
  if (
    request.EnableManagedSpotTraining &&
    !(StoppingCondition.MaxWaitTimeInSeconds >= StoppingCondition.MaxRuntimeInSeconds)
  ) {
    invalid('Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds');
  }
  if (!request.EnableManagedSpotTraining && StoppingCondition.MaxWaitTimeInSeconds !== undefined) invalid('no spot');
  if (StoppingCondition.MaxRuntimeInSeconds > 2419200) invalid('MaxRuntimeInSeconds');
  if (ResourceConfig.VolumeKmsKeyId && /\.(?:g5|g6|p5|p4d|p3dn|g4dn)/.test(ResourceConfig.InstanceType))
    invalid('VolumeKmsKeyId');
  const region = /\.ecr\.([a-z0-9-]+)\./.exec(AlgorithmSpecification.TrainingImage)?.[1];
  if (region !== state.region) invalid(`image of region ${region}`);
  const channels = new Map<string, string>(
    InputDataConfig.map((channel: Request) => [channel.ChannelName, channel.DataSource.S3DataSource.S3Uri]),
  );
  const names = [...channels.keys()];
  if (new Set(names).size < names.length) invalid('duplicate channel');
  for (const [name, uri] of channels) {
    if (!['training', 'validation'].includes(name)) continue;
    const files = objectsBelow(state, uri);
    const lines = [...files].filter(([key]) => key.endsWith('.jsonl'));
    if (lines.length === 0) invalid(`no objects under S3 URL "${uri}"`);
    const template = [...files].find(([key]) => key.endsWith('/template.json'));
    if (template === undefined) continue;
    const { prompt, completion } = JSON.parse(template[1].toString()) as { prompt: string; completion: string };
    for (const line of lines[0]![1].toString().trim().split('\n')) {
      const fields = JSON.parse(line) as Record<string, unknown>;
      for (const [, field] of `${prompt} ${completion}`.replace(/\{\{|\}\}/g, '').matchAll(/\{(\w+)\}/g)) {
        if (typeof fields[field!] !== 'string') invalid(`template field ${field} is not in the line`);
      }
    }
  }
  const { sagemaker_submit_directory: directory } = request.HyperParameters;
  if (directory !== undefined) {
    const inside = String(JSON.parse(directory)).startsWith('/opt/ml');
    if (request.EnableNetworkIsolation !== inside || inside !== channels.has('code'))
      invalid('the script is out of reach');
  }
};

export const trainingStates: Readonly<Record<State['behaviour']['training'], string[]>> = {
  completes: ['Starting', 'Downloading', 'Training', 'Training', 'Uploading', 'Completed'],
  fails: ['Starting', 'Training', 'Failed'],
  interrupted: ['Starting', 'Training', 'Interrupted', 'Starting', 'Training', 'Uploading', 'Completed'],
  endless: ['Starting', ...Array<string>(100_000).fill('Training')],
};

const log = (state: State, group: string, stream: string, ...lines: string[]): void => {
  const streams = state.logs.get(group) ?? new Map<string, string[]>();
  state.logs.set(group, streams);
  streams.set(stream, [...(streams.get(stream) ?? []), ...lines]);
};

/** Writes a finished model where its job says. */
const finish = (state: State, job: Resource): string => {
  const { S3OutputPath, CompressionType } = (job.request as Request).OutputDataConfig;
  const [, bucketName, prefix] = /^s3:\/\/([^/]+)\/(.*)$/.exec(S3OutputPath)!;
  const base = `${prefix}${job.request.TrainingJobName}/output/`;
  const bucket = state.buckets.get(bucketName!)!;
  const files = state.behaviour.artefact();
  if (CompressionType === 'NONE') {
    for (const [name, body] of files) bucket.set(`${base}model/${name}`, { body });
    return `s3://${bucketName}/${base}model/`;
  }
  bucket.set(`${base}model.tar.gz`, { body: gzipSync(tarball(files)) });
  return `s3://${bucketName}/${base}model.tar.gz`;
};

const messages: Readonly<Record<string, string>> = {
  Starting: 'Starting the training job',
  Training: 'Training image download completed. Training in progress.',
  Interrupted: 'Training job interrupted: the spot capacity was taken back',
  Uploading: 'Uploading generated training model',
};

export const describeTraining = (state: State, { TrainingJobName: name }: Request) => {
  const job = get(state, 'jobs', name);
  const before = job.past.length;
  const status = advance(job);
  if (job.past.length > before) {
    job.times = [...((job.times as number[] | undefined) ?? []), seconds()];
    if (status === 'Training') {
      job.startedAt ??= seconds() - 600;
      const step = job.past.filter((past) => past === 'Training').length;
      if (step <= 2) {
        const lines = [
          `some other line of step ${step}`,
          `{'loss': ${3 - step}.5, 'learning_rate': 0.0001, 'epoch': ${step}.0}`,
          `{'eval_loss': ${3 - step}.25, 'epoch': ${step}.0}`,
        ];
        log(state, '/aws/sagemaker/TrainingJobs', `${name}/algo-1-1700000000`, ...lines);
      }
    }
    if (status === 'Completed') job.artefact = finish(state, job);
    if (status === 'Failed') job.reason = state.behaviour.trainingReason;
  }
  const ended = ['Completed', 'Failed', 'Stopped'].includes(status);
  const main = ended ? status : job.stopping ? 'Stopping' : 'InProgress';
  const { Tags: _, ...request } = job.request;
  const times = (job.times as number[] | undefined) ?? [];
  const distinct = job.past
    .map((past, index) => ({ Status: past, StartTime: times[index], StatusMessage: messages[past] ?? past }))
    .filter((step, index, all) => step.Status !== all[index - 1]?.Status);
  return {
    ...request,
    TrainingJobArn: job.arn,
    TrainingJobStatus: main,
    SecondaryStatus: status,
    ...(job.artefact === undefined ? {} : { ModelArtifacts: { S3ModelArtifacts: job.artefact } }),
    CreationTime: job.createdAt,
    SecondaryStatusTransitions: distinct,
    ...(job.startedAt === undefined ? {} : { TrainingStartTime: job.startedAt }),
    ...(job.reason === undefined ? {} : { FailureReason: job.reason }),
    ...(ended
      ? {
          TrainingEndTime: seconds(),
          TrainingTimeInSeconds: 3600,
          BillableTimeInSeconds: request.EnableManagedSpotTraining ? 1080 : 3600,
        }
      : {}),
    ...(status === 'Completed'
      ? { FinalMetricDataList: [{ MetricName: 'huggingface-text2text:eval-loss', Value: 1.25, Timestamp: seconds() }] }
      : {}),
  };
};
