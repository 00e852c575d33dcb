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
import { jsonString } from './python.js';
import type { ReportBatch } from './report-batch.js';
import { ReportThreads } from './report-threads.js';
import { readSplit, SPLIT_NAMES, type SplitName, type SplitRow } from './split.js';
import { Zip } from './zip.js';
import type { EntryFault } from './zip-entries.js';

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

/** A report that the split names, with the last row that names it. */
interface NamedReport {
  row: SplitRow;
  /** Whether a file is written that it belongs in. */
  wanted: boolean;
  /** The JSON of what was taken from it: a stretch of its batch's; empty until it is read and when it can't be used. */
  texts: Buffer;
  start: number;
  end: number;
  fault: EntryFault | undefined;
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
    const { reports, byRow } = namedReports(rows, asked);
    const wanted = reports.filter((report) => report.wanted);
    await readWanted(wanted, zip, threads, options);
    const sorted = asked.map((split) => examplesOf(split, rows, byRow, options));
    const written: Partial<Record<SplitName, { file: string; examples: number }>> = {};
    for (const { split, examples } of sorted) {
      if (examples.length === 0) continue;
      await writeWhole(targets[split]!, listChunks(examples, options.signal));
      written[split] = { file: options.outputs[split]!, examples: examples.length };
    }
    return { named: countRows(rows), written, skipped: sorted.flatMap(({ skipped }) => skipped) };
  } finally {
    await threads.close();
    await zip.close();
  }
};

/** The reports of a split in its order, and those that can't be used. */
const examplesOf = (
  split: SplitName,
  rows: readonly SplitRow[],
  byRow: readonly NamedReport[],
  options: PrepareOptions,
): { split: SplitName; examples: NamedReport[]; skipped: SkippedReport[] } => {
  const examples: NamedReport[] = [];
  const skipped: SkippedReport[] = [];
  rows.forEach((row, place) => {
    if (row.split !== split) return;
    const report = byRow[place];
    const { studyId, line } = row;
    if (report.fault === undefined) examples.push(report);
    else skipped.push({ studyId, split, line, entry: entryName(report), reason: reasonOf(report.fault) });
  });
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

/** A report's name in the zip, e.g. `files/p11/p11148901/s58832226.txt`; its folder takes two characters of the id. */
export const reportEntry = (studyId: string, subjectId: string): string => {
  // Python counts code points, so a surrogate pair is one character; real ids are digits.
  const folder = SURROGATE.test(subjectId) ? [...subjectId].slice(0, 2).join('') : subjectId.slice(0, 2);
  return `files/p${folder}/p${subjectId}/s${studyId}.txt`;
};

const SURROGATE = /[\ud800-\udfff]/;

const countRows = (rows: readonly SplitRow[]): PrepareSummary['named'] => {
  const counts = { total: rows.length, train: 0, dev: 0, test: 0, other: 0 };
  for (const { split } of rows) counts[SPLIT_NAMES.find((name) => name === split) ?? 'other']++;
  return counts;
};

const NO_TEXTS = Buffer.alloc(0);

/** The reports that the split names, and for each row its own; rows that name the same study share one. */
const namedReports = (
  rows: readonly SplitRow[],
  asked: readonly string[],
): { reports: NamedReport[]; byRow: NamedReport[] } => {
  const byStudy = new Map<string, NamedReport>();
  const reports: NamedReport[] = [];
  const byRow = rows.map((row) => {
    let report = byStudy.get(row.studyId);
    if (report === undefined) {
      report = { row, wanted: false, texts: NO_TEXTS, start: 0, end: 0, fault: undefined };
      byStudy.set(row.studyId, report);
      reports.push(report);
    }
    report.row = row;
    report.wanted ||= asked.includes(row.split);
    return report;
  });
  return { reports, byRow };
};

const entryName = ({ row }: NamedReport): string => reportEntry(row.studyId, row.subjectId);

/** Finds and reads reports; on return each has its text or, with `skipInvalid`, its fault. */
const readWanted = async (
  reports: readonly NamedReport[],
  zip: Zip,
  threads: ReportThreads,
  options: PrepareOptions,
): Promise<void> => {
  const { onProgress, signal } = options;
  const found = await zip.find(reports.map(entryName));
  for (const report of reports) report.fault = absence(report);
  for (const { place } of found) reports[place].fault = undefined;
  refuseFaults(reports, options);

  const present = found.map(({ place }) => reports[place]);
  const entries = found.map(({ entry }) => entry);
  let done = 0;
  onProgress?.(0, present.length);
  const receive = (batch: ReportBatch, first: number): void => {
    const texts = Buffer.from(batch.texts.buffer);
    for (let place = 0; place < batch.ends.length; place++) {
      const report = present[first + place];
      report.texts = texts;
      report.start = place === 0 ? 0 : batch.ends[place - 1];
      report.end = batch.ends[place];
    }
    for (const { place, fault } of batch.faults) present[first + place].fault = fault;
    done += batch.ends.length;
    onProgress?.(done, present.length);
  };
  await threads.read(zip.descriptor, entries, receive, signal).catch((error: unknown) => {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new Failure(
      { what: 'cannot read the zip', where: options.zip, got: code, fix: 'check the disk' },
      { cause: error },
    );
  });
  refuseFaults(reports, options);
};

const ABSENT: EntryFault = { what: 'no such report in the zip', fix: 'check that zip and split belong together' };

/** Why a report is not in the zip: most often because it isn't there, but the row may not even name one. */
const absence = ({ row: { studyId, subjectId } }: NamedReport): EntryFault => {
  if (studyId !== '' && subjectId !== '') return ABSENT;
  return { what: `a row without ${studyId === '' ? 'study_id' : 'subject_id'}`, fix: 'give every row both ids' };
};

/** Unless faults are to be skipped, throws for the first in the split's order, so that a rerun says the same. */
const refuseFaults = (reports: readonly NamedReport[], { zip, split, skipInvalid }: PrepareOptions): void => {
  if (skipInvalid) return;
  const faulty = reports.filter(({ fault }) => fault !== undefined);
  if (faulty.length === 0) return;
  const { row, fault } = faulty[0];
  throw new Failure({
    what: fault!.what,
    where: `${entryName(faulty[0])} in ${basename(zip)} (${basename(split)} line ${row.line})`,
    got: fault!.got,
    fix: `${fault!.fix}${faulty.length > 1 ? `; ${(faulty.length - 1).toLocaleString('en')} more reports can't be used` : ''}`,
  });
};

const reasonOf = ({ what, got }: EntryFault): string => (got === undefined ? what : `${what}, got ${got}`);

const CLOSING_BRACE = 0x7d;
/** How many examples go to the disk with one call. */
const EXAMPLES_A_CHUNK = 2000;

/** A list as `json.dump` spells it: one line, without an end. */
function* listChunks(examples: readonly NamedReport[], signal: AbortSignal | undefined): Generator<Uint8Array> {
  for (let from = 0; from < examples.length; from += EXAMPLES_A_CHUNK) {
    signal?.throwIfAborted();
    const some = examples.slice(from, from + EXAMPLES_A_CHUNK);
    const heads = some.map(
      ({ row }, place) =>
        `${from + place === 0 ? '[' : ', '}{"study_id": ${jsonString(row.studyId)}, "subject_id": ${jsonString(row.subjectId)}, `,
    );
    const length = some.reduce((sum, { start, end }, place) => sum + heads[place].length + end - start + 1, 0);
    const chunk = Buffer.allocUnsafe(length);
    let at = 0;
    for (let place = 0; place < some.length; place++) {
      at += chunk.write(heads[place], at, 'latin1');
      const { texts, start, end } = some[place];
      at += texts.copy(chunk, at, start, end);
      chunk[at++] = CLOSING_BRACE;
    }
    yield chunk;
  }
  yield Buffer.from(']');
}
