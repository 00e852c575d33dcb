/**
 * @file What goes wrong when an endpoint is asked, and what to do. A container's message may quote the text it was
 * sent, so that only messages known not to are repeated.
 *
 * Source: SageMaker runtime API, `InvokeEndpoint`; Text Generation Inference's error types.
 */
import { Failure, systemCode } from '../../ground/failure.js';
import { awsFailure, errorName } from '../aws/errors.js';

interface ModelError extends Error {
  readonly OriginalStatusCode?: number;
  readonly OriginalMessage?: string;
  readonly LogStreamArn?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const passingNames = new Set([
  'ModelNotReadyException',
  'ServiceUnavailable',
  'InternalFailure',
  'InternalDependencyException',
  'ThrottlingException',
  'TooManyRequestsException',
  'TimeoutError',
]);
const passingCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EAI_AGAIN']);

/** Whether trying again may help: the endpoint is busy, or the network hiccuped. */
export const isPassing = (error: unknown): boolean => {
  const name = errorName(error);
  if (passingNames.has(name) || passingCodes.has(systemCode(error) ?? '')) return true;
  if (name !== 'ModelError') return false;
  const status = (error as ModelError).OriginalStatusCode;
  return status === 429 || status === 502 || status === 503 || status === 504;
};

/** Text Generation Inference's own word on an error: a type, and a message about lengths and options. */
const told = (message: string | undefined): { type?: string; text?: string } => {
  try {
    const value = JSON.parse(message ?? '') as { error?: unknown; error_type?: unknown };
    const type = typeof value.error_type === 'string' ? value.error_type : undefined;
    return { type, text: type === 'validation' && typeof value.error === 'string' ? value.error : undefined };
  } catch {
    return {};
  }
};

/**
 * An error of asking an endpoint as a {@link Failure}.
 *
 * @param error What was thrown.
 * @param name The endpoint.
 * @param attempts How often it was tried.
 */
export const invocationFailure = (error: unknown, name: string, attempts: number): unknown => {
  const tries = attempts > 1 ? ` (tried ${attempts} times)` : '';
  const kind = errorName(error);
  if (kind === 'ModelError') {
    const { OriginalStatusCode: status, OriginalMessage: message, LogStreamArn: log } = error as ModelError;
    const { type, text } = told(message);
    const tooLong = text !== undefined && /tokens/.test(text);
    const got = [`HTTP ${status ?? '?'}`, type, tooLong ? text : undefined].filter(Boolean).join(', ');
    const seeLog = `see the endpoint’s log${log ? `, ${log}` : ''}`;
    const advice = tooLong
      ? 'cut such inputs with --truncate TOKENS, or deploy with --env MAX_INPUT_LENGTH=… and MAX_TOTAL_TOKENS=…'
      : status === 429 || status === 503
        ? 'the endpoint is overloaded: lower --concurrency, or deploy with more --instances'
        : status !== undefined && status < 500
          ? `the model refuses the request: check the options and --dialect; ${seeLog}`
          : seeLog;
    return new Failure(
      { what: 'the model at the endpoint failed', where: name, got: got + tries, fix: advice },
      { cause: error },
    );
  }
  if (kind === 'ValidationError' && /not found/i.test((error as Error).message)) {
    return new Failure(
      { what: 'no such endpoint', where: name, fix: 'impressionist sagemaker status lists those there are' },
      { cause: error },
    );
  }
  if (isPassing(error)) {
    return new Failure(
      {
        what: 'the endpoint does not answer',
        where: name,
        got: (kind === 'Error' ? systemCode(error) : kind) + tries,
        fix: 'lower --concurrency, or look at impressionist sagemaker status',
      },
      { cause: error },
    );
  }
  return awsFailure(error, 'cannot ask the endpoint', name);
};
