/**
 * @file Text as UTF-16 units in one reused array. `prepare` goes through a hundred thousand reports of some five hundred
 * characters each; strings and regular expressions took three times as long, most of it for making and collecting
 * intermediate strings. Stretches are tidied in place, so every pass returns a new end and never grows.
 *
 * One unit past the text is always 0, which is in no class below, so that scans may look one further without asking.
 */
import { isBlank } from './python.js';

const LINE_END = 0x0a;
const SPACE = 0x20;

/** Text being worked on, and behind it room for working copies of its parts. */
export class TextUnits {
  units = new Uint16Array(1 << 16);
  /** How many units the text has; the unit behind it is 0. */
  length = 0;

  /** Takes text in from ASCII bytes; returns false, having taken in nothing, when there are others among them. */
  loadAscii(bytes: Uint8Array): boolean {
    this.#reserve(bytes.length);
    const { units } = this;
    let seen = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      units[at] = byte;
      seen |= byte;
    }
    units[bytes.length] = 0;
    this.length = seen < 0x80 ? bytes.length : 0;
    return seen < 0x80;
  }

  load(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.units[at] = text.charCodeAt(at);
    this.units[text.length] = 0;
    this.length = text.length;
  }

  /** Copies a stretch behind the text, for tidying; the copy lasts until the next one. Returns where it starts. */
  copy(start: number, end: number): number {
    this.units.copyWithin(this.length + 1, start, end);
    this.units[this.length + 1 + end - start] = 0;
    return this.length + 1;
  }

  /** A stretch as a string. */
  text(start: number, end: number): string {
    return utf16.decode(this.units.subarray(start, end));
  }

  #reserve(length: number): void {
    if (2 * length + 2 > this.units.length) this.units = new Uint16Array(4 * length + 2);
  }
}

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** Where a stretch begins once leading blanks are off; `end` when it is all blank. */
export const skipBlanks = (units: Uint16Array, start: number, end: number): number => {
  let at = start;
  while (at < end && isBlank(units[at])) at++;
  return at;
};

/** Where a stretch ends once trailing blanks are off; `start` when it is all blank. */
export const dropTrailingBlanks = (units: Uint16Array, start: number, end: number): number => {
  let at = end;
  while (at > start && isBlank(units[at - 1])) at--;
  return at;
};

/** `replace('\n', '')`, in place; returns the new end. */
export const dropLineEnds = (units: Uint16Array, start: number, end: number): number => {
  let to = start;
  for (let at = start; at < end; at++) {
    const unit = units[at];
    if (unit !== LINE_END) units[to++] = unit;
  }
  return to;
};

/** `re.sub(r'\s\s+', ' ', …)`, in place: runs of two or more blanks become one space; returns the new end. */
export const collapseBlanks = (units: Uint16Array, start: number, end: number): number => {
  let to = start;
  for (let at = start; at < end; ) {
    const unit = units[at++];
    if (isBlank(unit) && at < end && isBlank(units[at])) {
      units[to++] = SPACE;
      at = skipBlanks(units, at, end);
    } else units[to++] = unit;
  }
  return to;
};
