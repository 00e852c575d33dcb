/**
 * @file Text as UTF-16 units in one reused array. `prepare` goes through a hundred thousand reports of some five hundred
 * characters each; with strings and regular expressions it spent most of its time on making and collecting
 * intermediate strings. Here a part of a report goes from its units to the bytes of its JSON in one pass.
 *
 * Behind a text stand a 0, which is no blank, and a line end, so that scans may look one further and stop.
 */
import { isAscii } from 'node:buffer';
import { isBlank } from './python.js';

const LINE_END = 0x0a;
const SPACE = 0x20;

/** A text, in an array that is reused for the next one. */
export class TextUnits {
  units = new Uint16Array(1 << 16);
  /** How many units the text has; behind them stand 0 and a line end. */
  length = 0;

  /** Takes text in from ASCII bytes; returns false, having taken in nothing, when there are others among them. */
  loadAscii(bytes: Uint8Array): boolean {
    if (!isAscii(bytes)) return false;
    this.#begin(bytes.length);
    this.units.set(bytes);
    return true;
  }

  /** Takes text in from a string. */
  load(text: string): void {
    this.#begin(text.length);
    for (let at = 0; at < text.length; at++) this.units[at] = text.charCodeAt(at);
  }

  /** Where the next line end is, from a place in the text on; {@link length} when there is none. */
  lineEnd(from: number): number {
    return Math.min(this.units.indexOf(LINE_END, from), this.length);
  }

  /** A stretch as a string. */
  text(start: number, end: number): string {
    return utf16.decode(this.units.subarray(start, end));
  }

  #begin(length: number): void {
    if (length + 2 > this.units.length) this.units = new Uint16Array(2 * length + 2);
    this.units[length] = 0;
    this.units[length + 1] = LINE_END;
    this.length = length;
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

/** Not a unit: a run of blanks that leaves nothing. */
export const NOTHING = -1;

/** What becomes of a run of blanks, from `start` up to `end`: one unit, or {@link NOTHING}. */
export type BlankRun = (units: Uint16Array, start: number, end: number) => number;

/** `re.sub(r'\s\s+', ' ', text.replace('\n', ''))`: line ends go first and don't count. */
export const withoutLineEnds: BlankRun = (units, start, end) => {
  let blanks = 0;
  let blank = NOTHING;
  for (let at = start; at < end; at++) {
    if (units[at] === LINE_END) continue;
    blank = units[at];
    blanks++;
  }
  return blanks > 1 ? SPACE : blank;
};

/** `re.sub(r'\s\s+', ' ', text).replace('\n', '')`: line ends count as blanks, and a single one goes. */
export const collapsed: BlankRun = (units, start, end) => {
  if (end - start > 1) return SPACE;
  return units[start] === LINE_END ? NOTHING : units[start];
};
