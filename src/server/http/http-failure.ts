/** @file The error of the HTTP layer: a {@link Failure} with a status and a code that programs can tell apart. */
import { Failure, type FailureParts } from '../../ground/failure.js';

/** What is added to the parts of a {@link Failure}. */
export interface HttpFailureParts extends FailureParts {
  readonly status: number;
  /** For programs; one of the codes in docs/server.md. */
  readonly code: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  readonly details?: readonly { readonly at: string; readonly problem: string }[];
}

/**
 * An error that a client is meant to read.
 *
 * @example throw new HttpFailure({ status: 429, code: 'queue_full', what: 'too many drafts are waiting', retryAfter: 1 });
 */
export class HttpFailure extends Failure {
  readonly status: number;
  readonly code: string;
  readonly retryAfter?: number;
  readonly details?: readonly { readonly at: string; readonly problem: string }[];

  constructor(parts: HttpFailureParts, options?: ErrorOptions) {
    super(parts, options);
    this.name = 'HttpFailure';
    this.status = parts.status;
    this.code = parts.code;
    this.retryAfter = parts.retryAfter;
    this.details = parts.details;
  }
}
