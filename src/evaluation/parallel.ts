/**
 * @file References and predictions in the parallel form that RadEval reads (github jbdel/RadEval, `docs/file_formats.md`
 * at commit e0a3909): `{"references": [...], "hypotheses": [...]}`. Its line-per-report form is not written: there an
 * empty prediction would vanish and shift all that follow.
 */
import type { EvaluationItem } from './item.js';

/**
 * The content of a RadEval JSON file; `study_ids` in the same order is extra and ignored there.
 *
 * @example await writeWhole('radeval.json', radEvalJson(items));
 */
export const radEvalJson = (items: readonly EvaluationItem[]): string =>
  `${JSON.stringify(
    {
      references: items.map(({ reference }) => reference),
      hypotheses: items.map(({ prediction }) => prediction),
      study_ids: items.map(({ studyId }) => studyId),
    },
    null,
    1,
  )}\n`;
