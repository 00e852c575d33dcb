/** @file The OpenAPI 3.1 document, made from the schemas that the input is checked with. */
import { z } from 'zod';
import { version } from '../../ground/version.js';
import { scriptSchema, tgiSchema } from '../dialects/schemas.js';
import type { Routes } from './context.js';
import { checkSchema, completionsSchema, feedbackSchema, impressionsSchema, parseSchema } from './schemas.js';

const jsonSchema = (schema: z.ZodType): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

const span = {
  type: ['object', 'null'],
  properties: { start: { type: 'integer' }, end: { type: 'integer' }, text: { type: 'string' } },
  description: 'Offsets in UTF-16 units of the given text.',
};
const flag = {
  type: 'object',
  properties: {
    kind: { type: 'string' },
    severity: { enum: ['hard', 'soft'] },
    impression: span,
    findings: span,
    message: { type: 'string' },
  },
};
const flags = { type: 'array', items: { $ref: '#/components/schemas/Flag' } };
const draft = {
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    impression: { type: 'string' },
    borrowed_from: {
      type: 'string',
      description:
        'Study of a similar report whose own impression this is, taken whole instead of a draft: another patient’s text, to be read as such.',
    },
    alternatives: {
      type: 'array',
      items: {
        type: 'object',
        properties: { impression: { type: 'string' }, flags, borrowed_from: { type: 'string' } },
        required: ['impression', 'flags'],
      },
    },
    flags,
    leaned_on: {
      type: 'array',
      items: { type: 'string' },
      description:
        'Studies of the similar reports that the model leaned on, the most similar first; for a model trained with --retrieve.',
    },
    truncated: { type: 'boolean' },
    cut_tokens: { type: 'integer' },
    model: { type: 'object', properties: { name: { type: 'string' }, fingerprint: { type: 'string' } } },
    timings: { type: 'object', properties: { queued_ms: { type: 'integer' }, draft_ms: { type: 'integer' } } },
  },
  required: ['id', 'impression', 'alternatives', 'flags', 'truncated', 'cut_tokens', 'model', 'timings'],
};
const error = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        code: { type: 'string' },
        type: { type: 'string' },
        message: { type: 'string' },
        request_id: { type: 'string' },
        details: { type: 'array', items: { type: 'object' } },
      },
    },
  },
};

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object): object => ({ 'application/json': { schema } });
const ERRORS: Readonly<Record<string, string>> = {
  400: 'The request is not valid.',
  401: 'No valid credentials.',
  403: 'The token has not the scope, or a page of another origin asked.',
  413: 'The request is too large.',
  415: 'The content type is not known.',
  422: 'The report cannot be drafted for.',
  429: 'Too many requests; see Retry-After.',
  503: 'Not ready, shutting down, timed out, or the audit log cannot be written; see Retry-After.',
};
const errors = (told: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(told).map(([status, description]) => [status, { description, content: json(ref('Error')) }]),
  );
const responses = (ok: object): object => ({ 200: ok, ...errors(ERRORS) });
const open = { security: [] };
const operation = (summary: string, body: object | undefined, answer: object, more: object = {}): object => ({
  summary,
  ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
  responses: responses(answer),
  ...more,
});
const answers = (description: string, content: object = json({ type: 'object' })): object => ({ description, content });
const HL7 = { 'application/hl7-v2': { schema: { type: 'string' } } };
const FHIR = { 'application/fhir+json': { schema: { type: 'object' } } };

/** The document. */
export const openApiDocument = (): object => ({
  openapi: '3.1.0',
  info: {
    title: 'Impressionist',
    version,
    description:
      'Drafts the impression of a radiology report from its findings. Drafts are to be reviewed by a radiologist.',
  },
  security: [{ bearer: [] }],
  paths: {
    '/v1/impressions': {
      post: operation('Draft impressions', json(jsonSchema(impressionsSchema)), {
        description:
          'A draft, or `results` in the order of `reports`. With `stream`: events `text` {index, text}, `draft`, `error`, `end`.',
        content: {
          'application/json': {
            schema: {
              anyOf: [
                ref('Draft'),
                {
                  type: 'object',
                  properties: { results: { type: 'array', items: { anyOf: [ref('Draft'), ref('Error')] } } },
                },
              ],
            },
          },
          'text/event-stream': { schema: { type: 'string' } },
        },
      }),
    },
    '/v1/check': {
      post: operation(
        'Compare an impression with its findings',
        json(jsonSchema(checkSchema)),
        answers('Flags.', json({ type: 'object', properties: { flags } })),
      ),
    },
    '/v1/parse': {
      post: operation('Take a whole report apart', json(jsonSchema(parseSchema)), answers('Its sections.')),
    },
    '/v1/feedback': {
      post: operation('Record what became of a draft', json(jsonSchema(feedbackSchema)), answers('Recorded.'), {
        responses: {
          201: answers('Taken; `recorded` says whether there is an audit log.'),
          ...errors({
            ...ERRORS,
            404: 'No such draft of this user in the last hours.',
            409: 'The text has hard flags that were not acknowledged.',
          }),
        },
      }),
    },
    '/v1/server': { get: operation('About the server', undefined, answers('Version, model, user.')) },
    '/v1/model': { get: operation('The model, its card and its run', undefined, answers('The model.')) },
    '/v1/evaluations': { get: operation('Evaluation reports', undefined, answers('Evaluations.')) },
    '/v1/models': { get: operation('Models, as OpenAI lists them', undefined, answers('A list of one.')) },
    '/v1/completions': {
      post: operation('Complete a prompt, as OpenAI', json(jsonSchema(completionsSchema)), answers('A completion.')),
    },
    '/invocations': {
      post: operation(
        'SageMaker’s invocation, in both dialects',
        {
          'application/json': { schema: { anyOf: [jsonSchema(scriptSchema), jsonSchema(tgiSchema)] } },
          'application/jsonlines': { schema: { type: 'string' } },
          'application/x-text': { schema: { type: 'string' } },
        },
        answers('In the dialect of the request.'),
      ),
    },
    '/ping': { get: operation('SageMaker’s health check', undefined, { description: 'Ready.' }, open) },
    '/execution-parameters': {
      get: operation('How batch transform should ask', undefined, answers('Requests at once, their kind.'), open),
    },
    '/fhir/DiagnosticReport/$draft-impression': {
      post: operation('Draft into a DiagnosticReport, R4 or R5', FHIR, answers('The report with its draft.', FHIR)),
    },
    '/fhir/metadata': { get: operation('CapabilityStatement', undefined, answers('The statement.', FHIR), open) },
    '/fhir/OperationDefinition/draft-impression': {
      get: operation('OperationDefinition', undefined, answers('The definition.', FHIR), open),
    },
    '/hl7': {
      post: operation('Draft into an ORU^R01', HL7, answers('The message with its draft; errors are ACKs.', HL7)),
    },
    '/healthz': { get: operation('Whether the process answers', undefined, answers('It does.'), open) },
    '/readyz': { get: operation('Whether drafts are taken', undefined, answers('They are.'), open) },
    '/metrics': {
      get: operation('Prometheus metrics', undefined, {
        description: 'Text format.',
        content: { 'text/plain': { schema: { type: 'string' } } },
      }),
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: { Draft: draft, Flag: flag, Error: error },
  },
});

export const openApiRoutes: Routes = (app) => {
  const document = JSON.stringify(openApiDocument());
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
};
