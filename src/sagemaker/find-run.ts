/**
 * @file A job this program made, found again by its name: AWS's description, and the record and document that lie
 * beside its data.
 */
import type { DescribeTrainingJobCommandOutput } from '@aws-sdk/client-sagemaker';
import { Failure } from '../ground/failure.js';
import type { Clients } from './aws/clients.js';
import { readObject } from './data/objects.js';
import { parseS3, type S3Place, s3Uri, within } from './data/s3-uri.js';
import { type ModelDocument, readDocument } from './jumpstart/document.js';
import { documentName, parseRecord, type RunRecord, recordName } from './run-record.js';
import { describeTraining } from './training/follow.js';

/** A job found again. */
export interface FoundRun {
  readonly job: DescribeTrainingJobCommandOutput;
  /** `PREFIX/JOB`; absent for a job that something else made. */
  readonly base?: S3Place;
  readonly record?: RunRecord;
  readonly document?: ModelDocument;
}

/**
 * Finds a job and what is remembered of it.
 *
 * @throws {Failure} When there is no such job, or its record is damaged.
 */
export const findRun = async (clients: Pick<Clients, 'sagemaker' | 's3'>, name: string): Promise<FoundRun> => {
  const job = await describeTraining(clients, name);
  const uri = (job.InputDataConfig ?? []).find(({ ChannelName }) => ChannelName === 'training')?.DataSource
    ?.S3DataSource?.S3Uri;
  const match = /^(s3:\/\/.+)\/input\/training\/?$/.exec(uri ?? '');
  if (match === null) return { job };
  const base = parseS3(match[1]!, `the training data of ${name}`);
  const recordPlace = within(base, recordName);
  const text = await readObject(clients.s3, recordPlace);
  if (text === undefined) return { job, base };
  const record = parseRecord(text, s3Uri(recordPlace));
  const documentPlace = within(base, documentName);
  const documentText = record.engine === 'jumpstart' ? await readObject(clients.s3, documentPlace) : undefined;
  const document =
    documentText === undefined
      ? undefined
      : readDocument(documentText, s3Uri(documentPlace), 'file', {
          modelId: record.modelId,
          version: record.modelVersion,
        });
  return { job, base, record, document };
};

/**
 * Where a finished job's model lies.
 *
 * @throws {Failure} When the job has not completed, with its reason.
 */
export const artefactOf = (job: DescribeTrainingJobCommandOutput): string => {
  const name = job.TrainingJobName ?? '';
  if (job.TrainingJobStatus !== 'Completed') {
    const failed = job.TrainingJobStatus === 'Failed';
    throw new Failure({
      what: 'the training job has no finished model',
      where: name,
      got: failed ? `Failed: ${job.FailureReason ?? 'no reason given'}` : (job.TrainingJobStatus ?? 'no state'),
      fix: failed ? 'train again' : `wait for it: impressionist sagemaker train --attach ${name}`,
    });
  }
  const uri = job.ModelArtifacts?.S3ModelArtifacts;
  if (!uri) throw new Failure({ what: 'the training job names no model', where: name, fix: 'train again' });
  return uri;
};
