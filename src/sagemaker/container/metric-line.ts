/**
 * @file Figures as lines of the log, one set a line, for the expressions in `training/metrics.ts` by which CloudWatch and
 * `sagemaker train` find them.
 */

/**
 * A line of figures.
 *
 * @param figures By name, in snake case; those that are no number are left out.
 * @example metricLine({ step: 20, train_loss: 1.5 }) // 'impressionist metric step=20 train_loss=1.5'
 */
export const metricLine = (figures: Readonly<Record<string, number | undefined>>): string =>
  [
    'impressionist metric',
    ...Object.entries(figures)
      .filter(([, value]) => value !== undefined && Number.isFinite(value))
      .map(([name, value]) => `${name}=${Number(value!.toPrecision(7))}`),
  ].join(' ');
