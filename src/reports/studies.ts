/**
 * @file The studies that a split names, and what became of each one's report. The official script keeps reports by
 * study id, so a study that several rows name, in whatever splits, has one report: the last row's.
 */
import { ByteTable } from './byte-table.js';
import { ByteTexts } from './byte-texts.js';
import { jsonString } from './python.js';
import type { ReportBatch } from './report-batch.js';
import type { SplitTable } from './split.js';
import type { EntryFault } from './zip-entries.js';

const FILES = Buffer.from('files/p');
const PATIENT = Buffer.from('/p');
const STUDY = Buffer.from('/s');
const EXTENSION = Buffer.from('.txt');

/** A report's text is a stretch of its batch's; this one stands for none. */
const NO_TEXTS = Buffer.alloc(0);

/** The studies of a split, each known by its number, from 0, in the order in which the split first names them. */
export class Studies {
  /** For each row of the split its study. */
  readonly ofRow: Int32Array;
  /** How many studies there are. */
  readonly length: number;
  readonly #rows: SplitTable;
  /** For each study the last row that names it. */
  readonly #lastRow: Int32Array;
  readonly #texts: Buffer[];
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #faults = new Map<number, EntryFault>();

  constructor(rows: SplitTable) {
    this.#rows = rows;
    this.ofRow = new Int32Array(rows.length);
    this.#lastRow = new Int32Array(rows.length);
    const { studyIds } = rows;
    const table = new ByteTable(studyIds);
    let length = 0;
    for (let row = 0; row < rows.length; row++) {
      const first = table.find(studyIds.bytes, studyIds.start(row), studyIds.end(row));
      this.ofRow[row] = first === row ? length++ : this.ofRow[first];
      this.#lastRow[this.ofRow[row]] = row;
    }
    this.length = length;
    this.#texts = new Array(length).fill(NO_TEXTS);
    this.#starts = new Uint32Array(length);
    this.#ends = new Uint32Array(length);
  }

  /** The studies that some row of the splits asked for names, in order. */
  inSplits(asked: readonly number[]): number[] {
    const wanted = new Uint8Array(this.length);
    for (let row = 0; row < this.ofRow.length; row++) {
      if (asked.includes(this.#rows.splits[row])) wanted[this.ofRow[row]] = 1;
    }
    return Array.from({ length: this.length }, (_, study) => study).filter((study) => wanted[study] === 1);
  }

  /** The names of reports in the zip, e.g. `files/p11/p11148901/s58832226.txt`. */
  entryNames(studies: readonly number[]): ByteTexts {
    const { studyIds, subjectIds } = this.#rows;
    const names = new ByteTexts();
    for (const study of studies) {
      const row = this.#lastRow[study];
      const start = subjectIds.start(row);
      const end = subjectIds.end(row);
      names.append(FILES);
      names.append(subjectIds.bytes, start, twoCharacters(subjectIds.bytes, start, end));
      names.append(PATIENT);
      names.append(subjectIds.bytes, start, end);
      names.append(STUDY);
      names.append(studyIds.bytes, studyIds.start(row), studyIds.end(row));
      names.append(EXTENSION);
      names.close();
    }
    return names;
  }

  /** The line of the row that counts for a study, and its report's name in the zip. */
  place(study: number): { line: number; entry: string } {
    return { line: this.#rows.lines[this.#lastRow[study]], entry: this.entryNames([study]).text(0) };
  }

  /** Notes which of the studies wanted are not present in the zip. */
  setAbsent(wanted: readonly number[], present: Int32Array): void {
    const isPresent = new Uint8Array(this.length);
    for (const study of present) isPresent[study] = 1;
    for (const study of wanted) if (isPresent[study] === 0) this.#faults.set(study, this.#absence(study));
  }

  /** Why a study's report is not in the zip: most often it just isn't, but the row may not even name one. */
  #absence(study: number): EntryFault {
    const row = this.#lastRow[study];
    for (const [column, ids] of [
      ['study_id', this.#rows.studyIds],
      ['subject_id', this.#rows.subjectIds],
    ] as const) {
      if (ids.start(row) === ids.end(row)) return { what: `a row without ${column}`, fix: 'give every row both ids' };
    }
    return { what: 'no such report in the zip', fix: 'check that zip and split belong together' };
  }

  /** Notes what became of the reports of some studies. */
  setBatch(studies: Int32Array, { texts, ends, faults }: ReportBatch): void {
    const bytes = Buffer.from(texts.buffer);
    studies.forEach((study, place) => {
      this.#texts[study] = bytes;
      this.#starts[study] = place === 0 ? 0 : ends[place - 1];
      this.#ends[study] = ends[place];
    });
    for (const { place, fault } of faults) this.#faults.set(studies[place], fault);
  }

  /** Why a study's report can't be used; undefined when it can. */
  fault(study: number): EntryFault | undefined {
    return this.#faults.get(study);
  }

  /** The studies with a fault, in order. */
  faulty(): number[] {
    return [...this.#faults.keys()].sort((a, b) => a - b);
  }

  /** Examples as `json.dump` spells them in a list, separators between them; the last one's closing brace is the caller's. */
  examplesJson(studies: readonly number[]): Uint8Array {
    const { studyIds, subjectIds } = this.#rows;
    let room = 0;
    for (const study of studies) {
      const row = this.#lastRow[study];
      const ids = idRoom(studyIds, row) + idRoom(subjectIds, row);
      room += STUDY_ID.length + SUBJECT_ID.length + PARTS.length + ids + this.#ends[study] - this.#starts[study];
    }
    const json = Buffer.allocUnsafe(room);
    let to = 0;
    for (const study of studies) {
      const row = this.#lastRow[study];
      to = writeBytes(json, to, STUDY_ID);
      to = writeId(json, to, studyIds, row);
      to = writeBytes(json, to, SUBJECT_ID);
      to = writeId(json, to, subjectIds, row);
      to = writeBytes(json, to, PARTS);
      to += this.#texts[study].copy(json, to, this.#starts[study], this.#ends[study]);
    }
    return json.subarray(SEPARATOR.length, to);
  }
}

/** What stands between the parts of an example in a list, the end of the one before included. */
const SEPARATOR = '}, ';
const STUDY_ID = Buffer.from(`${SEPARATOR}{"study_id": "`);
const SUBJECT_ID = Buffer.from('", "subject_id": "');
const PARTS = Buffer.from('", ');

const writeBytes = (json: Buffer, at: number, bytes: Uint8Array): number => {
  // A few bytes, which a loop copies faster than a call.
  for (let from = 0; from < bytes.length; from++) json[at + from] = bytes[from];
  return at + bytes.length;
};

/** The longest an id can become: each byte of it an escape of six. */
const idRoom = (ids: ByteTexts, row: number): number => 6 * (ids.end(row) - ids.start(row));

/** Writes an id as the inside of a JSON string: as it is where it is made of digits, as real ids are. */
const writeId = (json: Buffer, at: number, ids: ByteTexts, row: number): number => {
  let to = at;
  const end = ids.end(row);
  for (let from = ids.start(row); from < end; from++) {
    const byte = ids.bytes[from];
    if (byte < 0x30 || byte > 0x39) return at + json.write(jsonString(ids.text(row)).slice(1, -1), at, 'latin1');
    json[to++] = byte;
  }
  return to;
};

/** Where the first two characters of a text end, a character being a code point, as Python slices. */
const twoCharacters = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start;
  for (let characters = 0; at < end; at++) {
    const isFirstByte = (bytes[at] & 0xc0) !== 0x80;
    if (isFirstByte && ++characters > 2) break;
  }
  return at;
};
