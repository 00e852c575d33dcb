/** @file Drafting with a model that leans on similar reports: what `train --retrieve` left is found and put to use. */
import type { PromptFields } from '../reports/prompt.js';
import { showDownload } from './download.js';

/** The options that tell where the reports are. */
export interface LeaningOptions {
  readonly adapter?: string;
  readonly similarReports?: string;
}

/** A report as it is drafted, and the study ids of the reports it leans on; undefined where the model does not. */
export type Leaning<Report> = Report & { readonly leanedOn?: readonly string[] };

/**
 * Adds to reports what a model that leans on similar reports wants in its input. For other models they stay as they are.
 *
 * @throws {Failure} When the model's reports were left out and none are given, or some are given that it has no use for.
 */
export const leanOnSimilar = async <Report extends PromptFields>(
  modelName: string,
  reports: readonly Report[],
  { adapter, similarReports }: LeaningOptions,
): Promise<Leaning<Report>[]> => {
  const [{ locateModel }, { addSimilar, readRetrieval }, { readExamples }, { Failure }] = await Promise.all([
    import('../models/open.js'),
    import('../models/similar.js'),
    import('../reports/dataset.js'),
    import('../ground/failure.js'),
  ]);
  const directory = adapter ?? (await locateModel(modelName, showDownload()));
  const retrieval = await readRetrieval(directory);
  if (retrieval === undefined) {
    if (similarReports === undefined) return [...reports];
    throw new Failure({
      what: 'the model leans on no similar reports',
      where: directory,
      fix: 'leave out --similar-reports, or train a model with --retrieve',
    });
  }
  const pool = similarReports === undefined ? retrieval.reports : await readExamples(similarReports);
  return addSimilar(reports, { k: retrieval.k, reports: pool });
};
