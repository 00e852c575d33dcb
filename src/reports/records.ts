/**
 * @file Files of records, one format an extension: a JSON list, JSON Lines, CSV. A record comes out as named fields
 * with the place it stands at, so that whoever checks the fields can name it.
 */
import { extname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { Failure } from '../ground/failure.js';
import { describeFault, isObject, kindOf, parseJson } from './json.js';
import { readText } from './utf8.js';

/** Named fields of one record, unchecked. */
export interface RawRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  /** File and place, e.g. `dev.csv line 7` or `dev.json record 3`. */
  readonly where: string;
}

/**
 * Reads the records of a file; the extension says how: `.json`, `.jsonl` or `.ndjson`, `.csv`.
 *
 * @param path The file.
 * @param columns Columns that a CSV file must have; JSON records are checked by the caller, field by field.
 * @throws {Failure} When the extension is none of these, or the file can't be read or parsed, or holds no record.
 */
export const readRecords = async (path: string, columns: readonly string[]): Promise<RawRecord[]> => {
  const parser = parsers[extname(path).toLowerCase()];
  if (parser === undefined) {
    throw new Failure({
      what: 'cannot tell the format of the file',
      where: path,
      got: extname(path) === '' ? 'no extension' : `the extension ${extname(path)}`,
      fix: 'name it .json (a list), .jsonl (one object a line) or .csv (with a header)',
    });
  }
  const records = parser(await readText(path), path, columns);
  if (records.length === 0)
    throw new Failure({ what: 'the file holds no records', where: path, fix: 'check how it was made' });
  return records;
};

/**
 * Reads JSON Lines whatever the file is called.
 *
 * @throws {Failure} As {@link readRecords}.
 */
export const readJsonLines = async (path: string): Promise<RawRecord[]> => {
  const records = parseJsonLines(await readText(path), path);
  if (records.length === 0)
    throw new Failure({ what: 'the file holds no records', where: path, fix: 'check how it was made' });
  return records;
};

type Parser = (text: string, path: string, columns: readonly string[]) => RawRecord[];

const parseJsonList: Parser = (text, path) => {
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    const { line, record } = parsed.fault;
    throw new Failure({
      what: 'not valid JSON',
      where: `${path} line ${line}${record === undefined ? '' : ` (record ${record})`}`,
      got: describeFault(parsed.fault),
      fix: 'a .json file holds one list; for one object a line name it .jsonl',
    });
  }
  if (!Array.isArray(parsed.value)) {
    throw new Failure({
      what: 'not a JSON list',
      where: path,
      got: kindOf(parsed.value),
      fix: 'put the examples into one list, or name the file .jsonl for one object a line',
    });
  }
  return parsed.value.map((value: unknown, index) => asRecord(value, `${path} record ${index + 1}`));
};

const parseJsonLines = (text: string, path: string): RawRecord[] =>
  text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const where = `${path} line ${index + 1}`;
    const parsed = parseJson(line);
    if ('fault' in parsed) {
      throw new Failure({
        what: 'not valid JSON',
        where,
        got: describeFault(parsed.fault),
        fix: 'a .jsonl file holds one JSON object a line; for one list name it .json',
      });
    }
    return asRecord(parsed.value, where);
  });

const asRecord = (value: unknown, where: string): RawRecord => {
  if (!isObject(value)) {
    throw new Failure({ what: 'a record is not an object', where, got: kindOf(value), fix: 'give it named fields' });
  }
  return { fields: value, where };
};

const parseCsv: Parser = (text, path, columns) => {
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    rows = parse(text, { info: true, relax_column_count: true, skip_empty_lines: true }) as unknown as typeof rows;
  } catch (error) {
    // The parser's own message quotes the text, so only its code and its line are passed on.
    if (error instanceof CsvError) {
      throw new Failure({
        what: 'not valid CSV',
        where: `${path} line ${String(error.lines)}`,
        got: CSV_FAULTS[error.code] ?? error.code,
        fix: 'quote fields that hold commas, quotes or line ends, and double the quotes inside',
      });
    }
    throw error;
  }
  const header = rows.shift()?.record.map((name) => name.trim()) ?? [];
  for (const name of columns) {
    if (!header.includes(name)) {
      throw new Failure({
        what: `no column ${name}`,
        where: `${path} line 1`,
        got: `${header.length} columns, not that one`,
        fix: `start the file with a header that names ${columns.join(', ')}`,
      });
    }
  }
  const repeated = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (repeated !== undefined && KNOWN_COLUMNS.has(repeated)) {
    throw new Failure({ what: `the column ${repeated} stands twice`, where: `${path} line 1`, fix: 'remove one' });
  }
  // `lines` is where a record ends; it starts on the line after the end of the one before.
  let lastLine = 1;
  return rows.map(({ record, info }) => {
    const where = `${path} line ${Math.max(lastLine + 1, firstLine(record, info.lines))}`;
    lastLine = info.lines;
    if (record.length !== header.length) {
      throw new Failure({
        what: 'a record has the wrong number of fields',
        where,
        got: `${record.length} instead of ${header.length}`,
        fix: 'quote fields that hold commas or line ends',
      });
    }
    return { fields: Object.fromEntries(header.map((name, index) => [name, record[index]])), where };
  });
};

/** First line of a record that ends on `last`: one back for every line end inside its fields. */
const firstLine = (record: readonly string[], last: number): number =>
  last - record.reduce((count, field) => count + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 0);

const KNOWN_COLUMNS = new Set(['study_id', 'subject_id', 'findings', 'impression', 'background']);

const CSV_FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that is never closed',
  INVALID_OPENING_QUOTE: 'a quote inside an unquoted field',
  CSV_INVALID_CLOSING_QUOTE: 'text after a closing quote',
};

const parsers: Readonly<Record<string, Parser>> = {
  '.json': parseJsonList,
  '.jsonl': parseJsonLines,
  '.ndjson': parseJsonLines,
  '.csv': parseCsv,
};
