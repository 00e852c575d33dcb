/** @file What something costs, as far as the user's price tells; AWS's prices differ by region and change. */
import { duration } from '../progress.js';

/**
 * Time that is paid for, with its price where the user gave one.
 *
 * @param seconds Of one machine.
 * @param pricePerHour In dollars, of one machine.
 * @example paidTime(5400, 2, 1.5) // '1 h 30 min on 2 machines, about 4.50 USD'
 */
export const paidTime = (seconds: number, machines: number, pricePerHour?: number): string => {
  const time = `${duration(seconds)}${machines > 1 ? ` on ${machines} machines` : ''}`;
  if (pricePerHour === undefined) return time;
  return `${time}, about ${((seconds / 3600) * machines * pricePerHour).toFixed(2)} USD`;
};

/** How old something is, in its largest unit. */
export const age = (date: Date, now = Date.now()): string => {
  const hours = (now - date.getTime()) / 3_600_000;
  if (hours < 1) return `${Math.max(0, Math.round(hours * 60))} min`;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${Math.round(hours / 24)} days`;
};
