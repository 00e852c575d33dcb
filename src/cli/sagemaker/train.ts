/** @file `impressionist sagemaker train`: fine-tune on SageMaker, and follow the job. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { writeFailure, writeWhole } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import { version } from '../../ground/version.js';
import { readExamples } from '../../reports/dataset.js';
import { DEFAULT_PROMPT } from '../../reports/prompt.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import type { RunRecord } from '../../sagemaker/run-record.js';
import type { TrainingJob } from '../../sagemaker/training/request.js';
import type { UploadFile } from '../../sagemaker/training/start.js';
import { startProgress } from '../progress.js';
import { chosenPrompt, promptFileOption } from '../prompt.js';
import { confirmUpload } from './consent.js';
import { follow } from './follow.js';
import { interruptible, interruptOption } from './interrupt.js';
import { news, result } from './news.js';
import {
  assignment,
  count,
  positive,
  refuseUnused,
  required,
  several,
  vpcOf,
  withAccount,
  withModel,
} from './options.js';
import { modelFor, type TrainOptions } from './train-model.js';

const seconds = (hours: number | undefined): number | undefined =>
  hours === undefined ? undefined : Math.round(hours * 3600);

/** Everything that is known before anything is created. */
interface Prepared {
  readonly request: import('@aws-sdk/client-sagemaker').CreateTrainingJobCommandInput;
  readonly files: readonly UploadFile[];
  readonly record: RunRecord;
  readonly document?: ModelDocument;
  readonly reports: number;
  readonly location: string;
}

const prepare = async (clients: Clients, dataPath: string, options: TrainOptions): Promise<Prepared> => {
  const [{ parseS3, s3Uri, within }, { channelFiles }, { nameFrom }, { tagsFor }, start, requests, records] =
    await Promise.all([
      import('../../sagemaker/data/s3-uri.js'),
      import('../../sagemaker/data/channel.js'),
      import('../../sagemaker/aws/names.js'),
      import('../../sagemaker/aws/tags.js'),
      import('../../sagemaker/training/start.js'),
      import('../../sagemaker/training/request.js'),
      import('../../sagemaker/run-record.js'),
    ]);
  const prompt = (await chosenPrompt(options)) ?? DEFAULT_PROMPT;
  const location = parseS3(required(options.s3, '--s3', 's3://my-bucket/impressions'), '--s3');
  const roleArn = requests.checkRole(required(options.role, '--role', 'arn:aws:iam::123456789012:role/SageMaker'));
  const instanceType = required(options.instance, '--instance', 'ml.g5.48xlarge');
  const examples = await readExamples(dataPath);
  const dev = options.dev === undefined ? undefined : await readExamples(options.dev);

  const model = await modelFor(clients, options, instanceType);
  const name = options.name ?? nameFrom(model.nameBase);
  const places = start.jobPlaces(location, name);
  const training = channelFiles(examples, prompt, 'train.jsonl');
  const validation = dev === undefined ? [] : channelFiles(dev, prompt, 'validation.jsonl');
  const job: TrainingJob = {
    name,
    region: clients.region,
    roleArn,
    instanceType,
    trainingUri: s3Uri(places.training),
    validationUri: dev === undefined ? undefined : s3Uri(places.validation),
    outputUri: s3Uri(places.output),
    volumeGb: options.volume,
    kmsKeyId: options.kmsKey,
    volumeKmsKeyId: options.volumeKmsKey,
    maxRuntimeSeconds: seconds(options.maxHours),
    spotMaxWaitSeconds: spotWait(options),
    checkpointUri: options.checkpoints || options.spot ? s3Uri(places.checkpoints) : undefined,
    vpc: vpcOf(options),
    compressOutput: options.compress,
    retries: options.retries,
    keepAliveSeconds: options.keepAlive,
    tags: tagsFor('training', { ...model.tags, ...options.tag }),
  };
  const record: RunRecord = {
    tool: 'impressionist',
    version,
    job: name,
    engine: options.engine,
    modelId: model.document?.modelId ?? '',
    modelVersion: model.document?.version ?? '',
    image: options.engine === 'impressionist' ? (options.image ?? '') : '',
    prompt: prompt.template,
    dialect: model.dialect,
    createdAt: new Date().toISOString(),
    dataSha256: createHash('sha256').update(training[0]!.content).digest('hex'),
  };
  const beside: UploadFile[] = [
    {
      place: within(places.base, records.recordName),
      content: Buffer.from(records.serialiseRecord(record)),
    },
  ];
  if (model.document !== undefined) {
    beside.push({ place: within(places.base, records.documentName), content: Buffer.from(model.document.text) });
  }
  return {
    request: model.request(job),
    files: [
      ...training.map((file) => ({ place: within(places.training, file.name), content: file.content })),
      ...validation.map((file) => ({ place: within(places.validation, file.name), content: file.content })),
      ...beside,
    ],
    record,
    document: model.document,
    reports: examples.length + (dev?.length ?? 0),
    location: s3Uri(places.base),
  };
};

/** A spot job waits as long again as it may run, unless told. */
const spotWait = (options: TrainOptions): number | undefined => {
  if (!options.spot) {
    if (options.maxWaitHours === undefined) return undefined;
    throw new Failure({ what: 'only a spot job waits', where: '--max-wait-hours', fix: 'add --spot, or leave it out' });
  }
  if (options.maxHours === undefined) {
    throw new Failure({
      what: 'a spot job needs a limit',
      where: '--spot',
      fix: 'add --max-hours H, and --max-wait-hours for the time AWS may take to find machines',
    });
  }
  return seconds(options.maxWaitHours ?? options.maxHours * 2);
};

const saveLocally = async (folder: string, prepared: Prepared): Promise<void> => {
  const { recordName, documentName, serialiseRecord } = await import('../../sagemaker/run-record.js');
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeFailure(folder, error);
  }
  await writeWhole(join(folder, 'request.json'), `${JSON.stringify(prepared.request, undefined, 2)}\n`);
  await writeWhole(join(folder, recordName), serialiseRecord(prepared.record));
  if (prepared.document !== undefined) await writeWhole(join(folder, documentName), prepared.document.text);
};

/** What a job that exists already does not take. */
const onlyForNewJobs = [
  ...([
    'dev',
    's3',
    'instance',
    'set',
    'prompt',
    'promptFile',
    'name',
    'out',
    'baseModel',
    'dialect',
    'kmsKey',
    'volumeKmsKey',
  ] as const),
  ...(['volume', 'maxHours', 'spot', 'maxWaitHours', 'checkpoints', 'subnet', 'securityGroup', 'compress'] as const),
  ...([
    'retries',
    'keepAlive',
    'tag',
    'detach',
    'dryRun',
    'modelId',
    'modelVersion',
    'spec',
    'source',
    'hub',
    'image',
  ] as const),
] as const;

const run = async (dataPath: string | undefined, options: TrainOptions): Promise<void> => {
  const { connect } = await import('../../sagemaker/aws/clients.js');
  if (options.attach !== undefined) {
    if (dataPath !== undefined) {
      throw new Failure({ what: 'a job is either started or attached to', where: '--attach', fix: 'leave DATA out' });
    }
    refuseUnused(options, onlyForNewJobs, '--attach');
    await follow(await connect(options), options.attach, options);
    return;
  }
  const data = required(dataPath, 'DATA', 'train.json');
  const clients = await connect(options);
  const prepared = await prepare(clients, data, options);
  const { TrainingJobName: name } = prepared.request;
  if (options.dryRun) {
    const files = prepared.files.map(({ place, content }) => ({
      uri: `s3://${place.bucket}/${place.key}`,
      bytes: content.length,
    }));
    news('Nothing is created. These files would be uploaded, then this request sent:');
    console.log(JSON.stringify({ uploads: files, CreateTrainingJob: prepared.request }, undefined, 2));
    return;
  }
  const encryption = options.kmsKey === undefined ? 'encrypted with S3’s keys' : 'encrypted with your KMS key';
  await confirmUpload(
    { reports: prepared.reports, to: prepared.location, region: clients.region, encryption },
    options.acceptPhiUpload === true,
  );
  const folder = options.out ?? join('runs', 'sagemaker', name!);
  await saveLocally(folder, prepared);
  const { startTraining } = await import('../../sagemaker/training/start.js');
  const total = prepared.files.reduce((sum, { content }) => sum + content.length, 0);
  const progress = startProgress('uploading', Math.ceil(total / 1024), 'KiB');
  let arn: string;
  let interrupted = false;
  try {
    arn = await interruptible((signal) => {
      signal.addEventListener('abort', () => {
        interrupted = true;
      });
      return startTraining(
        clients,
        prepared.request,
        prepared.files,
        { kmsKeyId: options.kmsKey },
        (sent) => progress.update(Math.ceil(sent / 1024)),
        signal,
      );
    });
  } catch (error) {
    if (!interrupted || !(error instanceof Failure)) throw error;
    news(`impressionist: ${error.message}`);
    process.exitCode = 130;
    return;
  } finally {
    progress.stop();
  }
  news(`training job ${name} is created; it costs money until it ends. Its request and model document: ${folder}`);
  if (options.detach) {
    const attach = `impressionist sagemaker train --attach ${name}`;
    result(options.json, { job: name, arn, folder }, `${name}\nfollow it with: ${attach}`);
    return;
  }
  await follow(clients, name!, options);
};

/** The `sagemaker train` command. */
export const trainCommand = (): Command =>
  withModel(
    withAccount(
      new Command('train')
        .description('Fine-tune a model on SageMaker: JumpStart’s Flan-T5, or this program in its own container.')
        .argument('[DATA]', 'training examples: MEDIQA JSON, JSON Lines or CSV')
        .option('--attach <JOB>', 'follow a job that was started before'),
    )
      .option('--dev <DATA>', 'validation examples (default: the model holds a part of DATA out)')
      .option('--s3 <URI>', 'where data and results go: s3://BUCKET/PREFIX')
      .addOption(new Option('--role <ARN>', 'execution role').env('IMPRESSIONIST_SAGEMAKER_ROLE'))
      .option('--instance <TYPE>', 'machine, e.g. ml.g5.48xlarge; it decides the price')
      .option('--set <NAME=VALUE>', 'a hyperparameter; may be repeated', assignment)
      .option('--prompt <TEMPLATE>', 'prompt with {findings} and {background}; endpoints are asked with the same one')
      .addOption(promptFileOption())
      .option('--name <NAME>', 'the job’s name')
      .option('--out <DIR>', 'folder for request and document (default: runs/sagemaker/NAME)')
      .addOption(
        new Option('--engine <ENGINE>', 'what trains').choices(['jumpstart', 'impressionist']).default('jumpstart'),
      )
      .option('--base-model <URI>', 'with --engine impressionist: model directory in S3 to start from')
      .addOption(new Option('--dialect <DIALECT>', 'how its endpoints are spoken to').choices(['script', 'tgi']))
      .option('--kms-key <ID>', 'KMS key for data and results in S3')
      .option('--volume-kms-key <ID>', 'KMS key for the machine’s disk')
      .option('--volume <GB>', 'size of the machine’s disk', count)
      .option('--max-hours <H>', 'longest run', positive)
      .option('--spot', 'use cheaper machines that AWS may take away')
      .option('--max-wait-hours <H>', 'with --spot: longest wait, run included', positive)
      .option('--checkpoints', 'keep checkpoints in S3 (always with --spot)')
      .option('--subnet <ID>', 'VPC subnet; may be repeated', several)
      .option('--security-group <ID>', 'VPC security group; may be repeated', several)
      .option('--compress', 'pack the model as model.tar.gz, which batch transform needs')
      .option('--no-compress', 'leave the model as single files')
      .option('--retries <N>', 'times AWS starts again after an error of its own', count)
      .option('--keep-alive <SECONDS>', 'keep the machine for the next job; it costs money', count)
      .option('--tag <KEY=VALUE>', 'a tag; may be repeated', assignment)
      .option('--price-per-hour <USD>', 'price of the machine, to show what the job costs', positive)
      .option('--logs', 'show every line of the job’s log')
      .option('--detach', 'return when the job is created')
      .addOption(interruptOption('job'))
      .option('--dry-run', 'show the requests and create nothing')
      .option('--accept-phi-upload', 'you may upload these reports to that bucket'),
  ).action(run);
