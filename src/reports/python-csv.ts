/**
 * @file CSV as Python's `csv.reader` takes it apart in its `excel` dialect, on bytes: commas; a quote opens a quoted
 * field only as its first character; inside, a doubled quote is one; what follows a closing quote is taken as it is; an
 * end of text closes what is open. Blank lines are records without fields.
 *
 * All that matters to it is ASCII, so UTF-8 needn't be decoded. Source: CPython 3.11, `Modules/_csv.c`.
 */

/** A record; the same object is used for the next one. */
export interface CsvRecord {
  /** Where the fields' bytes are. */
  bytes: Uint8Array;
  /** How many fields there are. */
  length: number;
  /** Where each field starts in {@link bytes}, and where it ends; more than {@link length} of them are left over. */
  readonly starts: number[];
  readonly ends: number[];
  /** The line it starts on, from 1. */
  line: number;
}

const COMMA = 0x2c;
const LINE_END = 0x0a;
const QUOTE = 0x22;

/**
 * Goes through the records of a CSV file.
 *
 * @param bytes The file in UTF-8, with `\n` as the only line end.
 * @param visit Told each record; what it wants to keep it copies.
 * @example forEachCsvRecord(Buffer.from('a,"b\nc"\n'), ({ length, line }) => console.log(length, line)) // 2 1
 */
export const forEachCsvRecord = (bytes: Uint8Array, visit: (record: CsvRecord) => void): void => {
  const record: CsvRecord = { bytes, length: 0, starts: [], ends: [], line: 1 };
  for (let at = 0; at < bytes.length; ) {
    record.bytes = bytes;
    record.length = 0;
    let start = at;
    let quoted = false;
    for (; at < bytes.length && bytes[at] !== LINE_END; at++) {
      if (bytes[at] === COMMA) {
        addField(record, start, at);
        start = at + 1;
      } else if (bytes[at] === QUOTE && at === start) {
        quoted = true;
        break;
      }
    }
    if (quoted) {
      // The fields before hold no quoted part; all are taken apart again, into bytes of their own.
      const begin = record.length === 0 ? start : record.starts[0];
      const { next, lines } = unquote(bytes, begin, record);
      visit(record);
      record.line += lines;
      at = next;
    } else {
      if (at > start || record.length > 0) addField(record, start, at);
      visit(record);
      record.line++;
      at++;
    }
  }
};

const addField = (record: CsvRecord, start: number, end: number): void => {
  record.starts[record.length] = start;
  record.ends[record.length++] = end;
};

/** Takes a record with quoted fields apart; returns where the next one starts and how many lines this one takes. */
const unquote = (bytes: Uint8Array, begin: number, record: CsvRecord): { next: number; lines: number } => {
  const content: number[] = [];
  record.length = 0;
  let lines = 1;
  for (let at = begin; ; at++) {
    const start = content.length;
    if (bytes[at] === QUOTE) {
      for (at++; at < bytes.length && (bytes[at] !== QUOTE || bytes[at + 1] === QUOTE); at++) {
        if (bytes[at] === LINE_END) lines++;
        if (bytes[at] === QUOTE) at++;
        content.push(bytes[at]);
      }
      at++;
    }
    for (; at < bytes.length && bytes[at] !== COMMA && bytes[at] !== LINE_END; at++) content.push(bytes[at]);
    addField(record, start, content.length);
    if (bytes[at] !== COMMA) {
      record.bytes = Uint8Array.from(content);
      return { next: at + 1, lines };
    }
  }
};
