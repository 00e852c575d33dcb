/** @file Reading option values: numbers within their bounds, with commander's usage error (exit 2) for anything else. */
import { InvalidArgumentError } from 'commander';

/** A whole number of at least `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };

/** A number from `least` to `most`; `open` ends are not allowed themselves. */
export const numberBetween =
  (least: number, most: number, { openLeast = false, openMost = false } = {}) =>
  (text: string): number => {
    const value = Number(text);
    const low = openLeast ? value > least : value >= least;
    const high = openMost ? value < most : value <= most;
    if (text.trim() === '' || !Number.isFinite(value) || !low || !high) {
      const from = openLeast ? `above ${least}` : `at least ${least}`;
      const to = most === Number.POSITIVE_INFINITY ? '' : openMost ? ` and below ${most}` : ` and at most ${most}`;
      throw new InvalidArgumentError(`It must be a number ${from}${to}.`);
    }
    return value;
  };

/** A number above 0. */
export const positiveNumber = numberBetween(0, Number.POSITIVE_INFINITY, { openLeast: true });
