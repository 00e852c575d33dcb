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

  /** Notes that a study's report isn't in the zip: most often it just isn't, but the row may not even name one. */
  setAbsent(study: number): void {
    const { studyIds, subjectIds } = this.#rows;
    const row = this.#lastRow[study];
    const lacks = (ids: ByteTexts): boolean => ids.start(row) === ids.end(row);
    const column = lacks(studyIds) ? 'study_id' : lacks(subjectIds) ? 'subject_id' : undefined;
    this.#faults.set(
      study,
      column === undefined
        ? { what: 'no such report in the zip', fix: 'check that zip and split belong together' }
        : { what: `a row without ${column}`, fix: 'give every row both ids' },
    );
  }

  /** Notes what became of the reports of some studies. */
  setBatch(studies: readonly number[], { texts, ends, faults }: ReportBatch): void {
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

  /** Examples as `json.dump` spells them in a list, separators between them. */
  examplesJson(studies: readonly number[]): Buffer {
    const { studyIds, subjectIds } = this.#rows;
    const heads = studies.map((study) => {
      const row = this.#lastRow[study];
      return `{"study_id": ${jsonString(studyIds.text(row))}, "subject_id": ${jsonString(subjectIds.text(row))}, `;
    });
    const length = studies.reduce(
      (sum, study, place) => sum + heads[place].length + this.#ends[study] - this.#starts[study] + TAIL.length,
      0,
    );
    const json = Buffer.allocUnsafe(length);
    let at = 0;
    studies.forEach((study, place) => {
      at += json.write(heads[place], at, 'latin1');
      at += this.#texts[study].copy(json, at, this.#starts[study], this.#ends[study]);
      for (const byte of TAIL) json[at++] = byte;
    });
    return json.subarray(0, length - SEPARATOR.length);
  }
}

const SEPARATOR = ', ';
const TAIL = Buffer.from(`}${SEPARATOR}`);

/** Where the first two characters of a text end, a character being a code point, as Python slices. */
const twoCharacters = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start;
  for (let characters = 0; at < end; at++) {
    const isFirstByte = (bytes[at] & 0xc0) !== 0x80;
    if (isFirstByte && ++characters > 2) break;
  }
  return at;
};
