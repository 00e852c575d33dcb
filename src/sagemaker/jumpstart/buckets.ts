/**
 * @file Where JumpStart keeps its objects: a content bucket in every region, a second one for gated weights. The
 * environment variables with which AWS's own SDK lets one point elsewhere are honoured under the same names.
 *
 * Source: sagemaker-python-sdk 2.257, `jumpstart/constants.py`, `jumpstart/artifacts/model_uris.py`.
 */
import type { Place } from './spec.js';

/** The environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The bucket of specifications, scripts and open weights. */
export const contentBucket = (region: string, environment: Environment = process.env): string =>
  environment.AWS_JUMPSTART_CONTENT_BUCKET_OVERRIDE || `jumpstart-cache-prod-${region}`;

/** The bucket of weights whose licence must be accepted. */
export const gatedBucket = (region: string, environment: Environment = process.env): string =>
  environment.AWS_JUMPSTART_GATED_CONTENT_BUCKET_OVERRIDE || `jumpstart-private-cache-prod-${region}`;

/** The URI of a training or inference script. */
export const scriptUri = (script: Place, region: string, environment: Environment = process.env): string => {
  if ('uri' in script) return script.uri;
  const bucket = environment.AWS_JUMPSTART_SCRIPT_BUCKET_OVERRIDE || contentBucket(region, environment);
  return `s3://${bucket}/${script.key}`;
};

/** The URI of weights. */
export const weightsUri = (
  weights: Place,
  region: string,
  gated: boolean,
  environment: Environment = process.env,
): string => {
  if ('uri' in weights) return weights.uri;
  const bucket =
    environment.AWS_JUMPSTART_MODEL_BUCKET_OVERRIDE ||
    (gated ? gatedBucket(region, environment) : contentBucket(region, environment));
  return `s3://${bucket}/${weights.key}`;
};
