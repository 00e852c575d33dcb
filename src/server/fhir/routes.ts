/**
 * @file FHIR's door: the operation `$draft-impression` on DiagnosticReport, and what the server says of itself.
 * A DiagnosticReport comes directly or as the parameter `report` of a Parameters resource.
 */
import { Failure } from '../../ground/failure.js';
import { version } from '../../ground/version.js';
import {
  type FhirObject,
  type FhirVersion,
  readDiagnosticReport,
  versionOf,
  withDraft,
} from '../../reports/fhir/diagnostic-report.js';
import { protectNumbers, stringifyLossless } from '../../reports/fhir/lossless-json.js';
import { isObject } from '../../reports/json.js';
import { jsonOf, textBody } from '../http/body.js';
import { closedSignal, originOf, type Routes } from '../http/context.js';
import { HttpFailure } from '../http/http-failure.js';
import { TEXT_MAX } from '../http/schemas.js';

const TYPE = 'application/fhir+json; charset=utf-8';
const NUMBERS: Readonly<Record<FhirVersion, string>> = { R4: '4.0.1', R5: '5.0.0' };

/** The version asked for by `fhirVersion` in a media type (https://hl7.org/fhir/http.html#version-parameter). */
const askedVersion = (mediaType: string | undefined): FhirVersion | undefined => {
  const number = /fhirVersion *= *"?(\d)\./i.exec(mediaType ?? '')?.[1];
  return number === '5' ? 'R5' : number === '4' ? 'R4' : undefined;
};

/** The report of a request's resource. */
const reportOf = (resource: unknown): FhirObject => {
  const invalid = (what: string, where: string): HttpFailure =>
    new HttpFailure({ status: 400, code: 'invalid_resource', what, where, fix: 'send a DiagnosticReport' });
  if (!isObject(resource)) throw invalid('the body is no resource', 'body');
  if (resource.resourceType === 'Parameters') {
    const parameters = Array.isArray(resource.parameter) ? resource.parameter.filter(isObject) : [];
    const report = parameters.find(({ name }) => name === 'report')?.resource;
    if (!isObject(report)) throw invalid('Parameters without a report', 'parameter:report');
    return reportOf(report);
  }
  if (resource.resourceType !== 'DiagnosticReport') throw invalid('not a DiagnosticReport', 'resourceType');
  return resource;
};

/** The texts, with a lower floor's failure in the API's words. */
const textsOf = (report: FhirObject): ReturnType<typeof readDiagnosticReport> => {
  try {
    const texts = readDiagnosticReport(report);
    for (const name of ['findings', 'background'] as const) {
      if (texts[name].length > TEXT_MAX[name]) {
        throw new HttpFailure({
          status: 422,
          code: 'too_large',
          what: `the ${name} are too long`,
          got: `${texts[name].length} characters`,
        });
      }
    }
    return texts;
  } catch (error) {
    if (error instanceof HttpFailure || !(error instanceof Failure)) throw error;
    const { what, where, fix } = error;
    throw new HttpFailure({ status: 422, code: 'no_findings', what, where, fix }, { cause: error });
  }
};

export const fhirRoutes: Routes = (app, { drafting, ledger }) => {
  const config = { scope: 'draft', errors: 'fhir' } as const;

  app.post('/fhir/DiagnosticReport/$draft-impression', { config }, async (request, reply) => {
    const report = reportOf(jsonOf(protectNumbers(textBody(request.body))));
    const { findings, background } = textsOf(report);
    const admission = drafting.admit(1);
    const origin = originOf(request, 'fhir');
    const answer = await admission.draft(
      { findings, background },
      { settings: {}, signal: closedSignal(reply) },
      origin,
    );
    ledger.remember(answer.id, { user: origin.user, findings, background, impression: answer.impression });
    const drafted = withDraft(report, {
      impression: answer.impression,
      model: answer.model,
      software: { name: 'Impressionist', version },
      draftId: answer.id,
      recorded: new Date(),
      version: askedVersion(request.headers['content-type']) ?? versionOf(report),
    });
    const warnings = answer.flags.map(({ kind, severity }) => `${kind}:${severity}`).join(',');
    return reply
      .type(TYPE)
      .header('x-impressionist-draft', answer.id)
      .header('x-impressionist-flags', warnings)
      .send(stringifyLossless(drafted));
  });

  app.get('/fhir/metadata', { config: { errors: 'fhir' } }, (request, reply) =>
    reply.type(TYPE).send(JSON.stringify(capabilities(askedVersion(request.headers.accept) ?? 'R4'))),
  );
  app.get('/fhir/OperationDefinition/draft-impression', { config: { errors: 'fhir' } }, (_request, reply) =>
    reply.type(TYPE).send(JSON.stringify(OPERATION)),
  );
};

/** When the description below last changed. */
const DATE = '2026-11-23';
const OPERATION_URL = 'OperationDefinition/draft-impression';

const capabilities = (fhirVersion: FhirVersion): object => ({
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: DATE,
  kind: 'instance',
  software: { name: 'Impressionist', version },
  implementation: { description: 'Drafts the impression of a radiology report from its findings' },
  fhirVersion: NUMBERS[fhirVersion],
  format: ['application/fhir+json'],
  rest: [
    {
      mode: 'server',
      documentation: 'One operation; nothing is stored as a resource. Drafts are preliminary and labelled AIAST.',
      security: { description: 'Bearer token, or a trusted proxy' },
      resource: [
        {
          type: 'DiagnosticReport',
          operation: [{ name: 'draft-impression', definition: OPERATION_URL }],
        },
      ],
    },
  ],
});

const OPERATION = {
  resourceType: 'OperationDefinition',
  id: 'draft-impression',
  name: 'DraftImpression',
  title: 'Draft the impression of a radiology report',
  status: 'active',
  kind: 'operation',
  date: DATE,
  affectsState: false,
  code: 'draft-impression',
  resource: ['DiagnosticReport'],
  system: false,
  type: true,
  instance: false,
  parameter: [
    { name: 'report', use: 'in', min: 1, max: '1', type: 'DiagnosticReport', documentation: 'With its findings.' },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'DiagnosticReport',
      documentation: 'With the drafted impression, preliminary.',
    },
  ],
};
