/**
 * @file Batch transform: a model, a job over one file of findings, its output, and the model removed again. Nothing
 * stays running; the input, which holds reports, is removed from S3 when the job has ended.
 *
 * Source: SageMaker API, `CreateTransformJob`.
 */
import {
  CreateModelCommand,
  type CreateModelCommandInput,
  CreateTransformJobCommand,
  type CreateTransformJobCommandInput,
  DescribeTransformJobCommand,
  type DescribeTransformJobCommandOutput,
  StopTransformJobCommand,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking, isMissing } from '../aws/errors.js';
import { checkName } from '../aws/names.js';
import { pause } from '../aws/pause.js';
import type { Tag } from '../aws/tags.js';
import { type Encryption, listObjects, readObject, removeObjects } from '../data/objects.js';
import { parseS3, type S3Place, s3Uri, within } from '../data/s3-uri.js';
import { removeModel } from '../hosting/remove.js';
import { isTarball } from '../hosting/requests.js';
import type { Dialect } from '../inference/dialect.js';
import { takesVolume } from '../jumpstart/variants.js';
import { logGroups } from '../training/logs.js';
import { uploadAll } from '../training/start.js';

/** What a transform job is. */
export interface Transform {
  readonly name: string;
  readonly modelName: string;
  readonly instanceType: string;
  readonly instanceCount: number;
  readonly input: S3Place;
  readonly output: S3Place;
  readonly dialect: Dialect;
  /** Absent: what the container says at `/execution-parameters`, else 1. */
  readonly concurrency?: number;
  readonly kmsKeyId?: string;
  readonly tags: readonly Tag[];
}

/**
 * Refuses a model that batch transform cannot read.
 *
 * @param artifactUri Where the model lies.
 * @throws {Failure} When it is a prefix of single files; the API takes tarballs only.
 */
export const checkTransformable = (artifactUri: string): void => {
  if (isTarball(artifactUri)) return;
  throw new Failure({
    what: 'batch transform takes a model only as model.tar.gz',
    where: artifactUri,
    fix: 'train with --compress, or deploy an endpoint and use sagemaker invoke --data',
  });
};

/** The `CreateTransformJob` request: one request at a time to the model, a line each. */
export const transformRequest = (transform: Transform): CreateTransformJobCommandInput => {
  checkName(transform.name, '--name');
  const whole = (value: number, option: string, most: number): void => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new Failure({
      what: 'the value is out of range',
      where: option,
      got: String(value),
      fix: `give a whole number from 1 to ${most}`,
    });
  };
  whole(transform.instanceCount, '--instances', 100);
  if (transform.concurrency !== undefined) whole(transform.concurrency, '--concurrency', 100);
  const contentType = transform.dialect === 'script' ? 'application/jsonlines' : 'application/json';
  return {
    TransformJobName: transform.name,
    ModelName: transform.modelName,
    ...(transform.concurrency === undefined ? {} : { MaxConcurrentTransforms: transform.concurrency }),
    MaxPayloadInMB: 1,
    BatchStrategy: 'SingleRecord',
    ModelClientConfig: { InvocationsTimeoutInSeconds: 600, InvocationsMaxRetries: 3 },
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: s3Uri(transform.input) } },
      ContentType: contentType,
      CompressionType: 'None',
      SplitType: 'Line',
    },
    TransformOutput: {
      S3OutputPath: s3Uri(transform.output),
      Accept: transform.dialect === 'script' ? 'text/csv' : 'application/json',
      AssembleWith: 'Line',
      ...(transform.kmsKeyId === undefined ? {} : { KmsKeyId: transform.kmsKeyId }),
    },
    TransformResources: {
      InstanceType: transform.instanceType as NonNullable<
        CreateTransformJobCommandInput['TransformResources']
      >['InstanceType'],
      InstanceCount: transform.instanceCount,
      ...(transform.kmsKeyId === undefined || !takesVolume(transform.instanceType)
        ? {}
        : { VolumeKmsKeyId: transform.kmsKeyId }),
    },
    Tags: [...transform.tags],
  };
};

/** What a transform needs beside its requests. */
export interface TransformRun {
  readonly model: CreateModelCommandInput;
  readonly job: CreateTransformJobCommandInput;
  readonly input: S3Place;
  readonly output: S3Place;
  readonly lines: string;
  readonly encryption: Encryption;
  readonly pollSeconds: number;
  /** Told every new state. */
  readonly state: (state: string) => void;
  /** Removes the output from S3 too, once it has been read. */
  readonly removeOutput: boolean;
  readonly signal?: AbortSignal;
}

const ended = new Set(['Completed', 'Failed', 'Stopped']);

const stop = async ({ sagemaker }: Pick<Clients, 'sagemaker'>, name: string): Promise<void> => {
  await sagemaker.send(new StopTransformJobCommand({ TransformJobName: name })).catch(() => undefined);
};

const waitFor = async (
  clients: Pick<Clients, 'sagemaker'>,
  name: string,
  run: TransformRun,
): Promise<DescribeTransformJobCommandOutput> => {
  let last = '';
  let stopping = false;
  for (;;) {
    const job = await asking('cannot look at the transform job', name, () =>
      clients.sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name })),
    );
    const now = job.TransformJobStatus ?? '';
    if (now !== last) run.state(now);
    last = now;
    if (ended.has(now)) return job;
    if (run.signal?.aborted && !stopping) {
      stopping = true;
      await stop(clients, name);
    }
    await pause(run.pollSeconds, stopping ? undefined : run.signal);
  }
};

/** Refuses a name that is taken: the findings uploaded for it would replace those of the other job. */
const checkNameFree = async ({ sagemaker }: Pick<Clients, 'sagemaker'>, name: string): Promise<void> => {
  const taken = await asking('cannot look for a transform job of that name', name, async () => {
    try {
      await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name }));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  });
  if (taken)
    throw new Failure({ what: 'a transform job of that name exists', where: name, fix: 'choose another --name' });
};

/**
 * Runs a transform job from upload to output.
 *
 * @returns The output's text and where it lies.
 * @throws {Failure} When it fails; the model and the uploaded input are removed in any case.
 */
export const runTransform = async (
  clients: Pick<Clients, 's3' | 'sagemaker'>,
  run: TransformRun,
): Promise<{ output: string; where: string }> => {
  const name = run.job.TransformJobName!;
  await checkNameFree(clients, name);
  const cleanUps: (() => Promise<void>)[] = [];
  let result: { output: string; where: string } | undefined;
  let error: unknown;
  try {
    const input = { place: run.input, content: Buffer.from(run.lines) };
    await uploadAll(clients, [input], run.encryption, undefined, run.signal);
    cleanUps.push(() => removeObjects(clients.s3, run.input.bucket, [run.input.key]));
    await asking('cannot create the model', run.model.ModelName, () =>
      clients.sagemaker.send(new CreateModelCommand(run.model)),
    );
    cleanUps.push(() => removeModel(clients, run.model.ModelName!));
    await asking('cannot create the transform job', name, () =>
      clients.sagemaker.send(new CreateTransformJobCommand(run.job)),
    );
    const running = cleanUps.push(() => stop(clients, name)) - 1;
    const job = await waitFor(clients, name, run);
    cleanUps.splice(running, 1);
    result = await readOutput(clients, run, job);
    const { bucket, key } = parseS3(result.where, 'the output');
    if (run.removeOutput) cleanUps.push(() => removeObjects(clients.s3, bucket, [key]));
  } catch (caught) {
    error = caught;
  }
  for (const cleanUp of cleanUps.reverse()) await cleanUp().catch((second: unknown) => (error ??= second));
  if (error !== undefined) throw error;
  return result!;
};

const readOutput = async (
  clients: Pick<Clients, 's3'>,
  run: TransformRun,
  job: DescribeTransformJobCommandOutput,
): Promise<{ output: string; where: string }> => {
  const name = job.TransformJobName ?? '';
  const log = `its log: CloudWatch, ${logGroups.transform}, ${name}`;
  if (job.TransformJobStatus !== 'Completed') {
    throw new Failure({
      what: job.TransformJobStatus === 'Stopped' ? 'the transform job was stopped' : 'the transform job failed',
      where: name,
      got: job.FailureReason,
      fix: `see ${log}; nothing of it runs any more`,
    });
  }
  const place = within(run.output, `${run.input.key.split('/').at(-1)}.out`);
  const output = await readObject(clients.s3, place);
  if (output !== undefined) return { output, where: s3Uri(place) };
  const there = await listObjects(clients.s3, run.output);
  throw new Failure({
    what: 'the transform job left no output',
    where: s3Uri(place),
    got: `${there.length} other objects`,
    fix: `see ${log}`,
  });
};
