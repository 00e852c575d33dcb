/** @file Setting aside a part of the examples for the dev loss, so that no patient is on both sides. */
import { Failure } from '../ground/failure.js';
import { Random } from '../ground/random.js';
import type { Example } from '../reports/example.js';

/**
 * Splits examples by patient. Those without a `subject_id` count as a patient each.
 *
 * @param devShare Share of the patients to set aside, at least one of them.
 * @throws {Failure} When there are fewer than two patients.
 * @example const { train, dev } = splitByPatient(examples, 0.1, 7);
 */
export const splitByPatient = (
  examples: readonly Example[],
  devShare: number,
  seed: number,
): { train: Example[]; dev: Example[] } => {
  const patientOf = (example: Example, index: number): string => example.subjectId || `example ${index}`;
  const patients = [...new Set(examples.map(patientOf))];
  if (patients.length < 2) {
    throw new Failure({
      what: 'too few patients to set some aside for the dev loss',
      got: `${patients.length} patient of ${examples.length} examples`,
      fix: 'give dev data with --dev',
    });
  }
  const count = Math.min(Math.max(1, Math.round(patients.length * devShare)), patients.length - 1);
  const aside = new Set(Random.seeded(seed, 'dev split').shuffle(patients).slice(0, count));
  const isDev = (example: Example, index: number): boolean => aside.has(patientOf(example, index));
  return {
    train: examples.filter((example, index) => !isDev(example, index)),
    dev: examples.filter(isDev),
  };
};
