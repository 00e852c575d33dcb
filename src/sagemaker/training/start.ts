/**
 * @file Starting a job: its data goes up, the job is created. When anything fails in between, what already lies in
 * S3 is removed again: reports must not stay behind for a job that never was.
 */
import {
  CreateTrainingJobCommand,
  type CreateTrainingJobCommandInput,
  DescribeTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking, errorName, isMissing } from '../aws/errors.js';
import { type Encryption, putObject, removeObjects } from '../data/objects.js';
import { type S3Place, within } from '../data/s3-uri.js';

/** A file to upload and where to. */
export interface UploadFile {
  readonly place: S3Place;
  readonly content: Buffer;
}

/** Where everything of a job lies below the location the user named. */
export interface JobPlaces {
  /** `PREFIX/JOB`. */
  readonly base: S3Place;
  readonly training: S3Place;
  readonly validation: S3Place;
  readonly output: S3Place;
  readonly checkpoints: S3Place;
}

/** The places of a job named `job` below `location`. */
export const jobPlaces = (location: S3Place, job: string): JobPlaces => {
  const base = within(location, job);
  return {
    base,
    training: within(base, 'input', 'training'),
    validation: within(base, 'input', 'validation'),
    output: within(base, 'output'),
    checkpoints: within(base, 'checkpoints'),
  };
};

/** What is told while files go up. */
export type UploadProgress = (sent: number, total: number) => void;

/**
 * Uploads files; on an error all of them are removed again.
 *
 * @param signal Gives up, and removes what went up.
 * @throws {Failure} When one did not arrive; says so when what had arrived could not be removed either.
 */
export const uploadAll = async (
  { s3 }: Pick<Clients, 's3'>,
  files: readonly UploadFile[],
  encryption: Encryption,
  progress?: UploadProgress,
  signal?: AbortSignal,
): Promise<void> => {
  const total = files.reduce((bytes, { content }) => bytes + content.length, 0);
  let sent = 0;
  const arrived: UploadFile[] = [];
  try {
    for (const file of files) {
      await putObject(s3, file.place, file.content, encryption, (bytes) => progress?.(sent + bytes, total), signal);
      arrived.push(file);
      sent += file.content.length;
      progress?.(sent, total);
    }
  } catch (error) {
    await removeAll({ s3 }, arrived, error);
    throw error;
  }
};

/** Removes uploaded files after `error`; when that fails too, the message says what stayed. */
export const removeAll = async (
  { s3 }: Pick<Clients, 's3'>,
  files: readonly UploadFile[],
  error: unknown,
): Promise<void> => {
  const [first] = files;
  if (first === undefined) return;
  try {
    await removeObjects(
      s3,
      first.place.bucket,
      files.map(({ place }) => place.key),
    );
  } catch {
    const parts = error instanceof Failure ? error : { what: String(error) };
    throw new Failure(
      {
        what: `${parts.what}; and what had been uploaded could not be removed`,
        where: `s3://${first.place.bucket}/${first.place.key.split('/').slice(0, -1).join('/')}`,
        got: parts instanceof Failure ? parts.got : undefined,
        fix: 'remove that folder in the S3 console: it holds report text',
      },
      { cause: error },
    );
  }
};

/** The job of a name, if there is one. */
const jobNamed = (sagemaker: Clients['sagemaker'], name: string | undefined) =>
  asking('cannot look for a training job of that name', name, async () => {
    try {
      return await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });

/**
 * Uploads a job's files and creates it. A name that is taken is refused before anything is uploaded: the files would
 * replace those of the other job.
 *
 * @param request See `jumpStartRequest`, `ownContainerRequest`.
 * @param files Its data and records.
 * @returns The job's ARN.
 * @throws {Failure} When either fails; neither job nor files exist then.
 */
export const startTraining = async (
  clients: Pick<Clients, 's3' | 'sagemaker'>,
  request: CreateTrainingJobCommandInput,
  files: readonly UploadFile[],
  encryption: Encryption,
  progress?: UploadProgress,
  signal?: AbortSignal,
): Promise<string> => {
  const name = request.TrainingJobName;
  if ((await jobNamed(clients.sagemaker, name)) !== undefined) {
    throw new Failure({
      what: 'a training job of that name exists',
      where: name,
      fix: `choose another --name, or follow it: impressionist sagemaker train --attach ${name}`,
    });
  }
  await uploadAll(clients, files, encryption, progress, signal);
  try {
    const answer = await asking('cannot create the training job', request.TrainingJobName, () =>
      clients.sagemaker.send(new CreateTrainingJobCommand(request)),
    );
    return answer.TrainingJobArn ?? '';
  } catch (error) {
    // The answer to a request may be lost and the request sent again: then the job is there, and ours.
    if (error instanceof Failure && errorName(error.cause) === 'ResourceInUse') {
      const job = await jobNamed(clients.sagemaker, name);
      if (job !== undefined) return job.TrainingJobArn ?? '';
    }
    await removeAll(clients, files, error);
    throw error;
  }
};
