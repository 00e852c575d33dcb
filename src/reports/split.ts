/**
 * @file The split file of MEDIQA 2021: a CSV with the columns `study_id`, `subject_id`, `split`, read as the official
 * script's `csv.DictReader` reads it: columns by name in any order, other columns left alone, blank lines skipped, of two
 * columns with one name the last.
 */
import { Failure } from '../ground/failure.js';
import { csvRecords, universalNewlines } from './python.js';
import { readText } from './utf8.js';

/** The splits that examples are written for. */
export const SPLIT_NAMES = ['train', 'dev', 'test'] as const;
export type SplitName = (typeof SPLIT_NAMES)[number];

/** A row of the split file. */
export interface SplitRow {
  readonly studyId: string;
  readonly subjectId: string;
  /** Usually a {@link SplitName}; rows with another are not used. */
  readonly split: string;
  /** The line it starts on, from 1. */
  readonly line: number;
}

const COLUMNS = ['study_id', 'subject_id', 'split'] as const;

/**
 * Reads a split file. Fields come out as they stand, blanks included, and empty where a row is too short.
 *
 * @param path The CSV file, UTF-8, with or without a byte-order mark.
 * @throws {Failure} When it can't be read, is empty, or lacks a column.
 * @example (await readSplit('split.csv'))[0] // { studyId: '58832226', subjectId: '11148901', split: 'train', line: 2 }
 */
export const readSplit = async (path: string): Promise<SplitRow[]> => {
  const [header, ...records] = csvRecords(universalNewlines(await readText(path)));
  const places = COLUMNS.map((name) => {
    const place = header.fields.lastIndexOf(name);
    if (place === -1) {
      throw new Failure({
        what: `no column ${name}`,
        where: `${path} line 1`,
        got: `${header.fields.length} columns, not that one`,
        fix: `start the file with the line ${COLUMNS.join(',')}`,
      });
    }
    return place;
  });
  const rows = records
    .filter(({ fields }) => fields.length > 0)
    .map(({ fields, line }) => {
      const [studyId, subjectId, split] = places.map((place) => fields[place] ?? '');
      return { studyId, subjectId, split, line };
    });
  if (rows.length === 0) throw new Failure({ what: 'the split names no studies', where: path, fix: 'check the file' });
  return rows;
};
