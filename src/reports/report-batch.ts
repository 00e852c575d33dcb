/**
 * @file The part of `prepare` that takes the time, cut so that threads can share it: a batch of zip entries goes in
 * as numbers, the reports' parts come out as bytes of JSON, both handed from thread to thread without copying.
 */
import { JsonBytes } from './json-bytes.js';
import { addParts } from './mimic-report.js';
import { TextUnits } from './text-units.js';
import { decodeUtf8 } from './utf8.js';
import { ENTRY_COLUMNS, type EntryFault, readEntries } from './zip-entries.js';

/** A batch's result. */
export interface ReportBatch {
  /** The JSON of all reports of the batch, one after the other: `"findings": …, "impression": …, "background": …`. */
  readonly texts: Uint8Array<ArrayBuffer>;
  /** Where each report's JSON ends in `texts`; a report with a fault takes no room. */
  readonly ends: Uint32Array;
  /** Reports that can't be used, by place in the batch. */
  readonly faults: readonly { readonly place: number; readonly fault: EntryFault }[];
}

/**
 * Reads and parses a batch of reports.
 *
 * @param descriptor The open zip file.
 * @param packed The reports' entries, {@link ENTRY_COLUMNS} numbers each, in the order in which they lie in the file.
 * @throws The system's error when the file can't be read.
 */
export const readReportBatch = (descriptor: number, packed: Float64Array): ReportBatch => {
  const json = new JsonBytes();
  const report = new TextUnits();
  const ends = new Uint32Array(packed.length / ENTRY_COLUMNS);
  const faults: { place: number; fault: EntryFault }[] = [];
  let place = 0;
  readEntries(descriptor, packed, (content) => {
    const fault = 'what' in content ? content : addReport(content, report, json);
    if (fault !== undefined) faults.push({ place, fault });
    ends[place++] = json.length;
  });
  return { texts: json.finish(), ends, faults };
};

const addReport = (content: Buffer, report: TextUnits, json: JsonBytes): EntryFault | undefined => {
  if (!report.loadAscii(content)) {
    const text = decodeUtf8(content);
    if (text === undefined) return { what: 'the report is not valid UTF-8', fix: LEAVE_OUT };
    report.load(text);
  }
  const lacking = addParts(report, json);
  return lacking && { what: `the report has no ${lacking.lacks} section`, fix: LEAVE_OUT };
};

/** What to do about a report that is no good. */
const LEAVE_OUT = 'take it out of the split, or leave it out with --skip-invalid';
