/**
 * @file The few meanings of Python 3 that the official MEDIQA script leans on and JavaScript does not share: what a
 * blank is, what `strip` takes off, how `json.dumps` spells text, what text mode does to line ends.
 *
 * A blank, to Python's `str.isspace` and to `\s` of its `re` on text, is a character of bidirectional type WS, B or S
 * or of category Zs. Against JavaScript's `\s` that adds U+001C–U+001F and U+0085 and lacks U+FEFF. None of them lies
 * outside the Basic Multilingual Plane, so UTF-16 units do here.
 *
 * Source: the Python 3.11 library reference (`str.isspace`, `str.strip`, `re`, `json`, `io.TextIOWrapper`).
 */

/** The blanks, ends of ranges included. */
const BLANK_RANGES: readonly (readonly [number, number])[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

/** For every UTF-16 unit 1 when it is a blank, else 0: a look-up, since every character of every report is asked about. */
export const BLANKS = new Uint8Array(0x10000);
for (const [first, last] of BLANK_RANGES) BLANKS.fill(1, first, last + 1);

/** Whether a UTF-16 unit is a blank to Python. */
export const isBlank = (unit: number): boolean => BLANKS[unit] === 1;

/** `str.lstrip()`. */
export const lstrip = (text: string): string => {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start++;
  return text.slice(start);
};

/** `str.rstrip()`. */
export const rstrip = (text: string): string => {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
};

/**
 * `str.strip()`.
 *
 * @example strip('\x1c a \ufeff') // 'a \ufeff', where trim() gives '\x1c a'
 */
export const strip = (text: string): string => lstrip(rstrip(text));

/**
 * `json.dumps` of text, non-ASCII escaped: as `JSON.stringify`, and everything from U+007F on as `\uXXXX` a UTF-16 unit.
 *
 * @param text Text without lone surrogates.
 * @example jsonString('38°') // '"38\\u00b0"'
 */
export const jsonString = (text: string): string =>
  PLAIN.test(text) ? `"${text}"` : JSON.stringify(text).replace(BEYOND_PRINTABLE_ASCII, escapeUnit);

const PLAIN = /^[ !#-[\]-~]*$/;
const BEYOND_PRINTABLE_ASCII = /[\x7f-\uffff]/g;
const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** What reading in text mode makes of line ends: `\r\n` and a lone `\r` become `\n`. */
export const universalNewlines = (text: string): string => text.replace(/\r\n?/g, '\n');

/**
 * Goes through the records that `csv.reader` yields for text, its `excel` dialect: commas; a quote opens a quoted field
 * only as its first character; inside, a doubled quote is one; what follows a closing quote is taken as it is; an end of
 * text closes what is open. Blank lines are records without fields.
 *
 * @param text Text with `\n` as the only line end (see {@link universalNewlines}).
 * @param visit Told each record's fields, in an array that is reused for the next record, and the line it starts on, from 1.
 * @example forEachCsvRecord('a,"b\nc"\n', (fields, line) => console.log(fields, line)) // ['a', 'b\nc'] 1
 */
export const forEachCsvRecord = (text: string, visit: (fields: readonly string[], line: number) => void): void => {
  const nextQuote = finder(text, '"');
  const nextComma = finder(text, ',');
  const nextLineEnd = finder(text, '\n');
  const fields: string[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const end = nextLineEnd(at);
    fields.length = 0;
    let lines = 1;
    if (nextQuote(at) < end) {
      const record = quotedRecord(text, at);
      fields.push(...record.fields);
      lines = record.lines;
      at = record.next;
    } else {
      if (at < end) {
        for (let comma = nextComma(at); comma < end; comma = nextComma(at)) {
          fields.push(text.slice(at, comma));
          at = comma + 1;
        }
        fields.push(text.slice(at, end));
      }
      at = end + 1;
    }
    visit(fields, line);
    line += lines;
  }
};

/**
 * Finds a character again and again, from places that never go back, so that the text is searched once in all.
 *
 * @returns Where it is next; the text's length when there is none.
 */
const finder = (text: string, character: string): ((from: number) => number) => {
  let found = -1;
  return (from) => {
    if (found < from) {
      const at = text.indexOf(character, from);
      found = at === -1 ? text.length : at;
    }
    return found;
  };
};

/** A record with quotes in it, the lines it takes, and where the next one starts. */
const quotedRecord = (text: string, from: number): { fields: string[]; lines: number; next: number } => {
  const fields: string[] = [];
  let lines = 1;
  for (let at = from; ; ) {
    let field = '';
    if (text[at] === '"') {
      const quoted = quotedPart(text, at + 1);
      field = quoted.content;
      lines += field.split('\n').length - 1;
      at = quoted.next;
    }
    let stop = at;
    while (stop < text.length && text[stop] !== ',' && text[stop] !== '\n') stop++;
    fields.push(field + text.slice(at, stop));
    at = stop + 1;
    if (text[stop] !== ',') return { fields, lines, next: at };
  }
};

/** What stands between an opening quote and its closing one (or the end of the text), doubled quotes made single. */
const quotedPart = (text: string, from: number): { content: string; next: number } => {
  let content = '';
  let at = from;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return { content: content + text.slice(at), next: text.length };
    content += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { content, next: quote + 1 };
    content += '"';
    at = quote + 2;
  }
};
