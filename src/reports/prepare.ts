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
import { readReports } from './report-threads.js';
import { readSplit, SPLIT_NAMES, type SplitName, type SplitRow } from './split.js';
import { entryKey, Zip } from './zip.js';
import type { EntryFault, ZipEntry } from './zip-entries.js';

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

/** A report wanted, with the last row that names its study. */
interface WantedReport {
  readonly row: SplitRow;
  /** Its name in the zip. */
  readonly entry: string;
  /** JSON of what was taken from it; undefined until it is read and when it can't be used. */
  text?: Uint8Array;
  fault?: EntryFault;
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
  const { outputs, signal } = options;
  const targets = await checkOutputs(outputs, [options.zip, options.split]);
  const rows = await readSplit(options.split);
  const asked = SPLIT_NAMES.filter((split) => outputs[split] !== undefined);
  const reports = wantedReports(rows, asked);
  await readWanted([...reports.values()], options);

  const skipped: SkippedReport[] = [];
  const contents = asked.map((split) => {
    const named = rows.filter((row) => row.split === split);
    const examples: WantedReport[] = [];
    for (const { studyId, line } of named) {
      const report = reports.get(studyId)!;
      if (report.fault === undefined) examples.push(report);
      else skipped.push({ studyId, split, line, entry: report.entry, reason: reasonOf(report.fault) });
    }
    if (named.length > 0 && examples.length === 0) {
      throw new Failure({
        what: `no report of the ${split} split can be used`,
        where: options.split,
        got: `${named.length} left out`,
        fix: 'run without --skip-invalid to see why, and check that zip and split belong together',
      });
    }
    return { split, examples };
  });

  const written: Partial<Record<SplitName, { file: string; examples: number }>> = {};
  for (const { split, examples } of contents) {
    if (examples.length === 0) continue;
    await writeWhole(targets[split]!, listChunks(examples, signal));
    written[split] = { file: outputs[split]!, examples: examples.length };
  }
  return { named: countRows(rows), written, skipped };
};

/** A report's name in the zip, e.g. `files/p11/p11148901/s58832226.txt`; the folder takes two characters, not units. */
export const reportEntry = (studyId: string, subjectId: string): string =>
  `files/p${[...subjectId.slice(0, 4)].slice(0, 2).join('')}/p${subjectId}/s${studyId}.txt`;

const countRows = (rows: readonly SplitRow[]): PrepareSummary['named'] => {
  const counts = { total: rows.length, train: 0, dev: 0, test: 0, other: 0 };
  for (const { split } of rows) counts[SPLIT_NAMES.find((name) => name === split) ?? 'other']++;
  return counts;
};

const wantedReports = (rows: readonly SplitRow[], asked: readonly string[]): Map<string, WantedReport> => {
  const wanted = new Set<string>();
  for (const { split, studyId } of rows) if (asked.includes(split)) wanted.add(studyId);
  const reports = new Map<string, WantedReport>();
  for (const row of rows) {
    if (wanted.has(row.studyId)) reports.set(row.studyId, { row, entry: reportEntry(row.studyId, row.subjectId) });
  }
  return reports;
};

/** Finds and reads reports; on return each has its text or, with `skipInvalid`, its fault. */
const readWanted = async (reports: readonly WantedReport[], options: PrepareOptions): Promise<void> => {
  const { onProgress, signal } = options;
  const zip = await Zip.open(options.zip);
  try {
    const keys = reports.map(({ entry }) => entryKey(entry));
    const found = await zip.find(new Set(keys));
    const present: { report: WantedReport; entry: ZipEntry }[] = [];
    reports.forEach((report, place) => {
      const entry = found.get(keys[place]);
      if (entry === undefined) report.fault = absence(report);
      else present.push({ report, entry });
    });
    refuseFaults(reports, options);

    present.sort((a, b) => a.entry.offset - b.entry.offset);
    let done = 0;
    const receive = (batch: ReportBatch, first: number): void => {
      let start = 0;
      batch.ends.forEach((end, place) => {
        present[first + place].report.text = batch.texts.subarray(start, end);
        start = end;
      });
      for (const { place, fault } of batch.faults) present[first + place].report.fault = fault;
      done += batch.ends.length;
      onProgress?.(done, present.length);
    };
    onProgress?.(0, present.length);
    const entries = present.map(({ entry }) => entry);
    await readReports(zip.descriptor, entries, receive, signal).catch((error: unknown) => {
      const code = systemCode(error);
      if (code === undefined) throw error;
      throw new Failure(
        { what: 'cannot read the zip', where: options.zip, got: code, fix: 'check the disk' },
        { cause: error },
      );
    });
  } finally {
    await zip.close();
  }
  refuseFaults(reports, options);
};

/** Why a report is not in the zip: most often because it isn't there, but the row may not even name one. */
const absence = ({ row: { studyId, subjectId } }: WantedReport): EntryFault => {
  if (studyId === '') return { what: 'a row without study_id', fix: 'give every row both ids' };
  if (subjectId === '') return { what: 'a row without subject_id', fix: 'give every row both ids' };
  return { what: 'no such report in the zip', fix: 'check that zip and split belong together' };
};

/** Unless faults are to be skipped, throws for the first in the split's order, so that a rerun says the same. */
const refuseFaults = (reports: readonly WantedReport[], { zip, split, skipInvalid }: PrepareOptions): void => {
  if (skipInvalid) return;
  const faulty = reports.filter(({ fault }) => fault !== undefined);
  if (faulty.length === 0) return;
  const { entry, row, fault } = faulty[0];
  throw new Failure({
    what: fault!.what,
    where: `${entry} in ${basename(zip)} (${basename(split)} line ${row.line})`,
    got: fault!.got,
    fix: `${fault!.fix}${faulty.length > 1 ? `; ${(faulty.length - 1).toLocaleString('en')} more reports can't be used` : ''}`,
  });
};

const reasonOf = ({ what, got }: EntryFault): string => (got === undefined ? what : `${what}, got ${got}`);

/** How many examples go to the disk with one call. */
const EXAMPLES_A_CHUNK = 2000;

/** A list as `json.dump` spells it: one line, without an end. */
function* listChunks(examples: readonly WantedReport[], signal: AbortSignal | undefined): Generator<Uint8Array> {
  for (let from = 0; from < examples.length; from += EXAMPLES_A_CHUNK) {
    signal?.throwIfAborted();
    const pieces = examples.slice(from, from + EXAMPLES_A_CHUNK).map(({ row, text }, place) => ({
      head:
        `${from + place === 0 ? '[' : ', '}{"study_id": ${jsonString(row.studyId)}, ` +
        `"subject_id": ${jsonString(row.subjectId)}, `,
      text: text!,
    }));
    const length = pieces.reduce((sum, { head, text }) => sum + head.length + text.length + 1, 0);
    const chunk = Buffer.allocUnsafe(length);
    let at = 0;
    for (const { head, text } of pieces) {
      at += chunk.write(head, at, 'latin1');
      chunk.set(text, at);
      at += text.length;
      at += chunk.write('}', at, 'latin1');
    }
    yield chunk;
  }
  yield Buffer.from(']');
}
