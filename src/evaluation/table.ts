/** @file The evaluation as lines of text: both stemmer settings, n, intervals, and the baselines as rows beside the system. */
import { baselineNames, type Evaluation, type ScoredSet } from './evaluate.js';
import { type ReportedRouge, rougeSettings, rougeTypes } from './figures.js';

const titles: Readonly<Record<ReportedRouge, string>> = {
  rouge1: 'ROUGE-1',
  rouge2: 'ROUGE-2',
  rougeL: 'ROUGE-L',
  rougeLsum: 'ROUGE-Lsum',
};

/** A fraction as points: 48.7; a dash where there is none. */
export const points = (fraction: number): string => (Number.isNaN(fraction) ? '–' : (100 * fraction).toFixed(1));

/**
 * Rows of cells as aligned lines: the first column to the left, the others to the right.
 *
 * @param rows The first is the head; all of one length.
 */
export const alignedLines = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
};

/** The names under which systems are shown. */
export const systemTitles = {
  system: 'predictions',
  fixed: 'fixed sentence',
  lead: 'lead sentence',
  nearest: 'nearest report',
} as const;

/**
 * The table that `evaluate` prints.
 *
 * @example console.log(scoreTable(evaluate(items).evaluation));
 */
export const scoreTable = (evaluation: Evaluation): string => {
  const { settings, examples, baselines } = evaluation;
  const systems: readonly (readonly [string, ScoredSet])[] = [
    [systemTitles.system, evaluation],
    ...baselineNames.map((name) => [systemTitles[name], baselines[name]] as const),
  ];
  const blocks = rougeSettings.map((setting) => {
    const head = [
      setting === 'stemmed' ? 'F1, Porter-stemmed words' : 'F1, plain words',
      ...rougeTypes.map((type) => titles[type]),
    ];
    const rows = systems.map(([title, set]) => [
      title,
      ...rougeTypes.map((type) => {
        const { low, high } = set.intervals.rouge[setting][type].fmeasure;
        return `${points(set.rouge[setting][type].fmeasure)} [${points(low)}, ${points(high)}]`;
      }),
    ]);
    return alignedLines([head, ...rows]).join('\n');
  });
  const lines = [
    `n = ${examples} examples; [ ] = ${100 * settings.confidence} % bootstrap intervals, ${settings.resamples} samples, seed ${settings.seed}`,
    '',
    blocks.join('\n\n'),
    '',
    ...baselineNames.map((name) => `${systemTitles[name]}: ${baselines[name].description}`),
  ];
  if (evaluation.emptyPredictions > 0)
    lines.push('', `${evaluation.emptyPredictions} predictions are empty and score 0.`);
  return lines.join('\n');
};
