/**
 * @file How much one request of SageMaker's may hold, and what batch transform is told where its job does not say.
 *
 * Source: Amazon SageMaker developer guide, "Use your own inference code with batch transform".
 */
import { REPORTS_MAX } from '../http/schemas.js';

/** Bounds of `POST /invocations`. */
export interface InvocationLimits {
  /** Longest body. */
  readonly bytes: number;
  /** Most lines of a body of JSON Lines. */
  readonly lines: number;
}

/** As everywhere in the API. */
export const API_LIMITS: InvocationLimits = { bytes: 1 << 20, lines: REPORTS_MAX };

/** AWS takes no more requests at once, and no more megabytes at once. */
const AWS_MAX = 100;

/**
 * The answer to `GET /execution-parameters`. Requests of one line each, as many at once as are drafted together, fill
 * the batch as well as long ones, end well within a request's time limit, and lose one line when they fail.
 *
 * @param concurrent Reports the server drafts at once.
 */
export const executionParameters = (concurrent: number) => ({
  MaxConcurrentTransforms: Math.max(1, Math.min(AWS_MAX, concurrent)),
  BatchStrategy: 'SINGLE_RECORD' as const,
  MaxPayloadInMB: 1,
});
