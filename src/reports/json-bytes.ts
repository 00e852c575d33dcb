/**
 * @file JSON in the making, as bytes: text comes in UTF-16 units, its runs of blanks are tidied, and it is spelt as
 * Python's `json.dumps` spells it (what `jsonString` does for a string), all in one pass.
 */
import { BLANKS } from './python.js';
import { type BlankRun, NOTHING, skipBlanks } from './text-units.js';

const LINE_END = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** The letter behind the backslash for the units that have one: `\"`, `\\`, `\b`, `\t`, `\n`, `\f`, `\r`. */
const LETTERS: Readonly<Record<number, number>> = {
  [QUOTE]: QUOTE,
  [BACKSLASH]: BACKSLASH,
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  12: 0x66,
  13: 0x72,
};
/** An escape takes six bytes: `\uXXXX`. */
const LONGEST_ESCAPE = 6;

/** What a unit is: a blank, or one that can't just be copied (not printable ASCII, a quote, a backslash), or both. */
const BLANK = 1;
const NOT_PLAIN = 2;
const TRAITS = new Uint8Array(0x10000).fill(NOT_PLAIN).fill(0, 0x20, 0x7f);
TRAITS[QUOTE] = NOT_PLAIN;
TRAITS[BACKSLASH] = NOT_PLAIN;
BLANKS.forEach((blank, unit) => {
  if (blank === 1) TRAITS[unit] |= BLANK;
});

/** Bytes of JSON, growing. */
export class JsonBytes {
  #bytes = new Uint8Array(1 << 21);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds printable ASCII as it is. */
  literal(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  /**
   * Adds a part of a JSON string; the quotes around it are the caller's.
   *
   * @param run What becomes of runs of blanks. A single space between words is no matter for it: it stays.
   */
  text(units: Uint16Array, start: number, end: number, run: BlankRun): void {
    this.#reserve(LONGEST_ESCAPE * (end - start));
    const bytes = this.#bytes;
    let to = this.#length;
    for (let at = start; at < end; ) {
      const unit = units[at];
      const traits = TRAITS[unit];
      // One test that nearly always fails, so that a processor predicts it: most units are copied.
      if (((traits & TRAITS[units[at + 1]] & BLANK) | (traits & NOT_PLAIN)) === 0) {
        bytes[to++] = unit;
        at++;
      } else if ((traits & BLANK) === 0) {
        to = writeEscape(bytes, to, unit);
        at++;
      } else if (
        unit === LINE_END &&
        units[at + 1] === SPACE &&
        at + 2 < end &&
        (TRAITS[units[at + 2]] & BLANK) === 0
      ) {
        // The end of a line of MIMIC-CXR's and the blank before the next: one space, whatever the treatment of runs.
        bytes[to++] = SPACE;
        at += 2;
      } else {
        const runEnd = skipBlanks(units, at, end);
        const left = run(units, at, runEnd);
        if (left !== NOTHING) {
          if ((TRAITS[left] & NOT_PLAIN) === 0) bytes[to++] = left;
          else to = writeEscape(bytes, to, left);
        }
        at = runEnd;
      }
    }
    this.#length = to;
  }

  /** Hands over what has been added, at the start of a buffer that may be longer; begins anew. */
  finish(): Uint8Array<ArrayBuffer> {
    const finished = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(1 << 10);
    this.#length = 0;
    return finished;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + more);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Writes the escape of a unit; returns where it ends. */
const writeEscape = (bytes: Uint8Array, at: number, unit: number): number => {
  let to = at;
  bytes[to++] = BACKSLASH;
  const letter = LETTERS[unit];
  if (letter !== undefined) bytes[to++] = letter;
  else {
    bytes[to++] = 0x75;
    for (let shift = 12; shift >= 0; shift -= 4) bytes[to++] = HEX[(unit >> shift) & 15];
  }
  return to;
};
