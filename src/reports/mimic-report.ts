/**
 * @file What the task takes from a MIMIC-CXR report: findings, impression, and the background before the findings.
 *
 * The report is taken apart at its headers as MIMIC-CXR's own parser does (github.com/MIT-LCP/mimic-cxr,
 * `txt/section_parser.py`) and the parts are tidied as MEDIQA 2021's official script does (github.com/abachaa/MEDIQA2021,
 * `Task3/make_mimic_data.py`), oddities included: line ends vanish (MIMIC's lines begin with a blank), runs of two or
 * more blanks become one space, bullet numbers leave the impression, the header of the findings leaves the background
 * by its last word only. The parser's rule for reports with neither findings nor impression (the last paragraph becomes a
 * section of its own) is left out: it never yields either, so such a report is refused anyway.
 *
 * It works on UTF-16 units (see `text-units.ts` for why); the regular expressions it stands for are at each function.
 */
import type { Example } from './example.js';
import { sectionName } from './headers.js';
import { JsonBytes } from './json-bytes.js';
import { isBlank } from './python.js';
import { collapsed, dropTrailingBlanks, skipBlanks, TextUnits, withoutLineEnds } from './text-units.js';

/** The parts of an {@link Example} that stand in the report itself. */
export type ReportParts = Pick<Example, 'findings' | 'impression' | 'background'>;

/** A section that the task needs. */
export type NeededSection = 'findings' | 'impression';

/** Says that a report has no such section, or only blank ones. */
export interface LackingSection {
  readonly lacks: NeededSection;
}

const LINE_END = 0x0a;
const SPACE = 0x20;
const DOT = 0x2e;
const COLON = 0x3a;
const TITLE = Array.from('FINAL REPORT', (character) => character.charCodeAt(0));

/**
 * Takes findings, impression and background out of a report.
 *
 * @param text The report as it stands in the MIMIC-CXR zip.
 * @returns The parts, of the first findings and the first impression that aren't blank; or which of them it lacks.
 * @example parseReport(' INDICATION: Cough.\n FINDINGS: Clear.\n IMPRESSION: 1. Normal.')
 * // { findings: 'Clear.', impression: 'Normal.', background: 'INDICATION: Cough.' }
 */
export const parseReport = (text: string): ReportParts | LackingSection => {
  const report = new TextUnits();
  report.load(text);
  const json = new JsonBytes();
  json.literal('{');
  const lacking = addParts(report, json);
  if (lacking !== undefined) return lacking;
  json.literal('}');
  return JSON.parse(Buffer.from(json.finish()).toString('latin1'));
};

/**
 * {@link parseReport}, its result added to JSON: `"findings": …, "impression": …, "background": …`.
 *
 * @returns What the report lacks, and then nothing was added; undefined when it lacks nothing.
 */
export const addParts = (report: TextUnits, json: JsonBytes): LackingSection | undefined => {
  const found = findParts(report);
  if ('lacks' in found) return found;
  json.literal('"findings": "');
  addFindings(report, found, json);
  json.literal('", "impression": "');
  addImpression(report, found, json);
  json.literal('", "background": "');
  addBackground(report, found, json);
  json.literal('"');
  return undefined;
};

/** Where the parts stand in a report, still untidied. */
type FoundParts = Readonly<Record<NeededSection, Stretch>>;

/** A stretch of text: from `start`, up to but not including `end`. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Finds the first findings and the first impression that hold more than blanks, or says which is lacking. */
const findParts = (report: TextUnits): FoundParts | LackingSection => {
  const { units, length } = report;
  let findings: Stretch | undefined;
  let impression: Stretch | undefined;
  let header = nextHeader(report, 0);
  while (header !== undefined) {
    const { kind, end: start } = header;
    // The next header is looked for from the end of this one's line on; on the last line, from right here.
    const lineEnd = report.lineEnd(start);
    header = nextHeader(report, lineEnd === length ? start : lineEnd);
    const end = header?.start ?? length;
    if (kind === undefined || skipBlanks(units, start, end) === end) continue;
    if (kind === 'findings') findings ??= { start, end };
    else impression ??= { start, end };
  }
  if (findings === undefined) return { lacks: 'findings' };
  return impression === undefined ? { lacks: 'impression' } : { findings, impression };
};

/** A header: where it starts (at the line end before it), where its section's text starts, which section it heads. */
interface Header extends Stretch {
  readonly kind: NeededSection | undefined;
}

/** What may stand in a header: capitals, blanks and a few marks. */
const IN_HEADER = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ ()/,-') IN_HEADER[character.charCodeAt(0)] = 1;

/** The first match of `\n ([A-Z ()/,-]+):\s` from a place on. */
const nextHeader = (report: TextUnits, from: number): Header | undefined => {
  const { units, length } = report;
  for (let at = report.lineEnd(from); at < length; at = report.lineEnd(at + 1)) {
    if (units[at + 1] !== SPACE) continue;
    let end = at + 2;
    while (IN_HEADER[units[end]] === 1) end++;
    if (end > at + 2 && units[end] === COLON && end + 1 < length && isBlank(units[end + 1])) {
      return { start: at, end: end + 2, kind: headerKind(report, at + 2, end) };
    }
  }
  return undefined;
};

/** Headers met before, by a hash of their text: nearly all reports share a few dozen. */
const metHeaders = new Map<number, { readonly text: string; readonly kind: NeededSection | undefined }>();
const MET_HEADERS_MAX = 4096;

const headerKind = (report: TextUnits, start: number, end: number): NeededSection | undefined => {
  const { units } = report;
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + units[at]) | 0;
  const met = metHeaders.get(hash);
  if (met !== undefined && sameText(met.text, units, start, end)) return met.kind;
  const text = report.text(start, end);
  const name = sectionName(text);
  const kind = name === 'findings' || name === 'impression' ? name : undefined;
  if (metHeaders.size >= MET_HEADERS_MAX) metHeaders.clear();
  metHeaders.set(hash, { text, kind });
  return kind;
};

const sameText = (text: string, units: Uint16Array, start: number, end: number): boolean => {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== units[start + at]) return false;
  return true;
};

/** Adds the tidied findings: `re.sub(r'\s\s+', ' ', text.strip().replace('\n', ''))`. */
const addFindings = ({ units }: TextUnits, { findings }: FoundParts, json: JsonBytes): void => {
  const start = skipBlanks(units, findings.start, findings.end);
  json.text(units, start, dropTrailingBlanks(units, start, findings.end), withoutLineEnds);
};

/** Room for an impression without line ends and bullets; impressions are short, so the copies cost little. */
let scratch = new Uint16Array(1 << 12);

/**
 * Adds the tidied impression: as the findings, but before runs of blanks are collapsed
 * `re.sub(r'^[0-9]\.\s+', '', …)` and then `re.sub(r'\s[0-9]\.\s+', ' ', …)` take the bullet numbers out.
 */
const addImpression = ({ units }: TextUnits, { impression }: FoundParts, json: JsonBytes): void => {
  const start = skipBlanks(units, impression.start, impression.end);
  const end = dropTrailingBlanks(units, start, impression.end);
  if (end - start > scratch.length) scratch = new Uint16Array(2 * (end - start));
  let length = 0;
  let bullets = 0;
  for (let at = start; at < end; at++) {
    const unit = units[at];
    if (unit === DOT) bullets++;
    if (unit !== LINE_END) scratch[length++] = unit;
  }
  json.text(scratch, 0, bullets > 0 ? dropBullets(scratch, length) : length, withoutLineEnds);
};

/** Takes the bullet numbers out in place, as what is left is never longer; returns the new length. */
const dropBullets = (units: Uint16Array, length: number): number => {
  let to = 0;
  let done = bulletEnd(units, 0, length);
  for (let at = done; at < length; ) {
    // Only at a dot there may be a bullet: a blank and a digit before it, blanks behind.
    const after = units[at] === DOT && at - 2 >= done && isBlank(units[at - 2]) ? bulletEnd(units, at - 1, length) : at;
    if (after <= at) {
      at++;
      continue;
    }
    units.copyWithin(to, done, at - 2);
    to += at - 2 - done;
    units[to++] = SPACE;
    at = after;
    done = after;
  }
  units.copyWithin(to, done, length);
  return to + length - done;
};

/** Where the text behind a bullet number, `[0-9]\.\s+`, begins; `start` itself when there is none. */
const bulletEnd = (units: Uint16Array, start: number, end: number): number => {
  const numbered = start + 2 < end && units[start] >= 0x30 && units[start] <= 0x39 && units[start + 1] === DOT;
  return numbered && isBlank(units[start + 2]) ? skipBlanks(units, start + 2, end) : start;
};

/** Adds the tidied background: all before the findings, without the title and without the last word of their header. */
const addBackground = ({ units }: TextUnits, { findings }: FoundParts, json: JsonBytes): void => {
  let end = dropTrailingBlanks(units, 0, findings.start);
  let start = skipBlanks(units, 0, end);
  const titled = start + TITLE.length <= end && TITLE.every((unit, place) => units[start + place] === unit);
  if (titled) start = skipBlanks(units, start + TITLE.length, end);
  if (end > start && units[end - 1] === COLON) {
    let space = end - 1;
    while (space >= start && units[space] !== SPACE) space--;
    // Without any space before it, the colon alone goes: the script's slice then ends at -1.
    end = dropTrailingBlanks(units, start, space < start ? end - 1 : space);
  }
  json.text(units, start, end, collapsed);
};
