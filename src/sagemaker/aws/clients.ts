/**
 * @file The AWS clients, found as every AWS tool finds its account: the default credential chain, `AWS_PROFILE`,
 * `AWS_REGION`, the shared configuration files, `AWS_ENDPOINT_URL_*`. The SDK does that; this only gathers it.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { Failure } from '../../ground/failure.js';
import { version } from '../../ground/version.js';

/** What a user may say about the account; the rest comes from the environment. */
export interface Account {
  readonly region?: string;
  /** A profile of `~/.aws/config`. */
  readonly profile?: string;
}

/** The clients, for one region. */
export interface Clients {
  readonly region: string;
  readonly sagemaker: SageMakerClient;
  readonly runtime: SageMakerRuntimeClient;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
}

/** Tries of one request, throttling included. `AWS_MAX_ATTEMPTS` decides when it is set. */
const attempts = 8;

/**
 * Makes the clients. No request is sent.
 *
 * @param account Region and profile, if not those of the environment.
 * @throws {Failure} When no region is named anywhere, or the profile does not exist.
 * @example const { sagemaker, region } = await connect({ profile: 'radiology' });
 */
export const connect = async (account: Account = {}): Promise<Clients> => {
  const settings = {
    ...(account.region === undefined ? {} : { region: account.region }),
    ...(account.profile === undefined ? {} : { profile: account.profile }),
    ...(process.env.AWS_MAX_ATTEMPTS ? {} : { maxAttempts: attempts }),
    customUserAgent: [['impressionist', version]] as [string, string][],
  };
  // The SDK's advice on Node versions is for whoever builds this program, not for whoever runs it.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sagemaker = new SageMakerClient(settings);
  let region: string;
  try {
    region = await sagemaker.config.region();
  } catch (error) {
    throw new Failure(
      { what: 'no AWS region is set', fix: 'give --region, set AWS_REGION, or put one in your AWS profile' },
      { cause: error },
    );
  }
  // A server of one's own (a test, a gateway) has no host name for each bucket.
  const forcePathStyle = Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL);
  return {
    region,
    sagemaker,
    runtime: new SageMakerRuntimeClient({ ...settings, region }),
    s3: new S3Client({ ...settings, region, forcePathStyle }),
    logs: new CloudWatchLogsClient({ ...settings, region }),
  };
};
