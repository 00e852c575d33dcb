/**
 * @file The figures a training job prints, found in its log by the regular expressions of its metric definitions;
 * CloudWatch finds them by the same ones.
 */

/** A name and the expression whose first group holds the figure. */
export interface MetricDefinition {
  readonly Name: string;
  readonly Regex: string;
}

/** What the trainer of Hugging Face prints beside the evaluation loss; AWS's notebooks add the same two. */
export const trainerMetrics: readonly MetricDefinition[] = [
  { Name: 'train:loss', Regex: "'loss': ([0-9\\.]+)" },
  { Name: 'train:epoch', Regex: "'epoch': ([0-9\\.]+)" },
];

/** The lines of this package's own trainer in its container; see `container/metric-line.ts`. */
export const ownMetrics: readonly MetricDefinition[] = [
  { Name: 'impressionist:train-loss', Regex: 'impressionist metric .*\\btrain_loss=([0-9.eE+-]+)' },
  { Name: 'impressionist:eval-loss', Regex: 'impressionist metric .*\\beval_loss=([0-9.eE+-]+)' },
  { Name: 'impressionist:epoch', Regex: 'impressionist metric .*\\bepoch=([0-9.eE+-]+)' },
];

/** A document's definitions with the trainer's, none twice. */
export const withTrainerMetrics = (own: readonly MetricDefinition[]): MetricDefinition[] => [
  ...own,
  ...trainerMetrics.filter((extra) => !own.some(({ Name, Regex }) => Name === extra.Name || Regex === extra.Regex)),
];

/**
 * A finder of figures in log lines.
 *
 * @param definitions Those whose expression JavaScript does not take are left out: AWS reads them, we only show.
 * @returns What one line holds, by metric name.
 * @example metricFinder(trainerMetrics)("{'loss': 1.5, 'epoch': 0.2}") // { 'train:loss': 1.5, 'train:epoch': 0.2 }
 */
export const metricFinder = (definitions: readonly MetricDefinition[]): ((line: string) => Record<string, number>) => {
  const finders = definitions.flatMap(({ Name, Regex }) => {
    try {
      return [{ name: Name, expression: new RegExp(Regex) }];
    } catch {
      return [];
    }
  });
  return (line) => {
    const found: Record<string, number> = {};
    for (const { name, expression } of finders) {
      const value = Number.parseFloat(expression.exec(line)?.[1] ?? '');
      if (Number.isFinite(value)) found[name] = value;
    }
    return found;
  };
};
