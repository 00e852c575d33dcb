/**
 * @file The reports most like a given one, by BM25 over their findings (Robertson & Zaragoza 2009; k1 1.2, b 0.75, the
 * idf of Lucene, which is never negative). A report is never its own neighbour, nor is one of the same patient.
 */
import type { Example } from './example.js';

/** What a search compares and leaves out. */
export type SimilarQuery = Pick<Example, 'findings'> & Partial<Pick<Example, 'studyId' | 'subjectId'>>;

/** What is taken from a similar report. */
export type SimilarImpression = Pick<Example, 'studyId' | 'impression'>;

/** Reports that can be searched. */
export interface SimilarReports {
  readonly reports: readonly Example[];
  /**
   * The `k` most similar reports, the most similar first; fewer where fewer share a word.
   *
   * @param query Reports of its study or its patient, and the object itself, are left out.
   */
  search(query: SimilarQuery, k: number): Example[];
}

const K1 = 1.2;
const B = 0.75;

/**
 * Postings read for one query at most, rarest words first. On a hundred thousand reports the words that nearly all share would
 * take nearly all of the time and change nearly nothing.
 */
const MOST_POSTINGS = 200_000;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * Makes reports searchable.
 *
 * @example const index = indexReports(train); index.search(example, 3).map(({ impression }) => impression);
 */
export const indexReports = (reports: readonly Example[]): SimilarReports => {
  const postings = new Map<string, { reports: number[]; counts: number[] }>();
  const lengths = reports.map(({ findings }, index) => {
    const words = wordsOf(findings);
    for (const word of words) {
      let found = postings.get(word);
      if (found === undefined) {
        found = { reports: [], counts: [] };
        postings.set(word, found);
      }
      if (found.reports.at(-1) === index) found.counts[found.counts.length - 1]++;
      else {
        found.reports.push(index);
        found.counts.push(1);
      }
    }
    return words.length;
  });
  const meanLength = lengths.reduce((total, length) => total + length, 0) / Math.max(1, reports.length) || 1;
  const idf = (count: number): number => Math.log(1 + (reports.length - count + 0.5) / (count + 0.5));
  const scores = new Float64Array(reports.length);

  return {
    reports,
    search: (query, k) => {
      scores.fill(0);
      const touched: number[] = [];
      const terms = [...new Set(wordsOf(query.findings))]
        .flatMap((word) => postings.get(word) ?? [])
        .sort((a, b) => a.reports.length - b.reports.length);
      let read = 0;
      for (const term of terms) {
        if (read > 0 && read + term.reports.length > MOST_POSTINGS) break;
        read += term.reports.length;
        const weight = idf(term.reports.length);
        for (const [place, report] of term.reports.entries()) {
          const count = term.counts[place];
          if (scores[report] === 0) touched.push(report);
          scores[report] += (weight * count * (K1 + 1)) / (count + K1 * (1 - B + (B * lengths[report]) / meanLength));
        }
      }
      const allowed = touched.filter((index) => {
        const report = reports[index];
        const sameStudy = query.studyId !== undefined && query.studyId !== '' && report.studyId === query.studyId;
        const samePatient =
          query.subjectId !== undefined && query.subjectId !== '' && report.subjectId === query.subjectId;
        return report !== query && !sameStudy && !samePatient;
      });
      return allowed
        .sort((a, b) => scores[b] - scores[a] || a - b)
        .slice(0, k)
        .map((index) => reports[index]);
    },
  };
};

/** Words of a prompt's similar impressions at most, so that they never take the findings' place. */
const MOST_WORDS = 150;

/**
 * The impressions of similar reports as the prompt's field `{similar}`: divided by semicolons, cut after 150 words.
 *
 * @example similarText(index.search(example, 3))
 */
export const similarText = (reports: readonly Example[]): string => {
  const text = reports.map(({ impression }) => impression.replace(/\s+/g, ' ').trim()).join(' ; ');
  const words = text.split(' ');
  return words.length <= MOST_WORDS ? text : words.slice(0, MOST_WORDS).join(' ');
};
