/**
 * @file A report as people paste it and systems send it: headers in capitals or not, on a line of their own or before
 * their text, sometimes all on one line. MIMIC-CXR's own layout has a stricter parser ({@link file://./mimic-report.ts}),
 * whose table of names this one uses.
 */
import { sectionName } from './headers.js';

/** A pasted report taken apart. */
export interface FreeTextReport {
  readonly findings: string;
  /** Indication, history, technique, comparison, with their headers. */
  readonly background: string;
  readonly impression: string;
  /** Whether any header was found; otherwise the whole text is the findings. */
  readonly recognised: boolean;
}

/** Kinds of sections that a radiologist knows before the findings. */
const BACKGROUND = new Set(['indication', 'history', 'comparison', 'technique', 'examination', 'comment']);
/** Kinds that end a section and are no part of the task. */
const OTHER = new Set(['recommendations', 'notification', 'addendum', 'wet read', 'date']);
const KNOWN = new Set(['findings', 'impression', ...BACKGROUND, ...OTHER]);

/** At a line's beginning: a name and a colon, or a name alone on its line. */
const LINE_HEADER = /^[ \t]*([A-Za-z][A-Za-z ()/,&-]{0,60}?)[ \t]*(?::(?=\s|$|[A-Z0-9])|(?=\r?$))/gm;
/** Within a line, after a sentence: only the plain names in capitals. */
const INLINE_HEADER =
  /(?<=[.:;!?)\]] {1,4}|[.])(FINDINGS?|IMPRESSION|CONCLUSION|INDICATION|HISTORY|CLINICAL HISTORY|COMPARISONS?|TECHNIQUE|EXAMINATION|EXAM):/g;

interface Header {
  readonly kind: string;
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

const headersOf = (text: string): Header[] => {
  const headers: Header[] = [];
  const add = (title: string, start: number, end: number, colon: boolean): void => {
    const kind = sectionName(title);
    const capitals = title === title.toUpperCase();
    // A line of words is no header unless its name is known; one in capitals with a colon is a header of some kind.
    if (!KNOWN.has(kind) && !(capitals && colon && title.length > 2)) return;
    // A bare line such as `Heart and chest` is a sentence, not the header of findings.
    if (!colon && (kind === 'date' || !isPlain(title))) return;
    headers.push({ kind, title, start, end });
  };
  for (const found of text.matchAll(LINE_HEADER)) {
    const [whole, title] = found;
    const colon = text[found.index + whole.length - 1] === ':';
    if (isPlain(title) || (colon && title === title.toUpperCase()))
      add(title, found.index, found.index + whole.length, colon);
  }
  for (const found of text.matchAll(INLINE_HEADER)) {
    add(found[1], found.index, found.index + found[0].length, true);
  }
  return headers
    .sort((a, b) => a.start - b.start)
    .filter(({ start }, index, all) => index === 0 || start >= all[index - 1].end);
};

/** Names short enough to be only that, e.g. `Clinical History`; `Findings and impression` counts too. */
const PLAIN =
  /^(findings?|findings and impression|impressions?|conclusions?|indications?|(clinical |patient )?(history|information|indication)|reason for (exam|examination|study)|comparisons?|techniques?|procedure|exam(ination)?|type of exam(ination)?|study|recommendations?|notification|addendum|date|comments?|wet read|opinion|summary)$/i;
const isPlain = (title: string): boolean => PLAIN.test(title.trim());

/** British and other names beside the table's. */
const SYNONYMS: Readonly<Record<string, string>> = {
  impressions: 'impression',
  conclusions: 'impression',
  opinion: 'impression',
  summary: 'impression',
  indications: 'indication',
  'reason for study': 'indication',
  techniques: 'technique',
  procedure: 'examination',
  study: 'examination',
  comments: 'comment',
};

const kindOf = ({ kind, title }: Header): string => SYNONYMS[title.trim().toLowerCase()] ?? kind;

/** Lines joined, blanks single. By lines, so that long runs of blanks take no longer than their length. */
const tidy = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
    .replace(/[ \t]{2,}/g, ' ');

/**
 * Takes a pasted report apart.
 *
 * @param text The report, with any line ends.
 * @example parseFreeText('Findings:\nClear lungs.\n\nImpression: Normal.')
 * // { findings: 'Clear lungs.', background: '', impression: 'Normal.', recognised: true }
 */
export const parseFreeText = (text: string): FreeTextReport => {
  const headers = headersOf(text);
  if (!headers.some((header) => KNOWN.has(kindOf(header)) || SYNONYMS[header.title.toLowerCase()] !== undefined)) {
    return { findings: tidy(text), background: '', impression: '', recognised: false };
  }
  const parts: Record<'findings' | 'background' | 'impression', string[]> = {
    findings: [],
    background: [],
    impression: [],
  };
  headers.forEach((header, index) => {
    const content = tidy(text.slice(header.end, headers[index + 1]?.start));
    const kind = kindOf(header);
    if (content === '') return;
    if (kind === 'findings' || kind === 'impression') parts[kind].push(content);
    else if (BACKGROUND.has(kind)) parts.background.push(`${header.title.trim()}: ${content}`);
  });
  // Some reports head nothing but their impression: what stands before it is the findings.
  if (parts.findings.length === 0) {
    const before = tidy(text.slice(0, headers[0].start));
    if (before !== '') parts.findings.push(before);
  }
  return {
    findings: parts.findings.join(' '),
    background: parts.background.join(' '),
    impression: parts.impression.join(' '),
    recognised: true,
  };
};
