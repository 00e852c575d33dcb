/**
 * @file A report's text taken apart at its headers, as MIMIC-CXR's own parser does it and the MEDIQA 2021 data rest
 * on (github.com/MIT-LCP/mimic-cxr, `txt/section_parser.py`). A header is a line that starts with one blank and then
 * has only capitals, blanks and `()/,-` up to a colon that a blank follows.
 *
 * That parser's rule for reports with neither findings nor impression (the last paragraph becomes a section of its
 * own) is left out: it never yields findings or an impression, so such a report is refused either way.
 */
import { BLANK, strip } from './python.js';
import { SECTION_CORES, SECTION_SPELLINGS, VIEW_PHRASES } from './section-names.js';

/** A section of a report. */
export interface Section {
  /** What the section counts as, e.g. `findings`; the header itself in lower case where that is unknown. */
  readonly name: string;
  /** Where its text starts, in UTF-16 units from the start of the report. */
  readonly start: number;
  /** Its text, untouched, up to the next header. */
  readonly text: string;
}

const HEADER = new RegExp(`\\n ([A-Z ()/,-]+):${BLANK}`, 'g');

/**
 * Takes a report apart. What stands before the first header is the `preamble`; a text without headers is one section,
 * `full report`; findings and impressions that hold only blanks are dropped.
 *
 * @param text The report, line ends as `\n`.
 * @example reportSections('\n FINDINGS: Clear.\n IMPRESSION: Normal.').map(({ name }) => name)
 * // ['preamble', 'findings', 'impression']
 */
export const reportSections = (text: string): Section[] => {
  let header = headerFrom(text, 0);
  if (header === null) return [{ name: 'full report', start: 0, text }];
  // The preamble ends where the header's name begins, so it keeps the line end and the blank before it.
  const sections: Section[] = [{ name: 'preamble', start: 0, text: text.slice(0, header.index + 2) }];
  while (header !== null) {
    const name = sectionName(header[1]);
    const start = header.index + header[0].length;
    // The next header is looked for from the end of this one's line on; on the last line, from right here.
    const lineEnd = text.indexOf('\n', start);
    header = headerFrom(text, lineEnd === -1 ? start : lineEnd);
    const section = { name, start, text: text.slice(start, header?.index) };
    if (!((name === 'impression' || name === 'findings') && strip(section.text) === '')) sections.push(section);
  }
  return sections;
};

const headerFrom = (text: string, from: number): RegExpExecArray | null => {
  HEADER.lastIndex = from;
  return HEADER.exec(text);
};

const KIND_OF_SPELLING: ReadonlyMap<string, string> = new Map(
  Object.entries(SECTION_SPELLINGS).flatMap(([kind, spellings]) => spellings.map((spelling) => [spelling, kind])),
);

/**
 * What a header counts as.
 *
 * @param header A header's text without the colon, in any case.
 * @example sectionName('PA AND LATERAL CHEST') // 'findings'
 */
export const sectionName = (header: string): string => {
  const name = strip(header.toLowerCase());
  return (
    KIND_OF_SPELLING.get(name) ??
    SECTION_CORES.find((core) => name.includes(core)) ??
    (VIEW_PHRASES.some((phrase) => name.includes(phrase)) ? 'findings' : name)
  );
};
