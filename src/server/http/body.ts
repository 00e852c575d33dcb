/** @file Bodies: read as bytes by the framework, decoded and parsed here, so that no parser's message quotes them. */
import type { FastifyInstance } from 'fastify';
import { describeFault, parseJson } from '../../reports/json.js';
import { HttpFailure } from './http-failure.js';

const invalid = (what: string, got: string | undefined, fix: string): HttpFailure =>
  new HttpFailure({ status: 400, code: 'invalid_request', what, got, fix });

/** The content types that some route takes. */
const TYPES = [
  'application/json',
  'application/fhir+json',
  'application/json+fhir',
  'application/jsonlines',
  'application/x-text',
  'text/plain',
  'application/hl7-v2',
  'application/hl7-v2+er7',
  'x-application/hl7-v2+er7',
];

/** Makes the framework hand bodies over as bytes. */
export const takeBytes = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
};

/** A body as text, of UTF-8. @throws {HttpFailure} 400 when it is not UTF-8, or empty. */
export const textBody = (body: unknown): string => {
  if (!Buffer.isBuffer(body) || body.length === 0)
    throw invalid('the request has no body', undefined, 'see /openapi.json');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw invalid('the body is not UTF-8', undefined, 'send UTF-8');
  }
};

/** JSON from text. @throws {HttpFailure} 400 with the place of the fault. */
export const jsonOf = (text: string): unknown => {
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    throw invalid(
      'the body is not valid JSON',
      `${describeFault(parsed.fault)} of line ${parsed.fault.line}`,
      'send JSON',
    );
  }
  return parsed.value;
};

/** A body as JSON. */
export const jsonBody = (body: unknown): unknown => jsonOf(textBody(body));
