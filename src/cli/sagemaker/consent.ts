/**
 * @file Asking before reports leave the machine. They may name a patient; the user must have the right to put them
 * there, and says so by an option or by typing "yes".
 */
import { createInterface } from 'node:readline/promises';
import { Failure } from '../../ground/failure.js';

/** What is about to be uploaded. */
export interface Upload {
  readonly reports: number;
  /** `s3://…` location. */
  readonly to: string;
  readonly region: string;
  readonly encryption: string;
}

/** The warning's text. */
export const warningText = ({ reports, to, region, encryption }: Upload): string =>
  [
    `${reports === 1 ? '1 radiology report is' : `${reports.toLocaleString('en')} radiology reports are`} about to be uploaded to ${to} (${region}, ${encryption}).`,
    'Reports are health information even when de-identified. Upload them only if your institution allows it, your AWS',
    'account is covered by its agreement with AWS (in the USA a HIPAA BAA), and the data’s own terms permit it; those',
    'of MIMIC-CXR forbid handing it to third parties.',
  ].join('\n');

/**
 * Makes sure that the user wants the upload.
 *
 * @param accepted Whether `--accept-phi-upload` was given.
 * @throws {Failure} When it was not, and nobody typed "yes".
 */
export const confirmUpload = async (upload: Upload, accepted: boolean): Promise<void> => {
  console.error(warningText(upload));
  if (accepted) return;
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      if ((await lines.question('Type yes to upload them: ')).trim().toLowerCase() === 'yes') return;
    } finally {
      lines.close();
    }
  }
  throw new Failure({
    what: 'the upload of reports was not accepted',
    where: upload.to,
    got: 'nothing was uploaded',
    fix: 'add --accept-phi-upload if you may upload them',
  });
};
