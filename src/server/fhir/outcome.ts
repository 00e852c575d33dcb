/** @file Errors as FHIR tells them: an OperationOutcome (https://hl7.org/fhir/operationoutcome.html). */
import type { HttpFailure } from '../http/http-failure.js';

/** Issue types (https://hl7.org/fhir/valueset-issue-type.html) for the API's codes, then for statuses. */
const BY_CODE: Readonly<Record<string, string>> = {
  timeout: 'timeout',
  queue_full: 'throttled',
  rate_limited: 'throttled',
  too_large: 'too-long',
  unsupported_media_type: 'not-supported',
  unsupported: 'not-supported',
  no_findings: 'required',
  invalid_resource: 'structure',
};
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'login',
  403: 'forbidden',
  404: 'not-found',
  422: 'processing',
  429: 'throttled',
  500: 'exception',
  503: 'transient',
};

/** An OperationOutcome for an error. */
export const outcomeFor = (failure: HttpFailure, requestId: string): object => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code: BY_CODE[failure.code] ?? BY_STATUS[failure.status] ?? 'processing',
      details: { text: failure.message },
      diagnostics: `${failure.code}, request ${requestId}`,
    },
  ],
});
