/** @file What is evaluated: plain data, so that this room knows neither files nor models. */

/** One report with the impression to be scored. */
export interface EvaluationItem {
  readonly studyId: string;
  /** Identifies the patient; empty or missing: unknown. */
  readonly subjectId?: string;
  readonly findings: string;
  /** What precedes the findings; may be empty. */
  readonly background: string;
  /** The impression that a radiologist wrote. */
  readonly reference: string;
  /** The impression to be scored; scored as it is, newlines kept. */
  readonly prediction: string;
}
