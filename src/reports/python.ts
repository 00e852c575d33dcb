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

/** One blank, as a character class to build regular expressions from. */
export const BLANK = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** Whether a UTF-16 unit is a blank to Python. */
export const isBlank = (unit: number): boolean => {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return (
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
};

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

/** One record of CSV text. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line it starts on, from 1. */
  readonly line: number;
}

/**
 * The records that `csv.reader` yields for text, its `excel` dialect: commas; a quote opens a quoted field only as its
 * first character; inside, a doubled quote is one; what follows a closing quote is taken as it is; an end of text
 * closes what is open. Blank lines are records without fields.
 *
 * @param text Text with `\n` as the only line end (see {@link universalNewlines}).
 * @example [...csvRecords('a,"b\nc"\n')] // [{ fields: ['a', 'b\nc'], line: 1 }]
 */
export function* csvRecords(text: string): Generator<CsvRecord> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const started = line;
    const fields: string[] = [];
    let field = '';
    let ended = false;
    if (text[at] === '\n') {
      at++;
      line++;
      yield { fields, line: started };
      continue;
    }
    while (!ended) {
      if (text[at] === '"') {
        const { content, next } = quotedPart(text, at + 1);
        field = content;
        line += content.split('\n').length - 1;
        at = next;
      }
      const stop = plainEnd(text, at);
      field += text.slice(at, stop);
      fields.push(field);
      field = '';
      ended = text[stop] !== ',';
      if (text[stop] === '\n') line++;
      at = stop + 1;
    }
    yield { fields, line: started };
  }
}

/** Where a run without comma and line end ends. */
const plainEnd = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
  return at;
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
