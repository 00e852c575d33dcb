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
