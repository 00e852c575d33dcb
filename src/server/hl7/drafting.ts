/**
 * @file HL7 v2's door, shared by HTTP and MLLP: one ORU^R01 message in, the same message with its impressions out.
 */
import { Failure } from '../../ground/failure.js';
import { version } from '../../ground/version.js';
import { componentOf, fieldOf, type Hl7Message, parseMessage, serialiseMessage } from '../../reports/hl7/message.js';
import { type Hl7Report, reportsOf, withImpression } from '../../reports/hl7/report.js';
import type { Drafting, DraftOrigin } from '../drafting/drafting.js';
import { HttpFailure } from '../http/http-failure.js';
import { TEXT_MAX } from '../http/schemas.js';

/** Most reports of one message. */
const REPORTS_MAX = 16;

const refuse = (status: number, code: string, what: string, where: string, fix?: string): HttpFailure =>
  new HttpFailure({ status, code, what, where, fix });

/** Reads a message. @throws {HttpFailure} 400 `invalid_message` or `unsupported`. */
export const readMessage = (bytes: Uint8Array): Hl7Message => {
  try {
    return parseMessage(bytes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { what, where, got, fix } = error;
    throw new HttpFailure({ status: 400, code: 'invalid_message', what, where, got, fix }, { cause: error });
  }
};

/** The reports of a message that are to be drafted for. @throws {HttpFailure} When it is no ORU^R01 with findings. */
export const draftableReports = (message: Hl7Message): Hl7Report[] => {
  const { delimiters, segments } = message;
  const type = fieldOf(segments[0], 9, delimiters);
  if (componentOf(type, 1, delimiters) !== 'ORU' || componentOf(type, 2, delimiters) !== 'R01') {
    throw refuse(400, 'unsupported_message', 'only ORU^R01 is taken', 'MSH-9');
  }
  if (fieldOf(segments[0], 10, delimiters) === '') throw refuse(422, 'missing_field', 'no control id', 'MSH-10');
  let reports: Hl7Report[];
  try {
    reports = reportsOf(message).filter(({ findings }) => findings !== '');
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw refuse(422, 'missing_field', error.what, error.where ?? '', error.fix);
  }
  if (reports.length === 0) {
    throw refuse(
      422,
      'no_findings',
      'no findings',
      'OBX',
      'send them as &GDT, as LOINC 59776-5, or under a header FINDINGS',
    );
  }
  if (reports.length > REPORTS_MAX) throw refuse(422, 'too_large', 'too many reports in a message', 'OBR');
  const long = reports.some(
    ({ findings, background }) => findings.length > TEXT_MAX.findings || background.length > TEXT_MAX.background,
  );
  if (long) throw refuse(422, 'too_large', 'the report is too long', 'OBX');
  return reports;
};

/**
 * Drafts every report of a message that has findings.
 *
 * @returns The message's bytes with the impressions.
 * @throws {HttpFailure} When it cannot be read or drafted for.
 */
export const draftMessage = async (
  message: Hl7Message,
  drafting: Drafting,
  origin: DraftOrigin,
  signal: AbortSignal,
): Promise<Buffer> => {
  const reports = draftableReports(message);
  const admission = drafting.admit(reports.length);
  const answers = await Promise.all(
    reports.map(({ findings, background }) =>
      admission.draft({ findings, background }, { settings: {}, signal }, origin),
    ),
  );
  // From the last report on, so that the places of those before stay right.
  const drafted = reports
    .map((report, index) => ({ report, answer: answers[index] }))
    .reverse()
    .reduce((changed, { report, answer }) => {
      const flags =
        answer.flags.length === 0 ? '' : ` Checks: ${answer.flags.map(({ message: said }) => said).join(' ')}`;
      const note = `Impression drafted by Impressionist ${version}, model ${answer.model.name} (AIAST). Not reviewed. Draft ${answer.id}.${flags}`;
      return withImpression(changed, report, answer.impression, note);
    }, message);
  return serialiseMessage(drafted);
};
