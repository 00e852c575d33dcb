/** @file Units, number words and numbered places (ribs, vertebrae). Source: the SI brochure; anatomy. */

/** The dimension of a unit; values are compared within one dimension after scaling. */
export type Dimension = 'length' | 'volume' | 'percent' | 'angle' | 'time' | 'gauge' | 'attenuation' | 'mass' | 'dose';

/** A unit: its dimension and its size in the dimension's base (mm, ml, day, …). */
export interface Unit {
  readonly dimension: Dimension;
  readonly scale: number;
}

const unit = (dimension: Dimension, scale: number): Unit => ({ dimension, scale });

export const units: ReadonlyMap<string, Unit> = new Map([
  ['mm', unit('length', 1)],
  ['millimeter', unit('length', 1)],
  ['cm', unit('length', 10)],
  ['centimeter', unit('length', 10)],
  ['meter', unit('length', 1000)],
  ['inch', unit('length', 25.4)],
  ['ml', unit('volume', 1)],
  ['milliliter', unit('volume', 1)],
  ['cc', unit('volume', 1)],
  ['liter', unit('volume', 1000)],
  ['%', unit('percent', 1)],
  ['percent', unit('percent', 1)],
  ['degree', unit('angle', 1)],
  ['°', unit('angle', 1)],
  ['french', unit('gauge', 1)],
  ['fr', unit('gauge', 1)],
  ['hu', unit('attenuation', 1)],
  ['mg', unit('mass', 0.001)],
  ['gram', unit('mass', 1)],
  ['kg', unit('mass', 1000)],
  ['hour', unit('time', 1 / 24)],
  ['day', unit('time', 1)],
  ['week', unit('time', 7)],
  ['month', unit('time', 30)],
  ['year', unit('time', 365)],
]);

export const numberWords: ReadonlyMap<string, number> = new Map(
  [
    'zero',
    'one',
    'two',
    'three',
    'four',
    'five',
    'six',
    'seven',
    'eight',
    'nine',
    'ten',
    'eleven',
    'twelve',
    'thirteen',
    'fourteen',
    'fifteen',
    'sixteen',
    'seventeen',
    'eighteen',
    'nineteen',
    'twenty',
  ].map((word, value) => [word, value]),
);

export const ordinalWords: ReadonlyMap<string, number> = new Map(
  [
    'first',
    'second',
    'third',
    'fourth',
    'fifth',
    'sixth',
    'seventh',
    'eighth',
    'ninth',
    'tenth',
    'eleventh',
    'twelfth',
  ].map((word, index) => [word, index + 1]),
);

export const ordinalEndings: ReadonlySet<string> = new Set(['st', 'nd', 'rd', 'th']);

/** Between a number and the next of the same measurement: `3.5 x 2 cm`, `3 to 4 mm`, `3-4 mm`. */
export const measureJoiners: ReadonlySet<string> = new Set(['x', '×', 'by', 'to', '-', '*', 'and', 'or']);

/** Words of moving a tube: the length behind them is advice, not a measurement of the image. */
export const movements: ReadonlySet<string> = new Set([
  'pull',
  'pulling',
  'withdraw',
  'withdrawing',
  'withdrawal',
  'advance',
  'advancing',
  'advancement',
  'retract',
  'retracting',
  'retraction',
  'reposition',
  'repositioning',
]);

/** How many vertebrae each part of the spine has. */
export const vertebraParts: ReadonlyMap<string, number> = new Map([
  ['c', 7],
  ['t', 12],
  ['l', 5],
  ['s', 5],
]);
