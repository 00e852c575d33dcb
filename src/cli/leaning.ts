/** @file Drafting with a model that leans on similar reports: what `train --retrieve` left is found and put to use. */
import type { Leaning, Reranking } from '../generation/choosing.js';
import type { PromptFields } from '../reports/prompt.js';
import { showDownload } from './download.js';

/** The options that tell where the reports are. */
export interface LeaningOptions {
  readonly adapter?: string;
  readonly similarReports?: string;
  readonly rerank?: Reranking;
}

/** Similar reports for choosing among the drafts of a model that leans on none itself. */
const CHOOSING_REPORTS = 5;

/** The directory that says whether the model leans on similar reports. */
const directoryOf = async (modelName: string, adapter: string | undefined): Promise<string> =>
  adapter ?? (await import('../models/open.js')).locateModel(modelName, showDownload());

/** Whether a model was trained to lean on similar reports. */
export const leansOnSimilar = async (modelName: string, adapter: string | undefined): Promise<boolean> => {
  const { readRetrieval } = await import('../models/similar.js');
  return (await readRetrieval(await directoryOf(modelName, adapter))) !== undefined;
};

/**
 * Adds to reports what a model that leans on similar reports wants in its input, and what choosing by them needs. Otherwise
 * they stay as they are.
 *
 * @throws {Failure} When the model's reports were left out and none are given, or some are given that it has no use for.
 */
export const leanOnSimilar = async <Report extends PromptFields>(
  modelName: string,
  reports: readonly Report[],
  { adapter, similarReports, rerank }: LeaningOptions,
): Promise<Leaning<Report>[]> => {
  const [{ addSimilar, readRetrieval }, { readExamples }, { Failure }] = await Promise.all([
    import('../models/similar.js'),
    import('../reports/dataset.js'),
    import('../ground/failure.js'),
  ]);
  const directory = await directoryOf(modelName, adapter);
  const retrieval = await readRetrieval(directory);
  if (retrieval === undefined) {
    if (rerank === 'similar') {
      if (similarReports !== undefined)
        return addSimilar(reports, { k: CHOOSING_REPORTS, reports: await readExamples(similarReports) });
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
