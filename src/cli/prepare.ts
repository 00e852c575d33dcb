/** @file `impressionist prepare`: the MIMIC-CXR zip and the MEDIQA split to example files. */
import { Command, InvalidArgumentError } from 'commander';
import { type PrepareSummary, prepare, type SkippedReport } from '../reports/prepare.js';
import { SPLIT_NAMES } from '../reports/split.js';
import { interruptible } from './interrupt.js';
import { type Progress, startProgress, thousands } from './progress.js';

interface Flags {
  trainFile?: string;
  devFile?: string;
  testFile?: string;
  skipInvalid: boolean;
  json: boolean;
}

/** A terminal gets no more lines than this about reports left out; a file or a pipe gets them all. */
const LISTED_ON_TERMINAL = 20;

const fileName = (value: string): string => {
  if (value === '') throw new InvalidArgumentError('A file name is missing.');
  return value;
};

export const prepareCommand = (): Command =>
  new Command('prepare')
    .summary('make example files from the MIMIC-CXR reports and the MEDIQA 2021 split')
    .description(
      'Make example files from the MIMIC-CXR reports and the MEDIQA 2021 split: the same bytes as the official script writes.',
    )
    .argument('<zip>', 'the reports, mimic-cxr-reports.zip')
    .argument('<split>', 'the split, a CSV file with the columns study_id, subject_id, split')
    .option('--train-file <file>', 'where to write the training examples', fileName)
    .option('--dev-file <file>', 'where to write the development examples', fileName)
    .option('--test-file <file>', 'where to write the test examples', fileName)
    .option('--skip-invalid', 'leave out reports that cannot be used and list them, instead of stopping', false)
    .option('--json', 'print a summary that programs can read', false)
    .action(async (zip: string, split: string, flags: Flags, command: Command) => {
      const outputs = { train: flags.trainFile, dev: flags.devFile, test: flags.testFile };
      if (Object.values(outputs).every((path) => path === undefined)) {
        command.error('error: no output, give at least one of --train-file, --dev-file, --test-file', { exitCode: 2 });
      }
      await interruptible(async (signal) => {
        let progress: Progress | undefined;
        const onProgress = (done: number, total: number): void => {
          progress ??= startProgress('reading reports', total, 'reports');
          progress.update(done);
        };
        let summary: PrepareSummary;
        try {
          summary = await prepare({ zip, split, outputs, skipInvalid: flags.skipInvalid, onProgress, signal });
        } finally {
          progress?.stop();
        }
        listSkipped(summary.skipped);
        console.log(flags.json ? asJson(summary) : asText(summary, split, outputs));
      }, 'every file is the old one or the new one, none half written');
    });

const counted = (count: number, noun: string): string => `${thousands(count)} ${noun}${count === 1 ? '' : 's'}`;

const asText = (summary: PrepareSummary, split: string, outputs: Record<string, string | undefined>): string => {
  const { total, other, ...bySplit } = summary.named;
  const parts = SPLIT_NAMES.map((name) => `${name} ${thousands(bySplit[name])}`);
  if (other > 0) parts.push(`in no split of these ${thousands(other)}, unused`);
  const lines = [`${split}: ${thousands(total)} studies (${parts.join(', ')})`];
  for (const name of SPLIT_NAMES) {
    if (outputs[name] === undefined) continue;
    const file = summary.written[name];
    lines.push(
      file === undefined
        ? `${name}: the split names no studies, no file written`
        : `${name}: ${counted(file.examples, 'example')} written to ${file.file}`,
    );
  }
  if (summary.skipped.length > 0) lines.push(`left out: ${counted(summary.skipped.length, 'report')}`);
  return lines.join('\n');
};

const asJson = ({ named, written, skipped }: PrepareSummary): string =>
  JSON.stringify({
    named,
    written,
    skipped: skipped.map(({ studyId, split, line, entry, reason }) => ({
      study_id: studyId,
      split,
      line,
      entry,
      reason,
    })),
  });

const listSkipped = (skipped: readonly SkippedReport[]): void => {
  const listed = process.stderr.isTTY ? skipped.slice(0, LISTED_ON_TERMINAL) : skipped;
  for (const { entry, line, reason } of listed) console.error(`left out: ${entry} (line ${line}), ${reason}`);
  if (listed.length < skipped.length) {
    console.error(`left out: ${skipped.length - listed.length} more, --json or 2> FILE lists them all`);
  }
};
