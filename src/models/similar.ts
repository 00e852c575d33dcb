/**
 * @file `similar.json` of a model directory: that the model leans on similar reports, on how many, and the reports
 * themselves unless they were left out. It holds report text; a model directory without it holds none.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFailure, writeWhole } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import type { Example } from '../reports/example.js';
import { indexReports, type SimilarImpression, type SimilarQuery, similarText } from '../reports/similar.js';

const SIMILAR_FILE = 'similar.json';

/** How a model leans on similar reports. */
export interface Retrieval {
  /** Reports whose impressions are part of the input. */
  readonly k: number;
  /** The reports to search; undefined when they are kept elsewhere. */
  readonly reports?: readonly Example[];
}

const schema = z.object({
  note: z.string().optional(),
  k: z.int().min(1),
  reports: z
    .array(
      z.object({
        study_id: z.string(),
        subject_id: z.string(),
        findings: z.string(),
        impression: z.string(),
      }),
    )
    .optional(),
});

/**
 * How the model of a directory leans on similar reports.
 *
 * @returns Undefined when it does not.
 * @throws {Failure} When the file is damaged.
 */
export const readRetrieval = async (directory: string): Promise<Retrieval | undefined> => {
  const path = join(directory, SIMILAR_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw readFailure(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const result = schema.safeParse(json);
  if (!result.success)
    throw new Failure({ what: 'the index of similar reports is damaged', where: path, fix: 'train the model again' });
  return {
    k: result.data.k,
    reports: result.data.reports?.map(({ study_id, subject_id, findings, impression }) => ({
      studyId: study_id,
      subjectId: subject_id,
      findings,
      impression,
      background: '',
    })),
  };
};

/** Writes {@link readRetrieval}'s file beside a model. */
export const writeRetrieval = (directory: string, { k, reports }: Retrieval): Promise<void> => {
  const note = 'This file holds report text: keep it where the reports themselves may lie.';
  const stored = reports?.map(({ studyId, subjectId, findings, impression }) => ({
    study_id: studyId,
    subject_id: subjectId,
    findings,
    impression,
  }));
  const content = stored === undefined ? { k } : { note, k, reports: stored };
  return writeWhole(join(directory, SIMILAR_FILE), `${JSON.stringify(content)}\n`);
};

/** A report with the impressions it is to be drafted with, and whose they are. */
export type WithSimilar<Report> = Report & {
  readonly similar: string;
  /** The most similar first. */
  readonly leanedOn: readonly SimilarImpression[];
};

/** Adds to a report the impressions of the reports most like it. */
export type AddSimilar = <Report extends SimilarQuery>(report: Report) => WithSimilar<Report>;

/**
 * Makes a model's similar reports searchable.
 *
 * @throws {Failure} When the model's index was left out and no reports are given.
 * @example const lean = leaningOn(await readRetrieval(model)); lean({ findings, background: '' }).similar
 */
export const leaningOn = ({ k, reports: pool }: Retrieval): AddSimilar => {
  if (pool === undefined) {
    throw new Failure({
      what: 'the model leans on similar reports, but they were left out of its directory',
      fix: 'give them: --similar-reports TRAINING_DATA',
    });
  }
  const index = indexReports(pool);
  return (report) => {
    const found = index.search(report, k);
    return {
      ...report,
      similar: similarText(found),
      leanedOn: found.map(({ studyId, impression }) => ({ studyId, impression })),
    };
  };
};

/**
 * Adds to each report the impressions of the reports most like it.
 *
 * @returns The reports in their order.
 * @throws {Failure} When the model's index was left out and no reports are given.
 * @example const [report] = addSimilar([{ findings, background: '' }], await readRetrieval(model));
 */
export const addSimilar = <Report extends SimilarQuery>(
  reports: readonly Report[],
  retrieval: Retrieval,
): WithSimilar<Report>[] => reports.map(leaningOn(retrieval));
