/**
 * @file The LOINC codes under which systems send the sections of an imaging report (https://loinc.org; used by US Core,
 * IHE RAD IDR and HL7 Europe's imaging report).
 */

/** The system's URI in FHIR. */
export const LOINC_URI = 'http://loinc.org';

/** What an impression is sent as. */
export const IMPRESSION_CODE = { code: '19005-8', display: 'Imaging study Impression (narrative)' } as const;

/** Code → the section it heads. */
export const LOINC_SECTIONS: Readonly<Record<string, 'findings' | 'impression' | 'background'>> = {
  '59776-5': 'findings',
  '18782-3': 'findings',
  '19005-8': 'impression',
  '18785-6': 'background', // reason for study
  '11329-0': 'background', // history
  '18834-2': 'background', // comparison
  '55111-9': 'background', // current procedure
  '55114-3': 'background', // prior procedure
  '55115-0': 'background', // request
};

/** How a background section is headed when its text is joined with others. */
export const BACKGROUND_TITLES: Readonly<Record<string, string>> = {
  '18785-6': 'INDICATION',
  '11329-0': 'HISTORY',
  '18834-2': 'COMPARISON',
  '55111-9': 'TECHNIQUE',
  '55114-3': 'COMPARISON',
  '55115-0': 'INDICATION',
};
