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
 * All of it works on UTF-16 units in place (see `text-units.ts` for why); the regular expressions it stands for are at
 * each function.
 */
import type { Example } from './example.js';
import { sectionName } from './headers.js';
import { isBlank } from './python.js';
import { collapseBlanks, dropLineEnds, dropTrailingBlanks, skipBlanks, TextUnits } from './text-units.js';

/** The parts of an {@link Example} that stand in the report itself. */
export type ReportParts = Pick<Example, 'findings' | 'impression' | 'background'>;

/** A section that the task needs. */
export type NeededSection = 'findings' | 'impression';

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
export const parseReport = (text: string): ReportParts | { readonly lacks: NeededSection } => {
  const report = new TextUnits();
  report.load(text);
  const parts = { findings: '', impression: '', background: '' };
  const lacks = tidyParts(report, (name, start, end) => {
    parts[name] = report.text(start, end);
  });
  return lacks === undefined ? parts : { lacks };
};

/**
 * {@link parseReport} without making strings.
 *
 * @param report The report; stays as it is.
 * @param receive Told each tidied part, findings first, as a stretch of `report.units` that lasts until the call returns.
 * @returns The section that the report lacks; undefined when it has both, and only then was `receive` called.
 */
export const tidyParts = (
  report: TextUnits,
  receive: (name: keyof ReportParts, start: number, end: number) => void,
): NeededSection | undefined => {
  const { units } = report;
  const { findings, impression } = neededSections(report);
  if (findings === undefined) return 'findings';
  if (impression === undefined) return 'impression';
  const tidied = (name: keyof ReportParts, tidy: Tidy, from: number, to: number): void => {
    const start = report.copy(from, to);
    receive(name, start, tidy(units, start, start + to - from));
  };
  // Each part begins at a character that isn't blank, where its copy begins; only its end is still to be found.
  const text = (part: Stretch): [number, number] => [skipBlanks(units, part.start, part.end), part.end];
  tidied('findings', tidyFindings, ...text(findings));
  tidied('impression', tidyImpression, ...text(impression));
  tidied('background', tidyBackground, ...text({ start: backgroundStart(units, findings.start), end: findings.start }));
  return undefined;
};

/** A stretch of text: from `start`, up to but not including `end`. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The first findings and the first impression that hold more than blanks. */
const neededSections = (report: TextUnits): Partial<Record<NeededSection, Stretch>> => {
  const { units, length } = report;
  const needed: Partial<Record<NeededSection, Stretch>> = {};
  let header = nextHeader(report, 0);
  while (header !== undefined) {
    const { kind, end: start } = header;
    // The next header is looked for from the end of this one's line on; on the last line, from right here.
    let lineEnd = start;
    while (lineEnd < length && units[lineEnd] !== LINE_END) lineEnd++;
    header = nextHeader(report, lineEnd === length ? start : lineEnd);
    if (kind === undefined || needed[kind] !== undefined) continue;
    const end = header?.start ?? length;
    if (skipBlanks(units, start, end) < end) needed[kind] = { start, end };
  }
  return needed;
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
  for (let at = from; at < length; at++) {
    if (units[at] !== LINE_END || units[at + 1] !== SPACE) continue;
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

/** Tidies a stretch that doesn't begin with a blank, in place; returns its new end. */
type Tidy = (units: Uint16Array, start: number, end: number) => number;

const tidyFindings: Tidy = (units, start, end) =>
  collapseBlanks(units, start, dropLineEnds(units, start, dropTrailingBlanks(units, start, end)));

const tidyImpression: Tidy = (units, start, end) =>
  collapseBlanks(
    units,
    start,
    dropBullets(units, start, dropLineEnds(units, start, dropTrailingBlanks(units, start, end))),
  );

/** `re.sub(r'^[0-9]\.\s+', '', …)`, then `re.sub(r'\s[0-9]\.\s+', ' ', …)`, in place; returns the new end. */
const dropBullets: Tidy = (units, start, end) => {
  let to = start;
  for (let at = bulletEnd(units, start, end); at < end; ) {
    const unit = units[at++];
    const after = isBlank(unit) ? bulletEnd(units, at, end) : at;
    units[to++] = after > at ? SPACE : unit;
    at = after;
  }
  return to;
};

/** Where the text behind a bullet number, `[0-9]\.\s+`, begins; `start` itself when there is none. */
const bulletEnd = (units: Uint16Array, start: number, end: number): number => {
  const numbered = start + 2 < end && units[start] >= 0x30 && units[start] <= 0x39 && units[start + 1] === DOT;
  return numbered && isBlank(units[start + 2]) ? skipBlanks(units, start + 2, end) : start;
};

/** Where the background begins: behind the title, if there is one. */
const backgroundStart = (units: Uint16Array, end: number): number => {
  const start = skipBlanks(units, 0, end);
  const titled = start + TITLE.length <= end && TITLE.every((unit, place) => units[start + place] === unit);
  return titled ? start + TITLE.length : start;
};

const tidyBackground: Tidy = (units, start, end) => {
  let last = dropTrailingBlanks(units, start, end);
  if (last > start && units[last - 1] === COLON) {
    // Without any space before it, the colon alone goes: the script's slice then ends at -1.
    const space = units.subarray(start, last).lastIndexOf(SPACE);
    last = dropTrailingBlanks(units, start, space === -1 ? last - 1 : start + space);
  }
  return dropLineEnds(units, start, collapseBlanks(units, start, last));
};
