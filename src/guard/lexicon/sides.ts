/**
 * @file The words for sides. Sources: the Fleischner glossary; the usual abbreviations of lobes; wordings met in public
 * reports; the names of spinal curves (Scoliosis Research Society's terminology).
 */

/** `both` stands for bilateral words; `left greater than right` is read as two sides. */
export type Side = 'left' | 'right' | 'both';

export const sidePhrases: Readonly<Record<Side, readonly string[]>> = {
  left: [
    'left',
    'left sided',
    'lt',
    'l',
    'leftward',
    'lll',
    'lul',
    'lingula',
    'lingular',
    'retrocardiac',
    'levoscoliosis',
    'levoscoliotic',
    'levocurvature',
    'levoconvex',
    'levo scoliosis',
    'levorotoscoliosis',
  ],
  right: [
    'right',
    'right sided',
    'rt',
    'r',
    'rightward',
    'rll',
    'rul',
    'rml',
    'dextroscoliosis',
    'dextroscoliotic',
    'dextrocurvature',
    'dextroconvex',
    'dextro scoliosis',
    'dextrorotoscoliosis',
  ],
  both: [
    'bilateral',
    'bilaterally',
    'both',
    'bibasilar',
    'bibasal',
    'biapical',
    'bilat',
    'b / l',
    'biventricular',
    'bihilar',
    'each lung',
    'left and right',
    'right and left',
    'left or right',
    'right or left',
    'right and the left',
    'left and the right',
  ],
};

/** Places that lie on the left without saying so; an impression that names one is not held to it. */
export const impliedSides: ReadonlySet<string> = new Set(['lingula', 'lingular', 'retrocardiac']);

/** How the words begin that say to which side the spine curves. */
export const curvePrefix: RegExp = /^(?:dextro|levo)/;

/** Words of which `larger than right` and `right greater than left` are made; they compare sides, not studies. */
export const orderWords: ReadonlySet<string> = new Set(['greater', 'more', 'worse', 'larger', 'bigger', 'higher']);

/** Adverbs that put more of a finding on the side behind them: `predominantly right sided`. */
export const comparativeAdverbs: ReadonlySet<string> = new Set([
  'predominantly',
  'predominately',
  'mostly',
  'mainly',
  'chiefly',
  'most',
]);

/** Words behind `both` that make it speak of things, not sides: `both stable`, `both on PA and lateral views`. */
export const bothOfThings: ReadonlySet<string> = new Set([
  'stable',
  'unchanged',
  'are',
  'were',
  'of',
  'is',
  'appear',
  'have',
  'on',
  'seen',
  'in',
  'the',
  'pa',
  'frontal',
  '.',
  ',',
]);
