/**
 * @file Normal and abnormal reports: most chest X-rays are normal and nearly any model describes them well, so scores
 * are told apart. The rule is published and needs no person: a report is normal when the labels of its reference
 * impression have "No Finding", i.e. nothing but devices is named as present or possible (`labels/`).
 */
import type { Labels } from './labels/observations.js';

export const strata = ['normal', 'abnormal'] as const;
export type Stratum = (typeof strata)[number];

/** The rule in a sentence, printed with the figures. */
export const stratumRule =
  'normal: by the labeling rules the reference impression names nothing but devices as present or possible; abnormal: all others';

/** The stratum of a report from the labels of its reference impression. */
export const stratumOf = (reference: Labels): Stratum =>
  reference['No Finding'] === 'positive' ? 'normal' : 'abnormal';
