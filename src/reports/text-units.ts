/**
 * @file Text as UTF-16 units in one reused array, and the passes over it. `prepare` goes through a hundred thousand
 * reports of some five hundred characters each; with strings and regular expressions it spent most of its time on
 * making and collecting intermediate strings. Here text goes from its units straight to where it is wanted, a
 * {@link UnitSink}, in one pass.
 *
 * Behind a text stand a 0, which no test below accepts, and a line end, so that scans may look one further and stop.
 */
import { isAscii } from 'node:buffer';
import { BLANKS, isBlank } from './python.js';

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
    return unitText(this.units, start, end);
  }

  #begin(length: number): void {
    if (length + 2 > this.units.length) this.units = new Uint16Array(2 * length + 2);
    this.units[length] = 0;
    this.units[length + 1] = LINE_END;
    this.length = length;
  }
}

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** A stretch of units as a string. */
export const unitText = (units: Uint16Array, start: number, end: number): string =>
  utf16.decode(units.subarray(start, end));

/** Where text goes, stretch by stretch. */
export interface UnitSink {
  push(units: Uint16Array, start: number, end: number): void;
}

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

/** `re.sub(r'\s\s+', ' ', text.replace('\n', ''))` of a stretch. */
export const pushWithoutLineEnds = (units: Uint16Array, start: number, end: number, sink: UnitSink): void =>
  pushTidied(units, start, end, sink, (from, to) => {
    let blanks = 0;
    let blank = NOTHING;
    for (let at = from; at < to; at++) {
      if (units[at] === LINE_END) continue;
      blank = units[at];
      blanks++;
    }
    return blanks > 1 ? SPACE : blank;
  });

/** `re.sub(r'\s\s+', ' ', text).replace('\n', '')` of a stretch: here line ends count as blanks, and a single one goes. */
export const pushCollapsed = (units: Uint16Array, start: number, end: number, sink: UnitSink): void =>
  pushTidied(units, start, end, sink, (from, to) => {
    if (to - from > 1) return SPACE;
    return units[from] === LINE_END ? NOTHING : units[from];
  });

/** Not a unit: a run of blanks that leaves nothing. */
const NOTHING = -1;
const oneUnit = new Uint16Array(1);

/**
 * Pushes a stretch; what becomes of each run of blanks, `tidy` says. It is asked only about runs with a line end or of
 * more than one blank: a single blank between words stays, and needs no look that a processor would predict wrong.
 */
const pushTidied = (
  units: Uint16Array,
  start: number,
  end: number,
  sink: UnitSink,
  tidy: (from: number, to: number) => number,
): void => {
  let done = start;
  for (let at = start; at < end; ) {
    if ((BLANKS[units[at]] & BLANKS[units[at + 1]]) === 0 && units[at] !== LINE_END) {
      at++;
      continue;
    }
    sink.push(units, done, at);
    done = skipBlanks(units, at, end);
    const unit = tidy(at, done);
    if (unit !== NOTHING) {
      oneUnit[0] = unit;
      sink.push(oneUnit, 0, 1);
    }
    at = done;
  }
  sink.push(units, done, end);
};
