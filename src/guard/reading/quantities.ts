/**
 * @file Measurements (`3.5 x 2 cm`, `9mm`, `two centimeter`), counts, and numbered ribs and vertebrae.
 * A number without a unit is no measurement: list numbers, dates, view counts and ages pass unread.
 */
import {
  measureJoiners,
  numberWords,
  ordinalEndings,
  ordinalWords,
  type Unit,
  units,
  vertebraParts,
} from '../lexicon/measures.js';
import type { Measure, MeasureValue, NumberedPlace } from './mention.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

const approximateWords: ReadonlySet<string> = new Set([
  'about',
  'approximately',
  'approx',
  'roughly',
  'around',
  'nearly',
  'almost',
  'up',
  '~',
  'least',
]);

/** The number a token says, with the step of its last digit. */
const numberAt = (token: Token | undefined): { value: number; step: number } | undefined => {
  if (token === undefined) return undefined;
  if (token.kind === 'number') {
    const decimals = token.form.length - 1 - token.form.indexOf('.');
    return { value: Number(token.form), step: token.form.includes('.') ? 10 ** -Math.min(decimals, 9) : 1 };
  }
  const value = token.kind === 'word' ? numberWords.get(token.form) : undefined;
  return value === undefined ? undefined : { value, step: 1 };
};

const unitAt = (tokens: readonly Token[], index: number): { unit: Unit; end: number } | undefined => {
  const at = tokens[index]?.form === '-' ? index + 1 : index;
  const unit = units.get(tokens[at]?.form ?? '');
  return unit === undefined ? undefined : { unit, end: at + 1 };
};

/** At most this many numbers make one measurement. */
const mostValues = 4;

/**
 * Reads every measurement.
 *
 * @returns Measurements in order, values in mm, ml, degrees, days ….
 */
export const readMeasures = (tokens: readonly Token[], sentences: readonly Sentence[]): Measure[] => {
  const measures: Measure[] = [];
  for (const [sentence, { first: from, end: to }] of sentences.entries()) {
    for (let first = from; first < to; first += 1) {
      if (numberAt(tokens[first]) === undefined) continue;
      const values: MeasureValue[] = [];
      let pending: MeasureValue[] = [];
      let unit: Unit | undefined;
      let end = first;
      for (let at = first; at < to && values.length + pending.length < mostValues; ) {
        const number = numberAt(tokens[at]);
        if (number === undefined) break;
        pending.push(number);
        at += 1;
        const found = at < to ? unitAt(tokens, at) : undefined;
        if (found !== undefined) {
          if (unit !== undefined && found.unit.dimension !== unit.dimension) break;
          unit = found.unit;
          const { scale } = found.unit;
          values.push(...pending.map(({ value, step }) => ({ value: value * scale, step: step * scale })));
          pending = [];
          at = found.end;
          end = at;
        }
        if (!measureJoiners.has(tokens[at]?.form ?? '')) break;
        at += 1;
      }
      if (unit === undefined) continue;
      const before = tokens[first - 1]?.form ?? '';
      measures.push({
        first,
        end,
        dimension: unit.dimension,
        values,
        approximate: approximateWords.has(before),
        sentence,
      });
      first = end - 1;
    }
  }
  return measures;
};

/** Words that may stand between a number and `rib`, or between two of its numbers. */
const betweenRibNumbers: ReadonlySet<string> = new Set([
  ...ordinalEndings,
  'and',
  'or',
  ',',
  '-',
  '/',
  'to',
  'through',
  'left',
  'right',
  'posterior',
  'anterior',
  'lateral',
  'posterolateral',
  'anterolateral',
  'the',
  'bilateral',
  'level',
]);
const ribReach = 12;

const ribNumber = (token: Token | undefined): number | undefined => {
  if (token?.kind === 'number')
    return /^\d{1,2}$/.test(token.form) && Number(token.form) <= 12 ? Number(token.form) : undefined;
  return token === undefined ? undefined : (ordinalWords.get(token.form) ?? numberWords.get(token.form));
};

const readRibs = (tokens: readonly Token[], rib: number, places: NumberedPlace[]): void => {
  for (let at = rib - 1; at >= Math.max(0, rib - ribReach); at -= 1) {
    const number = ribNumber(tokens[at]);
    if (number !== undefined) places.push({ place: `rib ${number}`, first: at, end: rib + 1 });
    else if (!betweenRibNumbers.has(tokens[at].form)) break;
  }
  for (let at = rib + 1; at < Math.min(tokens.length, rib + ribReach); at += 1) {
    const number = ribNumber(tokens[at]);
    if (number !== undefined && units.get(tokens[at + 1]?.form ?? '') === undefined) {
      places.push({ place: `rib ${number}`, first: rib, end: at + 1 });
    } else if (!['and', ',', '-', 'through', 'to', 'number'].includes(tokens[at].form)) break;
  }
};

/**
 * Reads numbered ribs and vertebrae: `right 5th and 6th ribs`, `rib 7`, `T8`, `T8-9`.
 *
 * @returns Places in no particular order.
 */
export const readNumberedPlaces = (tokens: readonly Token[]): NumberedPlace[] => {
  const places: NumberedPlace[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.form === 'rib') readRibs(tokens, index, places);
    const most = vertebraParts.get(token.form);
    const level = tokens[index + 1];
    if (most === undefined || level?.kind !== 'number' || level.start > token.end + 1) continue;
    const isLevel = (candidate: Token | undefined): boolean =>
      candidate?.kind === 'number' &&
      /^\d{1,2}$/.test(candidate.form) &&
      Number(candidate.form) >= 1 &&
      Number(candidate.form) <= most;
    if (!isLevel(level)) continue;
    places.push({ place: `${token.form.toUpperCase()}${Number(level.form)}`, first: index, end: index + 2 });
    const second = tokens[index + 3];
    if (
      ['-', '/', 'to', 'and', 'through'].includes(tokens[index + 2]?.form) &&
      isLevel(second) &&
      !units.has(tokens[index + 4]?.form)
    ) {
      places.push({ place: `${token.form.toUpperCase()}${Number(second.form)}`, first: index, end: index + 4 });
    }
  }
  return places;
};

/** A count that stands before a finding, `two` of `two small nodules`; undefined where there is none. */
export const countBefore = (tokens: readonly Token[], first: number): number | undefined => {
  for (let at = first - 1; at >= Math.max(0, first - 3); at -= 1) {
    const number = numberAt(tokens[at]);
    const previous = tokens[at - 1];
    if (number !== undefined) {
      const plain =
        Number.isInteger(number.value) &&
        number.value >= 2 &&
        number.value <= 20 &&
        unitAt(tokens, at + 1) === undefined;
      return plain &&
        !measureJoiners.has(previous?.form ?? '') &&
        !vertebraParts.has(previous?.form ?? '') &&
        !ordinalEndings.has(tokens[at + 1]?.form ?? '')
        ? number.value
        : undefined;
    }
    if (tokens[at].kind !== 'word') return undefined;
  }
  return undefined;
};
