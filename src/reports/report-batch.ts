/**
 * @file The part of `prepare` that takes the time, cut so that threads can share it: a batch of zip entries goes in
 * as numbers, the reports' parts come out as bytes of JSON, both handed from thread to thread without copying.
 */
import { parseReport, type ReportParts } from './mimic-report.js';
import { jsonString } from './python.js';
import { decodeUtf8 } from './utf8.js';
import { type EntryFault, readEntries, type ZipEntry } from './zip-entries.js';

/** A batch's result. */
export interface ReportBatch {
  /** The JSON of all reports of the batch, one after the other: `"findings": …, "impression": …, "background": …`. */
  readonly texts: Uint8Array;
  /** Where each report's JSON ends in `texts`; a report with a fault takes no room. */
  readonly ends: Uint32Array;
  /** Reports that can't be used, by place in the batch. */
  readonly faults: readonly { readonly place: number; readonly fault: EntryFault }[];
}

const COLUMNS = ['offset', 'compressedSize', 'size', 'crc', 'flags', 'method'] as const;

/** Entries as numbers, a row an entry; all of them are exact in a double. */
export const packEntries = (entries: readonly ZipEntry[]): Float64Array => {
  const packed = new Float64Array(entries.length * COLUMNS.length);
  entries.forEach((entry, place) => {
    COLUMNS.forEach((name, column) => {
      packed[place * COLUMNS.length + column] = entry[name];
    });
  });
  return packed;
};

const unpackEntries = (packed: Float64Array): ZipEntry[] => {
  const entries: ZipEntry[] = [];
  for (let at = 0; at < packed.length; at += COLUMNS.length) {
    const [offset, compressedSize, size, crc, flags, method] = packed.subarray(at, at + COLUMNS.length);
    entries.push({ offset, compressedSize, size, crc, flags, method });
  }
  return entries;
};

/**
 * Reads and parses a batch of reports.
 *
 * @param descriptor The open zip file.
 * @param packed From {@link packEntries}, in the order in which the entries lie in the file.
 * @throws The system's error when the file can't be read.
 */
export const readReportBatch = (descriptor: number, packed: Float64Array): ReportBatch => {
  const entries = unpackEntries(packed);
  const texts: string[] = [];
  const ends = new Uint32Array(entries.length);
  const faults: { place: number; fault: EntryFault }[] = [];
  let length = 0;
  let place = 0;
  readEntries(descriptor, entries, (content) => {
    const parts = 'what' in content ? content : partsOf(content);
    if ('what' in parts) faults.push({ place, fault: parts });
    else {
      const text = partsJson(parts);
      texts.push(text);
      length += text.length;
    }
    ends[place++] = length;
  });
  return { texts: new Uint8Array(Buffer.from(texts.join(''), 'latin1')), ends, faults };
};

const partsOf = (content: Buffer): ReportParts | EntryFault => {
  const text = decodeUtf8(content);
  if (text === undefined) return { what: 'the report is not valid UTF-8', fix: LEAVE_OUT };
  const parts = parseReport(text);
  return 'lacks' in parts ? { what: `the report has no ${parts.lacks} section`, fix: LEAVE_OUT } : parts;
};

/** What to do about a report that is no good. */
const LEAVE_OUT = 'take it out of the split, or leave it out with --skip-invalid';

const partsJson = ({ findings, impression, background }: ReportParts): string =>
  `"findings": ${jsonString(findings)}, "impression": ${jsonString(impression)}, "background": ${jsonString(background)}`;
