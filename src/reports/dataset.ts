/**
 * @file Examples from a file: MEDIQA 2021's JSON list (what `prepare` writes), the same objects as JSON Lines, or CSV
 * with the same names as header: `study_id, subject_id, findings, impression, background`. Other fields are left alone.
 */
import { Failure } from '../ground/failure.js';
import type { Example } from './example.js';
import { kindOf } from './json.js';
import { type RawRecord, readRecords } from './records.js';

/** What the examples are needed for. */
export interface ReadExamplesOptions {
  /**
   * Whether every example must have a reference impression, as training and scoring need, or may come without one,
   * as drafting allows. Default `required`.
   */
  readonly impressions?: 'required' | 'optional';
}

/**
 * Reads examples from a file, in its order.
 *
 * Ids may be JSON numbers or strings and come out as strings. `subject_id` and `background` may be missing (empty
 * then). Two examples may share a study id; {@link repeatedStudyIds} tells.
 *
 * @param path A `.json`, `.jsonl`/`.ndjson` or `.csv` file in UTF-8, with or without a byte-order mark.
 * @throws {Failure} When the file can't be read or holds no examples, or one lacks a field (names record or line).
 * @example const examples = await readExamples('dev.json');
 */
export const readExamples = async (path: string, options: ReadExamplesOptions = {}): Promise<Example[]> => {
  const needImpression = options.impressions !== 'optional';
  const columns = ['study_id', 'findings', ...(needImpression ? ['impression'] : [])];
  return (await readRecords(path, columns)).map((record) => ({
    studyId: requiredId(record, 'study_id'),
    subjectId: optionalId(record, 'subject_id'),
    findings: requiredText(record, 'findings'),
    impression: needImpression ? requiredText(record, 'impression') : optionalText(record, 'impression'),
    background: optionalText(record, 'background'),
  }));
};

/**
 * Study ids that stand at more than one example, each once, in the order of their second appearance.
 *
 * @example repeatedStudyIds(examples) // [] when all differ
 */
export const repeatedStudyIds = (examples: readonly Pick<Example, 'studyId'>[]): string[] => {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { studyId } of examples) (seen.has(studyId) ? repeated : seen).add(studyId);
  return [...repeated];
};

/**
 * The id in a field: a non-empty string, or a whole number that JSON carries exactly.
 *
 * @throws {Failure} When it is missing, empty, of another kind, or a number that was rounded on reading.
 */
export const requiredId = (record: RawRecord, name: string): string => {
  const id = optionalId(record, name);
  if (id === '') throw missing(record, name);
  return id;
};

const optionalId = ({ fields, where }: RawRecord, name: string): string => {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  if (Number.isSafeInteger(value)) return String(value);
  throw new Failure({
    what: `${name} is not an id`,
    where,
    got: typeof value === 'number' ? 'a number that is not a whole one below 2^53' : kindOf(value),
    fix: 'write ids as strings',
  });
};

const requiredText = (record: RawRecord, name: string): string => {
  const text = optionalText(record, name);
  if (text.trim() === '') throw missing(record, name);
  return text;
};

/**
 * The text in a field, empty when it is missing or null.
 *
 * @throws {Failure} When it is of another kind.
 */
export const optionalText = ({ fields, where }: RawRecord, name: string): string => {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new Failure({ what: `${name} is not text`, where, got: kindOf(value), fix: 'write it as a string' });
};

const missing = ({ fields, where }: RawRecord, name: string): Failure =>
  new Failure({
    what: `an example without ${name}`,
    where,
    got: fields[name] === undefined || fields[name] === null ? 'no such field' : 'an empty one',
    fix: `fill it in or remove the example`,
  });
