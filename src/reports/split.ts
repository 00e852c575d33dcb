/**
 * @file The split file of MEDIQA 2021: a CSV with the columns `study_id`, `subject_id`, `split`, read as the official
 * script's `csv.DictReader` reads it: columns by name in any order, other columns left alone, blank lines skipped, of two
 * columns with one name the last.
 */
import { Failure } from '../ground/failure.js';
import { ByteTexts } from './byte-texts.js';
import { universalNewlines } from './python.js';
import { type CsvRecord, forEachCsvRecord } from './python-csv.js';
import { readUtf8 } from './utf8.js';

/** The splits that examples are written for. */
export const SPLIT_NAMES = ['train', 'dev', 'test'] as const;
export type SplitName = (typeof SPLIT_NAMES)[number];

/** The rows of a split file, column by column. */
export interface SplitTable {
  /** How many rows there are. */
  readonly length: number;
  readonly studyIds: ByteTexts;
  readonly subjectIds: ByteTexts;
  /** For each row the place of its split in {@link SPLIT_NAMES}; {@link OTHER_SPLIT} for another or none. */
  readonly splits: readonly number[];
  /** The line each row starts on, from 1. */
  readonly lines: readonly number[];
}

/** Stands for a split that nothing is written for. */
export const OTHER_SPLIT = SPLIT_NAMES.length;

const COLUMNS = ['study_id', 'subject_id', 'split'] as const;
const CARRIAGE_RETURN = 0x0d;

/**
 * Reads a split file. Fields come out as they stand, blanks included, and empty where a row is too short.
 *
 * @param path The CSV file, UTF-8, with or without a byte-order mark.
 * @throws {Failure} When it can't be read, is empty, or lacks a column.
 * @example (await readSplit('split.csv')).studyIds.text(0) // '58832226'
 */
export const readSplit = async (path: string): Promise<SplitTable> => {
  const bytes = await readUtf8(path);
  const studyIds = new ByteTexts();
  const subjectIds = new ByteTexts();
  const splits: number[] = [];
  const lines: number[] = [];
  let places: readonly number[] | undefined;
  forEachCsvRecord(bytes.includes(CARRIAGE_RETURN) ? withLineFeeds(bytes) : bytes, (record) => {
    if (places === undefined) places = columnPlaces(record, path);
    else if (record.length > 0) {
      addField(studyIds, record, places[0]);
      addField(subjectIds, record, places[1]);
      splits.push(splitOf(record, places[2]));
      lines.push(record.line);
    }
  });
  if (splits.length === 0) {
    throw new Failure({ what: 'the split names no studies', where: path, fix: 'check the file' });
  }
  return { length: splits.length, studyIds, subjectIds, splits, lines };
};

const withLineFeeds = (bytes: Buffer): Buffer => Buffer.from(universalNewlines(bytes.toString('utf8')));

const fieldText = ({ bytes, starts, ends }: CsvRecord, place: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + starts[place], ends[place] - starts[place]).toString('utf8');

const columnPlaces = (header: CsvRecord, path: string): number[] => {
  const names = Array.from({ length: header.length }, (_, place) => fieldText(header, place));
  return COLUMNS.map((name) => {
    const place = names.lastIndexOf(name);
    if (place === -1) {
      throw new Failure({
        what: `no column ${name}`,
        where: `${path} line 1`,
        got: `${names.length} columns, not that one`,
        fix: `start the file with the line ${COLUMNS.join(',')}`,
      });
    }
    return place;
  });
};

const addField = (texts: ByteTexts, { bytes, length, starts, ends }: CsvRecord, place: number): void => {
  if (place < length) texts.append(bytes, starts[place], ends[place]);
  texts.close();
};

const SPLIT_BYTES = SPLIT_NAMES.map((name) => Buffer.from(name));

const splitOf = ({ bytes, length, starts, ends }: CsvRecord, place: number): number => {
  if (place >= length) return OTHER_SPLIT;
  const start = starts[place];
  const size = ends[place] - start;
  for (let split = 0; split < SPLIT_BYTES.length; split++) {
    const name = SPLIT_BYTES[split];
    if (name.length !== size) continue;
    let same = 0;
    while (same < size && name[same] === bytes[start + same]) same++;
    if (same === size) return split;
  }
  return OTHER_SPLIT;
};
