/**
 * @file What the task takes from a MIMIC-CXR report: findings, impression, and the background before the findings,
 * each tidied exactly as MEDIQA 2021's official script does (github.com/abachaa/MEDIQA2021,
 * `Task3/make_mimic_data.py`), its oddities included: line ends vanish (MIMIC's lines begin with a blank), runs of
 * two or more blanks become one space, bullet numbers leave the impression, the header of the findings leaves the
 * background by its last word only.
 */
import type { Example } from './example.js';
import { BLANK, lstrip, rstrip, strip } from './python.js';
import { reportSections } from './sections.js';

/** The parts of an {@link Example} that stand in the report itself. */
export type ReportParts = Pick<Example, 'findings' | 'impression' | 'background'>;

/** A section that a report lacks although the task needs it. */
export type LackingSection = { readonly lacks: 'findings' | 'impression' };

/**
 * Takes findings, impression and background out of a report.
 *
 * @param text The report as it stands in the MIMIC-CXR zip.
 * @returns The parts, of the first findings and the first impression that aren't empty; or which of them is lacking.
 * @example parseReport(' INDICATION: Cough.\n FINDINGS: Clear.\n IMPRESSION: 1. Normal.')
 * // { findings: 'Clear.', impression: 'Normal.', background: 'INDICATION: Cough.' }
 */
export const parseReport = (text: string): ReportParts | LackingSection => {
  const sections = reportSections(text);
  const findings = sections.find(({ name }) => name === 'findings');
  if (findings === undefined) return { lacks: 'findings' };
  const impression = sections.find(({ name }) => name === 'impression');
  if (impression === undefined) return { lacks: 'impression' };
  return {
    findings: tidyFindings(findings.text),
    impression: tidyImpression(impression.text),
    background: tidyBackground(text.slice(0, findings.start)),
  };
};

const RUN_OF_BLANKS = new RegExp(`${BLANK}{2,}`, 'g');
const FIRST_BULLET = new RegExp(`^[0-9]\\.${BLANK}+`);
const FURTHER_BULLET = new RegExp(`${BLANK}[0-9]\\.${BLANK}+`, 'g');
const TITLE = 'FINAL REPORT';

const tidyFindings = (text: string): string => strip(text).replaceAll('\n', '').replace(RUN_OF_BLANKS, ' ');

const tidyImpression = (text: string): string =>
  strip(text).replaceAll('\n', '').replace(FIRST_BULLET, '').replace(FURTHER_BULLET, ' ').replace(RUN_OF_BLANKS, ' ');

const tidyBackground = (text: string): string => {
  let background = strip(text);
  if (background.startsWith(TITLE)) background = lstrip(background.slice(TITLE.length));
  // Without any space the slice up to -1 takes off just the colon, as it does in Python.
  if (background.endsWith(':')) background = rstrip(background.slice(0, background.lastIndexOf(' ')));
  return strip(background.replace(RUN_OF_BLANKS, ' ')).replaceAll('\n', '');
};
