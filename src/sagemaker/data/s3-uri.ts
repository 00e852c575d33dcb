/** @file `s3://BUCKET/PREFIX`, taken apart and put together. */
import { Failure } from '../../ground/failure.js';

/** A bucket and a key or prefix in it. */
export interface S3Place {
  readonly bucket: string;
  /** Without a leading slash; a prefix of the user's is kept without a trailing one. */
  readonly key: string;
}

/**
 * Takes an S3 URI apart.
 *
 * @param uri E.g. `s3://hospital-models/impressions`.
 * @param where The option or field it stands in, for messages.
 * @throws {Failure} When it is no S3 URI, or its bucket's name cannot be one.
 */
export const parseS3 = (uri: string, where: string): S3Place => {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri);
  if (match === null) {
    throw new Failure({ what: 'not an S3 location', where, got: `'${uri}'`, fix: 'write it as s3://BUCKET/PREFIX' });
  }
  return { bucket: match[1]!, key: (match[2] ?? '').replace(/^\/+/, '') };
};

/** `s3://BUCKET/KEY`. */
export const s3Uri = ({ bucket, key }: S3Place): string => `s3://${bucket}/${key}`;

/** A place below another: `within({bucket, key: 'a'}, 'b', 'c')` is `a/b/c`. */
export const within = (place: S3Place, ...names: readonly string[]): S3Place => ({
  bucket: place.bucket,
  key: [place.key.replace(/\/+$/, ''), ...names].filter((part) => part !== '').join('/'),
});
