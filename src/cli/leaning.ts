/** @file Drafting with a model that leans on similar reports: what `train --retrieve` left is found and put to use. */
import type { PromptFields } from '../reports/prompt.js';
import { showDownload } from './download.js';

/** The options that tell where the reports are. */
export interface LeaningOptions {
  readonly adapter?: string;
  readonly similarReports?: string;
  readonly rerank?: Reranking;
}

/** What orders several drafts of a report: the guard's flags, or agreement with similar reports. */
export type Reranking = 'guard' | 'similar';

/** Similar reports for {@link Reranking} with a model that leans on none itself. */
const RERANKING_REPORTS = 5;

/** A report as it is drafted, and the reports it leans on: their study ids, and their impressions; undefined for none. */
export type Leaning<Report> = Report & {
  readonly leanedOn?: readonly string[];
  readonly similarImpressions?: readonly string[];
};

/**
 * Adds to reports what a model that leans on similar reports wants in its input, and what reranking by them needs. Otherwise
 * they stay as they are.
 *
 * @throws {Failure} When the model's reports were left out and none are given, or some are given that it has no use for.
 */
export const leanOnSimilar = async <Report extends PromptFields>(
  modelName: string,
  reports: readonly Report[],
  { adapter, similarReports, rerank }: LeaningOptions,
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
    if (rerank === 'similar') {
      if (similarReports !== undefined)
        return addSimilar(reports, { k: RERANKING_REPORTS, reports: await readExamples(similarReports) });
      throw new Failure({
        what: 'no similar reports to order the drafts by',
        where: directory,
        fix: 'give some: --similar-reports TRAINING_DATA',
      });
    }
    if (similarReports === undefined) return [...reports];
    throw new Failure({
      what: 'the model leans on no similar reports',
      where: directory,
      fix: 'leave out --similar-reports, add --n-best N --rerank similar, or train a model with --retrieve',
    });
  }
  const pool = similarReports === undefined ? retrieval.reports : await readExamples(similarReports);
  return addSimilar(reports, { k: retrieval.k, reports: pool });
};
