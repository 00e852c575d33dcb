/**
 * @file The shape of a row of the finding tables (`lung.ts`, `pleura.ts`, …): what one finding is called.
 */

/** What an omission or an unsupported mention of the finding weighs. */
export type Weight =
  /** Never to be missed or invented: omission and unsupported mention are hard. */
  | 'critical'
  /** Worth showing: omission is soft. */
  | 'significant'
  /** Impressions leave it out as they please. */
  | 'minor';

/** One finding and its names. */
export interface ConceptRow {
  readonly id: string;
  /** What messages call it. */
  readonly label: string;
  readonly weight: Weight;
  /** An acute process: enough to justify "acute cardiopulmonary abnormality". */
  readonly acute?: boolean;
  /** Its broader finding: denying the broader one denies this one. */
  readonly kindOf?: string;
  /** Phrases, singular, lower case, braces for alternatives; the longest phrase of all rows wins. */
  readonly phrases: readonly string[];
}
