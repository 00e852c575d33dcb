/**
 * @file How errors are answered: one place that decides the status and tells the reason in the style of the door.
 * Messages are made here and in {@link HttpFailure}s only, since those of parsers and libraries quote what they read.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../ground/failure.js';
import { outcomeFor } from '../fhir/outcome.js';
import { errorAck } from '../hl7/endpoint-ack.js';
import type { Log } from '../observe/log.js';
import type { ErrorBody } from '../wire.js';
import type { ErrorStyle } from './context.js';
import { HttpFailure } from './http-failure.js';

/** Fastify's own errors that a client can cause. */
const KNOWN: Readonly<Record<string, { status: number; code: string; what: string; fix?: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    code: 'too_large',
    what: 'the request is too large',
    fix: 'send fewer reports at once',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    what: 'the content type is not known',
    fix: 'see /openapi.json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'invalid_request', what: 'the body is not as long as said' },
  FST_ERR_CTP_EMPTY_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    what: 'no content type',
    fix: 'see /openapi.json',
  },
  FST_ERR_BAD_URL: { status: 400, code: 'invalid_request', what: 'not a valid URL' },
  FST_ERR_NOT_FOUND: { status: 404, code: 'not_found', what: 'no such resource', fix: 'see /openapi.json' },
};

/** Any error as one that a client may read. An unexpected one is told in the log by its kind and place, not its message. */
export const readable = (error: unknown, log: Log, requestId: string): HttpFailure => {
  if (error instanceof HttpFailure) return error;
  const code = (error as { code?: unknown })?.code;
  const known = typeof code === 'string' ? KNOWN[code] : undefined;
  if (known !== undefined) return new HttpFailure(known);
  const status = (error as { statusCode?: unknown })?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpFailure({ status, code: 'invalid_request', what: 'the request is not valid' });
  }
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  log.error('unexpected', {
    request: requestId,
    kind: error instanceof Error ? error.name : typeof error,
    code: typeof code === 'string' ? code : undefined,
    at: stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 6)
      .map((line) => line.trim())
      .join(' < '),
  });
  return new HttpFailure({
    status: 500,
    code: 'internal',
    what: 'unexpected error',
    fix: 'tell the administrator the request id',
  });
};

/** An error's body in the API's own style, which OpenAI's clients read too. */
export const errorBody = (failure: HttpFailure, requestId: string): ErrorBody => ({
  error: {
    code: failure.code,
    type:
      failure.status >= 500 ? 'server_error' : failure.status === 429 ? 'rate_limit_error' : 'invalid_request_error',
    message: failure.message,
    request_id: requestId,
    ...(failure.details === undefined ? {} : { details: failure.details }),
  },
});

/** Text Generation Inference's names for kinds of errors. */
const TGI_TYPES: Readonly<Record<number, string>> = { 422: 'validation', 429: 'overloaded', 400: 'validation' };

/** Sends an error. */
export const sendError = (request: FastifyRequest, reply: FastifyReply, failure: HttpFailure): void => {
  const style: ErrorStyle = request.routeOptions?.config?.errors ?? 'api';
  if (failure.retryAfter !== undefined) reply.header('retry-after', String(failure.retryAfter));
  if (failure.status === 401) reply.header('www-authenticate', 'Bearer realm="impressionist"');
  reply.code(failure.status);
  switch (style) {
    case 'fhir':
      void reply.type('application/fhir+json; charset=utf-8').send(JSON.stringify(outcomeFor(failure, request.id)));
      return;
    case 'tgi': {
      const error_type = TGI_TYPES[failure.status] ?? 'generation';
      void reply.type('application/json; charset=utf-8').send(JSON.stringify({ error: failure.message, error_type }));
      return;
    }
    case 'hl7':
      void reply.type('application/hl7-v2; charset=utf-8').send(errorAck(failure));
      return;
    case 'api':
      void reply.type('application/json; charset=utf-8').send(JSON.stringify(errorBody(failure, request.id)));
  }
};

/** The failure of a `Failure` of lower floors where the client's input is at fault. */
export const asUnprocessable = (error: unknown): unknown => {
  if (!(error instanceof Failure) || error instanceof HttpFailure) return error;
  const { what, where, got, fix } = error;
  return new HttpFailure({ status: 422, code: 'unprocessable', what, where, got, fix }, { cause: error });
};
