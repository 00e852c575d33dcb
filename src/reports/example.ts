/**
 * @file One training or evaluation example: the parts of a radiology report that the task uses.
 * In files the fields are those of MEDIQA 2021 (`study_id`, `subject_id`, `findings`, `impression`, `background`).
 */

/** The findings of a study, what precedes them, and the impression a radiologist wrote. */
export interface Example {
  /** Identifies the study, e.g. `58832226`. */
  readonly studyId: string;
  /** Identifies the patient; no patient may stand on both sides of a split. */
  readonly subjectId: string;
  readonly findings: string;
  /** The reference impression; empty where none is known. */
  readonly impression: string;
  /** Indication, history, technique, comparison: everything before the findings; may be empty. */
  readonly background: string;
}
