/**
 * @file Objects in S3: put there encrypted, listed, fetched and removed. An upload that breaks leaves nothing: its
 * parts are given up, and whoever called removes what already stood.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { writeFailure } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';
import { asking, awsFailure, errorName } from '../aws/errors.js';
import { type S3Place, s3Uri } from './s3-uri.js';

/** How objects are encrypted at rest: with a key of the account's own, else with S3's. Never not at all. */
export interface Encryption {
  /** A KMS key's id, alias or ARN. */
  readonly kmsKeyId?: string;
}

/** Bytes of a part of a large upload; S3 takes no smaller part but the last. */
const partBytes = 8 * 1024 * 1024;

/**
 * Puts an object.
 *
 * @param s3 The client.
 * @param place Bucket and key.
 * @param content Its bytes.
 * @param encryption See {@link Encryption}.
 * @param progress Told the bytes that have arrived.
 * @param signal Gives the upload up.
 * @throws {Failure} When it did not arrive whole; nothing of it is left then.
 */
export const putObject = async (
  s3: S3Client,
  place: S3Place,
  content: Buffer,
  encryption: Encryption,
  progress?: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> => {
  const upload = new Upload({
    client: s3,
    partSize: partBytes,
    queueSize: 2,
    leavePartsOnError: false,
    params: {
      Bucket: place.bucket,
      Key: place.key,
      Body: content,
      ...(encryption.kmsKeyId === undefined
        ? { ServerSideEncryption: 'AES256' }
        : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.kmsKeyId, BucketKeyEnabled: true }),
    },
  });
  upload.on('httpUploadProgress', ({ loaded }) => progress?.(loaded ?? 0));
  const giveUp = (): void => void upload.abort();
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await upload.done();
  } catch (error) {
    if (signal?.aborted) {
      throw new Failure({
        what: 'interrupted while uploading',
        where: s3Uri(place),
        fix: 'nothing of it was left there',
      });
    }
    const known = awsFailure(error, 'cannot upload', s3Uri(place));
    if (known instanceof Failure) throw known;
    throw new Failure(
      {
        what: 'the upload broke off',
        where: s3Uri(place),
        got: systemCode(error) ?? errorName(error),
        fix: 'check the network and run the same command again; nothing of it was left there',
      },
      { cause: error },
    );
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
};

/** An object found below a prefix. */
export interface FoundObject {
  readonly key: string;
  readonly bytes: number;
}

/** All objects whose key begins with a prefix. */
export const listObjects = async (s3: S3Client, prefix: S3Place): Promise<FoundObject[]> => {
  const found: FoundObject[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await asking('cannot list the objects', s3Uri(prefix), () =>
      s3.send(new ListObjectsV2Command({ Bucket: prefix.bucket, Prefix: prefix.key, ContinuationToken })),
    );
    for (const { Key, Size } of page.Contents ?? []) found.push({ key: Key ?? '', bytes: Size ?? 0 });
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return found;
};

/**
 * Removes objects, a thousand a request.
 *
 * @throws {Failure} When one could not be removed; names how many.
 */
export const removeObjects = async (s3: S3Client, bucket: string, keys: readonly string[]): Promise<void> => {
  for (let start = 0; start < keys.length; start += 1000) {
    const some = keys.slice(start, start + 1000);
    const answer = await asking('cannot remove objects', `s3://${bucket}`, () =>
      s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: some.map((Key) => ({ Key })) } })),
    );
    const [first] = answer.Errors ?? [];
    if (first !== undefined) {
      throw new Failure({
        what: 'cannot remove objects',
        where: `s3://${bucket}/${first.Key}`,
        got: `${first.Code} for ${answer.Errors!.length} of ${some.length}`,
        fix: 'grant s3:DeleteObject, or remove them in the S3 console',
      });
    }
  }
};

/** A small object's text, or `undefined` when there is none. */
export const readObject = async (s3: S3Client, place: S3Place): Promise<string | undefined> =>
  asking('cannot read', s3Uri(place), async () => {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key: place.key }));
      return (await object.Body?.transformToString('utf8')) ?? '';
    } catch (error) {
      // Without the right to list a bucket, S3 says "denied" of a key that is not there.
      if (['NoSuchKey', 'NotFound'].includes(errorName(error))) return undefined;
      throw error;
    }
  });

/**
 * Fetches an object into a file, which appears only when it is whole.
 *
 * @param progress Told the bytes that have arrived.
 * @throws {Failure} When it is not there, or does not arrive whole.
 */
export const fetchObject = async (
  s3: S3Client,
  place: S3Place,
  path: string,
  progress?: (bytes: number) => void,
): Promise<void> => {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const object = await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key: place.key }));
    let bytes = 0;
    const body = object.Body as Readable;
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          progress?.(bytes);
          yield chunk;
        }
      },
      createWriteStream(temporary),
    );
    if (object.ContentLength !== undefined && bytes !== object.ContentLength) {
      throw new Failure({
        what: 'the download broke off',
        where: s3Uri(place),
        got: `${bytes} of ${object.ContentLength} bytes`,
        fix: 'run the same command again',
      });
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw awsFailure(writeFailure(path, error), 'cannot download', s3Uri(place));
  }
};
