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
import { Failure, type FailureParts } from '../ground/failure.js';
import { parseReport, type ReportParts } from './mimic-report.js';
import { checkOutputs } from './outputs.js';
import { jsonString } from './python.js';
import { readSplit, SPLIT_NAMES, type SplitName, type SplitRow } from './split.js';
import { decodeUtf8 } from './utf8.js';
import { type EntryFault, entryKey, Zip, type ZipEntry } from './zip.js';

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

/** A report wanted: the last row that names its study, and its example as JSON or why there is none. */
interface WantedReport {
  readonly row: SplitRow;
  readonly entry: string;
  outcome: string | EntryFault;
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
  await readReports(reports, options);

  const skipped: SkippedReport[] = [];
  const contents = asked.map((split) => {
    const named = rows.filter((row) => row.split === split);
    const examples: string[] = [];
    for (const { studyId, line } of named) {
      const report = reports.get(studyId)!;
      if (typeof report.outcome === 'string') examples.push(report.outcome);
      else skipped.push({ studyId, split, line, entry: report.entry, reason: reasonOf(report.outcome) });
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
  const wanted = new Set(rows.filter(({ split }) => asked.includes(split)).map(({ studyId }) => studyId));
  const reports = new Map<string, WantedReport>();
  for (const row of rows) {
    if (!wanted.has(row.studyId)) continue;
    const entry = reportEntry(row.studyId, row.subjectId);
    const outcome = { what: 'no such report in the zip', fix: 'check that zip and split belong together' };
    reports.set(row.studyId, { row, entry, outcome });
  }
  return reports;
};

/** Reads and parses every report; on return each has its outcome, or the first unusable one was thrown. */
const readReports = async (reports: ReadonlyMap<string, WantedReport>, options: PrepareOptions): Promise<void> => {
  const { skipInvalid = false, onProgress, signal } = options;
  const fail = (report: WantedReport, fault: EntryFault): void => {
    report.outcome = fault;
    if (!skipInvalid) throw reportFailure(report, fault, options);
  };
  const zip = await Zip.open(options.zip);
  try {
    const keys = new Map<string, WantedReport[]>();
    for (const report of reports.values()) {
      if (report.row.studyId === '' || report.row.subjectId === '') {
        fail(report, {
          what: `a row without ${report.row.studyId === '' ? 'study_id' : 'subject_id'}`,
          fix: 'give every row both ids',
        });
        continue;
      }
      const key = entryKey(report.entry);
      const sharing = keys.get(key);
      if (sharing === undefined) keys.set(key, [report]);
      else sharing.push(report);
    }
    const found = await zip.find(keys);
    const entries: ZipEntry[] = [];
    const readers: WantedReport[][] = [];
    for (const [key, sharing] of keys) {
      const entry = found.get(key);
      if (entry === undefined) fail(sharing[0], sharing[0].outcome as EntryFault);
      else {
        entries.push(entry);
        readers.push(sharing);
      }
    }
    let done = 0;
    onProgress?.(0, entries.length);
    await zip.read(
      entries,
      (place, content) => {
        const parts = 'what' in content ? content : partsOf(content);
        for (const report of readers[place]) {
          if ('what' in parts) fail(report, parts);
          else report.outcome = exampleJson(report.row, parts);
        }
        if (++done % 1000 === 0 || done === entries.length) onProgress?.(done, entries.length);
      },
      signal,
    );
  } finally {
    await zip.close();
  }
};

const partsOf = (content: Buffer): ReportParts | EntryFault => {
  const text = decodeUtf8(content);
  if (text === undefined) return { what: 'the report is not valid UTF-8', fix: SKIPPING };
  const parts = parseReport(text);
  return 'lacks' in parts ? { what: `the report has no ${parts.lacks} section`, fix: SKIPPING } : parts;
};

const SKIPPING = 'take it out of the split or leave it out with --skip-invalid';

const reasonOf = ({ what, got }: EntryFault): string => (got === undefined ? what : `${what}, got ${got}`);

const reportFailure = ({ row, entry }: WantedReport, fault: EntryFault, { zip, split }: PrepareOptions): Failure => {
  const parts: FailureParts = { ...fault, where: `${basename(zip)} ${entry} (${basename(split)} line ${row.line})` };
  return new Failure(parts);
};

/** An example as `json.dump` spells it. */
const exampleJson = ({ studyId, subjectId }: SplitRow, { findings, impression, background }: ReportParts): string =>
  `{"study_id": ${jsonString(studyId)}, "subject_id": ${jsonString(subjectId)}, "findings": ${jsonString(findings)}, ` +
  `"impression": ${jsonString(impression)}, "background": ${jsonString(background)}}`;

/** How many examples go to the disk with one call. */
const EXAMPLES_A_CHUNK = 2000;

/** A list as `json.dump` spells it: no line end anywhere. */
function* listChunks(examples: readonly string[], signal: AbortSignal | undefined): Generator<string> {
  for (let from = 0; from < examples.length; from += EXAMPLES_A_CHUNK) {
    signal?.throwIfAborted();
    yield (from === 0 ? '[' : ', ') + examples.slice(from, from + EXAMPLES_A_CHUNK).join(', ');
  }
  yield ']';
}
