/**
 * @file AWS's errors as messages that say what to do. Nothing of a request's content is repeated: an error may
 * quote the text it was sent.
 */
import { Failure, systemCode } from '../../ground/failure.js';

/** The parts of an AWS error that are looked at. */
interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

const credentialErrors = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
]);
const accessErrors = new Set(['AccessDenied', 'AccessDeniedException', 'Forbidden', '403']);
const throttlingErrors = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'SlowDown',
]);

/** The name of an AWS error, or of any other. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Whether something looked for is not there. SageMaker says so with a `ValidationException`. */
export const isMissing = (error: unknown): boolean => {
  const name = errorName(error);
  if (['ResourceNotFound', 'ResourceNotFoundException', 'NoSuchKey', 'NotFound'].includes(name)) return true;
  return name === 'ValidationException' && /could not find|does not exist|not found/i.test((error as Error).message);
};

/** Whether it is AWS that asks for slowing down. */
export const isThrottling = (error: unknown): boolean => throttlingErrors.has(errorName(error));

const one = (text: string, most = 300): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
};

const advice = (error: ServiceError): { got: string; fix: string } => {
  const { name, message } = error;
  const got = `${name}: ${one(message)}`;
  if (credentialErrors.has(name)) {
    return {
      got,
      fix: 'sign in again (aws sso login, or aws configure), or choose credentials with AWS_PROFILE or --profile',
    };
  }
  if (name === 'ResourceLimitExceeded') {
    const quota = /'([^']+)'/.exec(message)?.[1];
    return {
      got,
      fix: `ask for a higher quota${quota ? ` of '${quota}'` : ''} in the Service Quotas console (Amazon SageMaker), or choose another --instance or --region; nothing is running`,
    };
  }
  if (accessErrors.has(name)) {
    return {
      got,
      fix: 'let an administrator grant that action; docs/sagemaker/ holds the least policies for you and the role',
    };
  }
  if (throttlingErrors.has(name)) {
    return { got, fix: 'AWS asks to slow down; wait a minute and run the same command again' };
  }
  if (name === 'NoSuchBucket') return { got, fix: 'create the bucket first, or correct --s3' };
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') {
    return { got, fix: 'the bucket lies in another region: choose a bucket of the job’s region, or that --region' };
  }
  if (name === 'ResourceInUse' || /already (?:exist|in use)|Cannot create already existing/i.test(message)) {
    return { got, fix: 'choose another --name, or delete the old one first' };
  }
  if (name === 'InsufficientCapacityError' || /CapacityError/.test(message)) {
    return { got, fix: 'AWS has no such machine free now: try later, another --instance, or another --region' };
  }
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'TimeoutError'].some((code) => got.includes(code))) {
    return { got, fix: 'check the network, the region and AWS_ENDPOINT_URL' };
  }
  return { got, fix: 'run again with DEBUG=impressionist for details' };
};

/**
 * An AWS error as a {@link Failure}; a Failure passes through, and so does what is no error of AWS or the network.
 *
 * @param error What was thrown.
 * @param what What could not be done, e.g. `cannot create the training job`.
 * @param where The thing it was about.
 * @example throw awsFailure(error, 'cannot create the training job', name);
 */
export const awsFailure = (error: unknown, what: string, where?: string): unknown => {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const service = error as unknown as ServiceError;
  const code = systemCode(error);
  const ofService = service.$metadata !== undefined || credentialErrors.has(error.name);
  const ofNetwork = code !== undefined || ['TimeoutError', 'AbortError'].includes(error.name);
  if (!ofService && !ofNetwork) return error;
  const named = ofService || code === undefined ? service : { name: code, message: error.message };
  return new Failure({ what, where, ...advice(named) }, { cause: error });
};

/** Runs something of AWS's and turns its errors by {@link awsFailure}. */
export const asking = async <T>(what: string, where: string | undefined, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw awsFailure(error, what, where);
  }
};
