/**
 * @file How long work is shown: a bar with rate and time left on a terminal, a plain line every few seconds when
 * piped. It goes to standard error, so that standard output holds results only.
 */
import { createRequire } from 'node:module';

/** Shows how far some work has come. */
export interface Progress {
  /**
   * @param done How many units are done.
   * @param note A short text shown behind the numbers, e.g. `loss 1.84`.
   */
  update(done: number, note?: string): void;
  /** Ends the display, leaving the last state visible. */
  stop(): void;
}

/** A whole number with its thousands set apart; `toLocaleString` would load the language data first, for 20 ms. */
export const thousands = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** Seconds as a person says them: `8 s`, `2 min 05 s`, `1 h 04 min`. */
export const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
};

/**
 * Starts showing progress.
 *
 * @param title What is being done, e.g. `reading reports`.
 * @param total Number of units in all.
 * @param unit The unit's plural name, e.g. `reports`.
 * @param secondsBetweenLines Least time between two lines when piped; default 10.
 */
export const startProgress = (title: string, total: number, unit: string, secondsBetweenLines = 10): Progress => {
  const started = performance.now();
  const state = (done: number, note: string): string => {
    const elapsed = (performance.now() - started) / 1000;
    const rate = done / Math.max(elapsed, 1e-9);
    const left = done > 0 && done < total ? `, ${duration((total - done) / rate)} left` : '';
    const shownRate = rate >= 10 ? thousands(Math.round(rate)) : rate.toPrecision(2);
    return `${thousands(done)}/${thousands(total)} ${unit}, ${shownRate} a second${left}${note ? `, ${note}` : ''}`;
  };

  if (process.stderr.isTTY) {
    // Loaded only where there is a terminal to draw on.
    const { SingleBar }: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress');
    const bar = new SingleBar({
      format: `${title} {bar} {state}`,
      stream: process.stderr,
      hideCursor: true,
      barsize: 24,
    });
    let last = { done: 0, note: '' };
    bar.start(total, 0, { state: state(0, '') });
    return {
      update: (done, note = '') => {
        last = { done, note };
        bar.update(done, { state: state(done, note) });
      },
      stop: () => {
        bar.update(last.done, { state: state(last.done, last.note) });
        bar.stop();
      },
    };
  }

  let lastLine = started;
  let pending: string | undefined;
  return {
    update: (done, note = '') => {
      pending = state(done, note);
      const now = performance.now();
      if (now - lastLine < secondsBetweenLines * 1000) return;
      lastLine = now;
      console.error(`${title}: ${pending}`);
      pending = undefined;
    },
    stop: () => {
      if (pending !== undefined) console.error(`${title}: ${pending}`);
    },
  };
};
