/** @file Which acknowledgement an error of the HTTP layer is. */
import { randomUUID } from 'node:crypto';
import { type AckCode, acknowledge } from '../../reports/hl7/acknowledgement.js';
import type { Hl7Message } from '../../reports/hl7/message.js';
import type { HttpFailure } from '../http/http-failure.js';

/** A control id of our own; HL7 v2.5.1 allows 20 characters. */
export const controlId = (): string => randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase();

/** Table 0357's code for an error. */
const CODES: Readonly<Record<string, number>> = {
  unsupported_message: 200,
  missing_field: 101,
  no_findings: 101,
  invalid_message: 100,
};

/** An HL7-specific error that rejects the message for what it is, not for what it says. */
export const REJECTING: ReadonlySet<string> = new Set(['unsupported_message', 'invalid_message', 'unsupported']);

/**
 * The acknowledgement of a failure: AE where the content is at fault; AR where the message is not for us, or where the
 * server cannot take any now and it may be sent again.
 */
export const errorAck = (failure: HttpFailure, message?: Hl7Message): Buffer => {
  const rejected = failure.status !== 422 || REJECTING.has(failure.code);
  const code: AckCode = rejected ? 'AR' : 'AE';
  return acknowledge(message, code, controlId(), { code: CODES[failure.code] ?? 207, text: failure.message });
};
