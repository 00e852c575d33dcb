/**
 * @file The MIMIC-CXR zip and the MEDIQA 2021 split to example files: byte for byte what the official script writes
 * (github.com/abachaa/MEDIQA2021, `Task3/make_mimic_data.py`), where that script gets through.
 *
 * Two of its ways show in the result. It keeps reports by study id, so where the split names a study twice, in whatever
 * splits, the last row's report stands at every one of them. And a split without rows gets no file. Unlike it, this
 * reads only the reports that end up in a file, checks every report before it writes any file, and replaces
 * a file only by a complete one.
 */
import { basename } from 'node:path';
import { writeWhole } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import { checkOutputs } from './outputs.js';
import type { ReportBatch } from './report-batch.js';
import { ReportThreads } from './report-threads.js';
import { readSplit, SPLIT_NAMES, type SplitName, type SplitTable } from './split.js';
import { Studies } from './studies.js';
import { Zip } from './zip.js';

/** What {@link prepare} is to do. */
export interface PrepareOptions {
  /** The zip of reports, `mimic-cxr-reports.zip`. */
  readonly zip: string;
  /** The split file, a CSV with `study_id`, `subject_id`, `split`. */
  readonly split: string;
  /** The file to write for each split wanted. */
  readonly outputs: Readonly<Partial<Record<SplitName, string>>>;
  /** Leave out reports that can't be used, and list them, instead of failing at the first. Default false. */
  readonly skipInvalid?: boolean;
  /** Told how many of how many reports are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops the work; files stay as they were. */
  readonly signal?: AbortSignal;
}

/** A row of the split whose report was left out. */
export interface SkippedReport {
  readonly studyId: string;
  readonly split: SplitName;
  /** The row's line in the split file. */
  readonly line: number;
  /** The report's name in the zip. */
  readonly entry: string;
  /** Why, e.g. `the report has no findings section`. */
  readonly reason: string;
}

/** What {@link prepare} did. */
export interface PrepareSummary {
  /** Rows of the split file, in all and by split; `other` are rows of none of the three, which nothing uses. */
  readonly named: Readonly<Record<SplitName | 'total' | 'other', number>>;
  /** The files written; a split without rows has none. */
  readonly written: Readonly<Partial<Record<SplitName, { readonly file: string; readonly examples: number }>>>;
  readonly skipped: readonly SkippedReport[];
}

/**
 * Makes MEDIQA's example files out of MIMIC-CXR's reports.
 *
 * @throws {Failure} When an input or output can't be used, or a report can't and `skipInvalid` is not set: missing,
 *   damaged, encrypted, not UTF-8, without findings or impression. It names the report and its line in the split.
 * @example
 * await prepare({ zip: 'mimic-cxr-reports.zip', split: 'split.csv', outputs: { train: 'train.json', dev: 'dev.json' } });
 */
export const prepare = async (options: PrepareOptions): Promise<PrepareSummary> => {
  const targets = await checkOutputs(options.outputs, [options.zip, options.split]);
  const asked = SPLIT_NAMES.filter((split) => targets[split] !== undefined);
  const zip = await Zip.open(options.zip);
  const threads = ReportThreads.start(zip.size);
  try {
    const rows = await readSplit(options.split);
    const studies = new Studies(rows);
    await readStudies(studies, asked, zip, threads, options);
    const sorted = asked.map((split) => examplesOf(split, rows, studies, options));
    const filled = sorted.filter(({ examples }) => examples.length > 0);
    // Side by side, since each waits for the disk in the end; all are over before an error is told.
    const writing = filled.map(({ split, examples }) =>
      writeWhole(targets[split]!, listChunks(examples, studies, options.signal)),
    );
    const closing = threads.close(); // their ending takes as long as the smaller file
    const failed = (await Promise.allSettled([...writing, closing])).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    const written: PrepareSummary['written'] = Object.fromEntries(
      filled.map(({ split, examples }) => [split, { file: options.outputs[split]!, examples: examples.length }]),
    );
    return { named: countRows(rows), written, skipped: sorted.flatMap(({ skipped }) => skipped) };
  } finally {
    await threads.close();
    await zip.close();
  }
};

const countRows = ({ length, splits }: SplitTable): PrepareSummary['named'] => {
  const counts = { total: length, train: 0, dev: 0, test: 0, other: 0 };
  for (const split of splits) counts[SPLIT_NAMES[split] ?? 'other']++;
  return counts;
};

/** Finds and reads the reports of some splits; on return each is there or, with `skipInvalid`, has its fault. */
const readStudies = async (
  studies: Studies,
  asked: readonly SplitName[],
  zip: Zip,
  threads: ReportThreads,
  options: PrepareOptions,
): Promise<void> => {
  const { onProgress, signal } = options;
  const wanted = studies.inSplits(asked.map((split) => SPLIT_NAMES.indexOf(split)));
  const found = await zip.find(studies.entryNames(wanted));
  const present = Int32Array.from(found.places, (place) => wanted[place]);
  studies.setAbsent(wanted, present);
  refuseFaults(studies, options);

  let done = 0;
  onProgress?.(0, present.length);
  const receive = (batch: ReportBatch, first: number): void => {
    studies.setBatch(present.subarray(first, first + batch.ends.length), batch);
    done += batch.ends.length;
    onProgress?.(done, present.length);
  };
  await threads.read(zip.descriptor, found.packed, receive, signal).catch((error: unknown) => {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new Failure(
      { what: 'cannot read the zip', where: options.zip, got: code, fix: 'check the disk' },
      { cause: error },
    );
  });
  refuseFaults(studies, options);
};

/** Unless faults are to be skipped, throws for the first in the split's order, so that a rerun says the same. */
const refuseFaults = (studies: Studies, { zip, split, skipInvalid }: PrepareOptions): void => {
  const faulty = studies.faulty();
  if (skipInvalid || faulty.length === 0) return;
  const { what, got, fix } = studies.fault(faulty[0])!;
  const { entry, line } = studies.place(faulty[0]);
  const more = faulty.length - 1;
  throw new Failure({
    what,
    where: `${entry} in ${basename(zip)} (${basename(split)} line ${line})`,
    got,
    fix:
      more === 0 ? fix : `${fix}; ${more.toLocaleString('en')} more ${more === 1 ? 'report' : 'reports'} can't be used`,
  });
};

/** The studies of a split in its order, and the rows whose report can't be used. */
const examplesOf = (
  split: SplitName,
  rows: SplitTable,
  studies: Studies,
  options: PrepareOptions,
): { split: SplitName; examples: number[]; skipped: SkippedReport[] } => {
  const examples: number[] = [];
  const skipped: SkippedReport[] = [];
  const wanted = SPLIT_NAMES.indexOf(split);
  for (let row = 0; row < rows.length; row++) {
    if (rows.splits[row] !== wanted) continue;
    const study = studies.ofRow[row];
    const fault = studies.fault(study);
    if (fault === undefined) examples.push(study);
    else {
      const reason = fault.got === undefined ? fault.what : `${fault.what}, got ${fault.got}`;
      const { entry } = studies.place(study);
      skipped.push({ studyId: rows.studyIds.text(row), split, line: rows.lines[row], entry, reason });
    }
  }
  if (skipped.length > 0 && examples.length === 0) {
    throw new Failure({
      what: `no report of the ${split} split can be used`,
      where: options.split,
      got: `${skipped.length} left out`,
      fix: 'run without --skip-invalid to see why, and check that zip and split belong together',
    });
  }
  return { split, examples, skipped };
};

/** How many examples go to the disk with one call. */
const EXAMPLES_A_CHUNK = 2000;

/** A list as `json.dump` spells it: one line, without an end. */
function* listChunks(
  examples: readonly number[],
  studies: Studies,
  signal: AbortSignal | undefined,
): Generator<string | Uint8Array> {
  for (let from = 0; from < examples.length; from += EXAMPLES_A_CHUNK) {
    signal?.throwIfAborted();
    yield from === 0 ? '[' : '}, ';
    yield studies.examplesJson(examples.slice(from, from + EXAMPLES_A_CHUNK));
  }
  yield '}]';
}
