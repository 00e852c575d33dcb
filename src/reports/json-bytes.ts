/**
 * @file JSON in the making, as bytes: text comes in UTF-16 units and is spelt as Python's `json.dumps` spells it. What
 * `jsonString` does for a string this does without making one.
 */
import type { UnitSink } from './text-units.js';

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
/** Units that stand for themselves: printable ASCII but for the quote and the backslash. */
const PLAIN = new Uint8Array(0x10000).fill(1, 0x20, 0x7f);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;
/** An escape takes six bytes: `\uXXXX`. */
const LONGEST_ESCAPE = 6;

/** Bytes of JSON, growing. */
export class JsonBytes implements UnitSink {
  #bytes = new Uint8Array(1 << 20);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds printable ASCII as it is. */
  literal(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  /** Adds a part of a JSON string; the quotes around are the caller's. */
  push(units: Uint16Array, start: number, end: number): void {
    this.#reserve(LONGEST_ESCAPE * (end - start));
    const bytes = this.#bytes;
    let to = this.#length;
    for (let at = start; at < end; at++) {
      const unit = units[at];
      if (PLAIN[unit] === 1) bytes[to++] = unit;
      else to = writeEscape(bytes, to, unit);
    }
    this.#length = to;
  }

  /** What has been added, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
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
