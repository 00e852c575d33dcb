/**
 * @file Names of jobs, models and endpoints: at most 63 letters, digits and hyphens; unique by a UTC time stamp.
 *
 * Source: sagemaker-python-sdk 2.257, `name_from_base` in `utils.py`; the patterns of the SageMaker API.
 */
import { Failure } from '../../ground/failure.js';

/** The longest name SageMaker takes. */
export const longestName = 63;

/**
 * `BASE-yyyy-mm-dd-HH-MM-SS-mmm` in UTC, the base cut so that the whole fits.
 *
 * @example nameFrom('hf-text2text-flan-t5-xl', new Date(0)) // 'hf-text2text-flan-t5-xl-1970-01-01-00-00-00-000'
 */
export const nameFrom = (base: string, now = new Date()): string => {
  const stamp = now.toISOString().replace(/[T:.]/g, '-').replace('Z', '');
  const cut = base.replace(/[^a-zA-Z0-9-]/g, '-').slice(0, longestName - stamp.length - 1);
  return `${cut.replace(/-+$/, '')}-${stamp}`;
};

/**
 * Checks a name the user gave.
 *
 * @throws {Failure} When SageMaker would refuse it.
 */
export const checkName = (name: string, option: string): string => {
  if (name.length <= longestName && /^[a-zA-Z0-9](?:-*[a-zA-Z0-9])*$/.test(name)) return name;
  throw new Failure({
    what: 'SageMaker does not take this name',
    where: option,
    got: `'${name}'`,
    fix: `use at most ${longestName} letters, digits and hyphens, starting and ending with a letter or digit`,
  });
};
