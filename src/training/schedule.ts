/**
 * @file The learning rate over a run: up from zero in a warm-up, then straight down to zero at the end, down along half
 * a cosine, or level. A run's progress
 * is a share from 0 to 1, of its steps or of its time, so that a run that has to end by the clock decays to the end too.
 */

/** A learning rate's course. */
export interface Schedule {
  /** The highest rate, reached when the warm-up ends. */
  readonly learningRate: number;
  /** Share of the run spent on the warm-up. */
  readonly warmup: number;
  /** The course after the warm-up; default `linear`. */
  readonly schedule?: ScheduleShape;
}

/** How the rate goes after the warm-up: straight down to 0, down to 0 along half a cosine, or level. */
export type ScheduleShape = 'linear' | 'cosine' | 'constant';

/**
 * The rate at a point of the run.
 *
 * @param progress Share of the run that is done, 0 to 1.
 * @example rateAt({ learningRate: 1e-3, warmup: 0.1, schedule: 'linear' }, 0.55) // 5e-4
 */
export const rateAt = ({ learningRate, warmup, schedule = 'linear' }: Schedule, progress: number): number => {
  const done = Math.min(Math.max(progress, 0), 1);
  if (done < warmup) return (learningRate * done) / warmup;
  if (schedule === 'constant' || warmup === 1) return learningRate;
  const left = (1 - done) / (1 - warmup);
  return learningRate * (schedule === 'linear' ? left : (1 - Math.cos(Math.PI * left)) / 2);
};
