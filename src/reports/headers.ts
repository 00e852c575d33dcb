/**
 * @file What a section's header counts as, by the table in `section-names.ts` and the rules of MIMIC-CXR's own parser
 * (github.com/MIT-LCP/mimic-cxr, `txt/section_parser.py`): an exact name, else a name it contains, else the views taken
 * mean the findings.
 */
import { strip } from './python.js';
import { SECTION_CORES, SECTION_SPELLINGS, VIEW_PHRASES } from './section-names.js';

const KIND_OF_SPELLING: ReadonlyMap<string, string> = new Map(
  Object.entries(SECTION_SPELLINGS).flatMap(([kind, spellings]) => spellings.map((spelling) => [spelling, kind])),
);

/**
 * What a header counts as.
 *
 * @param header A header's text without the colon, in any case.
 * @returns E.g. `findings`; the header itself, in lower case and stripped, where nothing is known of it.
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
