/**
 * @file The figures of an evaluation and how they come about: each example gives a row of numbers, every figure follows
 * from the rows' column sums, and so the same two functions serve the whole set, a stratum, a baseline, a bootstrap
 * sample.
 */
import { type BootstrapSettings, bootstrap, type Interval } from './bootstrap.js';
import type { RougeScore, RougeScores, RougeSettings } from './rouge.js';

/** The types of ROUGE that an evaluation prints. */
export const rougeTypes = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;
export type ReportedRouge = (typeof rougeTypes)[number];

/** Both stemmer settings, in the order of the columns. */
export const rougeSettings = ['plain', 'stemmed'] as const;

/** What one prediction scored. */
export interface ExampleScores {
  readonly rouge: RougeSettings<ReportedRouge>;
}

/** Figures of a set of predictions: means over the examples. */
export interface Figures {
  readonly rouge: RougeSettings<ReportedRouge>;
}

/** A tree of figures with an interval in place of every number. */
export type Intervals<Tree> = Tree extends number ? Interval : { readonly [Key in keyof Tree]: Intervals<Tree[Key]> };

const measures = ['precision', 'recall', 'fmeasure'] as const satisfies readonly (keyof RougeScore)[];

/** Columns of a row: setting, type, measure, the last changing fastest. */
const width = rougeSettings.length * rougeTypes.length * measures.length;

const fillRow = ({ rouge }: ExampleScores, rows: Float64Array, at: number): void => {
  let column = at;
  for (const setting of rougeSettings)
    for (const type of rougeTypes) for (const measure of measures) rows[column++] = rouge[setting][type][measure];
};

/** The rows of some examples. // (examples, width) */
export const rowsOf = (scores: readonly ExampleScores[]): Float64Array => {
  const rows = new Float64Array(scores.length * width);
  scores.forEach((example, index) => {
    fillRow(example, rows, index * width);
  });
  return rows;
};

/** The figures of a set of examples from their column sums; NaN where the set is empty. */
const figuresOf = (sums: Float64Array, examples: number): Figures => {
  let column = 0;
  const mean = (): number => sums[column++] / examples;
  const score = (): RougeScore => ({ precision: mean(), recall: mean(), fmeasure: mean() });
  const scores = (): RougeScores<ReportedRouge> => ({
    rouge1: score(),
    rouge2: score(),
    rougeL: score(),
    rougeLsum: score(),
  });
  return { rouge: { plain: scores(), stemmed: scores() } };
};

/** The numbers of a tree, depth first in the order of its keys. */
const leavesOf = (tree: object, leaves: number[] = []): number[] => {
  for (const value of Object.values(tree)) {
    if (typeof value === 'number') leaves.push(value);
    else leavesOf(value, leaves);
  }
  return leaves;
};

/** The tree with its numbers replaced, in {@link leavesOf}'s order. */
const withLeaves = <Tree extends object>(tree: Tree, next: () => Interval): Intervals<Tree> =>
  Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, typeof value === 'number' ? next() : withLeaves(value, next)]),
  ) as Intervals<Tree>;

/**
 * The figures of a set of examples.
 *
 * @param scores One an example; may be empty, which makes every figure NaN (null in JSON).
 */
export const figuresOfExamples = (scores: readonly ExampleScores[]): Figures => {
  const rows = rowsOf(scores);
  const sums = new Float64Array(width);
  for (let at = 0; at < rows.length; at += 1) sums[at % width] += rows[at];
  return figuresOf(sums, scores.length);
};

/**
 * Bootstrap intervals of those figures, examples drawn with replacement.
 *
 * @param scores One an example.
 */
export const intervalsOfExamples = (
  scores: readonly ExampleScores[],
  settings: BootstrapSettings,
): Intervals<Figures> => {
  const intervals = bootstrap(rowsOf(scores), width, (sums) => leavesOf(figuresOf(sums, scores.length)), settings);
  let leaf = 0;
  return withLeaves(figuresOfExamples(scores), () => intervals[leaf++]);
};
