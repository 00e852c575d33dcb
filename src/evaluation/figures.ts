/**
 * @file The figures of an evaluation and how they come about: each example gives a row of numbers, every figure follows
 * from the rows' column sums, and so the same few functions serve the whole set, a stratum, a baseline, a bootstrap
 * sample and a randomisation test.
 */
import type { BertScore } from './bertscore.js';
import { type BootstrapSettings, bootstrap, type Interval } from './bootstrap.js';
import {
  countLabels,
  type LabelScores,
  labelColumns,
  labelScores,
  type ObservationScore,
  observationScores,
} from './labels/agreement.js';
import type { Labels, Observation } from './labels/observations.js';
import type { NgramCounts } from './novelty.js';
import { pairedRandomisation, type RandomisationSettings } from './randomisation.js';
import type { RougeScore, RougeScores, RougeSettings } from './rouge.js';

/** The types of ROUGE that an evaluation prints. */
export const rougeTypes = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;
export type ReportedRouge = (typeof rougeTypes)[number];

/** Both stemmer settings, in the order of the columns. */
export const rougeSettings = ['plain', 'stemmed'] as const;

/** What one prediction scored. */
export interface ExampleScores {
  readonly rouge: RougeSettings<ReportedRouge>;
  /** By the rules of `labels/`. */
  readonly labels: { readonly reference: Labels; readonly prediction: Labels };
  /** F1 over the words of change. */
  readonly temporal: number;
  /** N-grams that the findings lack. */
  readonly novelty: { readonly reference: NgramCounts; readonly prediction: NgramCounts };
  /** By CheXbert, where it was given. */
  readonly chexbert?: { readonly reference: Labels; readonly prediction: Labels };
  /** Where an encoder was given. */
  readonly bertscore?: BertScore;
}

/** Which scores of models all examples have, besides those that need none. */
export interface ModelScores {
  readonly chexbert: boolean;
  readonly bertscore: boolean;
}

/** Shares of n-grams that the findings lack. */
export interface Novelty {
  readonly words: number;
  readonly pairs: number;
}

/** Figures of a set of predictions. ROUGE, temporal F1 and BERTScore are means over the examples, the others follow from totals. */
export interface Figures {
  readonly rouge: RougeSettings<ReportedRouge>;
  readonly labels: LabelScores;
  readonly temporal: { readonly f1: number };
  /** Mean words of predictions and references, and the predictions' total over the references'. */
  readonly length: { readonly prediction: number; readonly reference: number; readonly ratio: number };
  readonly novelty: { readonly prediction: Novelty; readonly reference: Novelty };
  /** F1 of CheXbert's labels. */
  readonly chexbert?: LabelScores;
  /** Means over the examples. */
  readonly bertscore?: BertScore;
}

/** A tree of figures with an interval in place of every number. */
export type Intervals<Tree> = Tree extends number ? Interval : { readonly [Key in keyof Tree]: Intervals<Tree[Key]> };

const measures = ['precision', 'recall', 'fmeasure'] as const satisfies readonly (keyof RougeScore)[];

/**
 * Columns of a row: ROUGE by setting, type, measure; temporal F1; n-grams of prediction and reference; labels; where
 * there are judges, CheXbert's labels and BERTScore.
 */
const rougeColumns = rougeSettings.length * rougeTypes.length * measures.length;
const temporalAt = rougeColumns;
const noveltyAt = temporalAt + 1;
const labelsAt = noveltyAt + 8;
const plainWidth = labelsAt + labelColumns;

const measuresOfBertScore = ['precision', 'recall', 'f1'] as const satisfies readonly (keyof BertScore)[];

/** Where the columns of the judges begin, for those that there are. */
interface Layout {
  readonly chexbertAt?: number;
  readonly bertscoreAt?: number;
  readonly width: number;
}

const layoutOf = ({ chexbert, bertscore }: ModelScores): Layout => {
  const bertscoreAt = plainWidth + (chexbert ? labelColumns : 0);
  return {
    ...(chexbert ? { chexbertAt: plainWidth } : {}),
    ...(bertscore ? { bertscoreAt } : {}),
    width: bertscoreAt + (bertscore ? measuresOfBertScore.length : 0),
  };
};

/** The rows of some examples. // (examples, width) */
const rowsOf = (scores: readonly ExampleScores[], { width, chexbertAt, bertscoreAt }: Layout): Float64Array => {
  const rows = new Float64Array(scores.length * width);
  scores.forEach(({ rouge, labels, temporal, novelty, chexbert, bertscore }, index) => {
    let column = index * width;
    for (const setting of rougeSettings)
      for (const type of rougeTypes) for (const measure of measures) rows[column++] = rouge[setting][type][measure];
    rows[column++] = temporal;
    for (const { novelWords, words, novelPairs, pairs } of [novelty.prediction, novelty.reference]) {
      rows[column++] = novelWords;
      rows[column++] = words;
      rows[column++] = novelPairs;
      rows[column++] = pairs;
    }
    countLabels(labels.reference, labels.prediction, rows, column);
    if (chexbertAt !== undefined)
      countLabels(chexbert!.reference, chexbert!.prediction, rows, index * width + chexbertAt);
    if (bertscoreAt !== undefined)
      measuresOfBertScore.forEach((measure, at) => {
        rows[index * width + bertscoreAt + at] = bertscore![measure];
      });
  });
  return rows;
};

const sumsOf = (rows: Float64Array, { width }: Layout): Float64Array => {
  const sums = new Float64Array(width);
  for (let at = 0; at < rows.length; at += 1) sums[at % width] += rows[at];
  return sums;
};

/** The figures of a set of examples from their column sums; NaN where the set is empty. */
const figuresOf = (sums: Float64Array, examples: number, { chexbertAt, bertscoreAt }: Layout): Figures => {
  let column = 0;
  const mean = (): number => sums[column++] / examples;
  const score = (): RougeScore => ({ precision: mean(), recall: mean(), fmeasure: mean() });
  const scores = (): RougeScores<ReportedRouge> => ({
    rouge1: score(),
    rouge2: score(),
    rougeL: score(),
    rougeLsum: score(),
  });
  const novelty = (at: number): Novelty => ({
    words: sums[at] / Math.max(sums[at + 1], 1),
    pairs: sums[at + 2] / Math.max(sums[at + 3], 1),
  });
  return {
    rouge: { plain: scores(), stemmed: scores() },
    labels: labelScores(sums, labelsAt),
    temporal: { f1: sums[temporalAt] / examples },
    length: {
      prediction: sums[noveltyAt + 1] / examples,
      reference: sums[noveltyAt + 5] / examples,
      ratio: sums[noveltyAt + 1] / Math.max(sums[noveltyAt + 5], 1),
    },
    novelty: { prediction: novelty(noveltyAt), reference: novelty(noveltyAt + 4) },
    ...(chexbertAt === undefined ? {} : { chexbert: labelScores(sums, chexbertAt) }),
    ...(bertscoreAt === undefined
      ? {}
      : {
          bertscore: {
            precision: sums[bertscoreAt] / examples,
            recall: sums[bertscoreAt + 1] / examples,
            f1: sums[bertscoreAt + 2] / examples,
          },
        }),
  };
};

/** The numbers of a tree, depth first in the order of its keys. */
const leavesOf = (tree: object, leaves: number[] = []): number[] => {
  for (const value of Object.values(tree)) {
    if (typeof value === 'number') leaves.push(value);
    else leavesOf(value, leaves);
  }
  return leaves;
};

/** The paths of those numbers, e.g. `rouge.plain.rouge1.precision`. */
const pathsOf = (tree: object, before = ''): string[] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'number' ? [before + key] : pathsOf(value, `${before}${key}.`),
  );

/** The tree with its numbers replaced, in {@link leavesOf}'s order. */
const withLeaves = <Tree extends object>(tree: Tree, next: () => Interval): Intervals<Tree> =>
  Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, typeof value === 'number' ? next() : withLeaves(value, next)]),
  ) as Intervals<Tree>;

/** Figures with their uncertainty and what they rest on. */
export type ScoredSet = Figures & {
  readonly examples: number;
  /** The label scores of each observation. */
  readonly observations: Readonly<Record<Observation, ObservationScore>>;
  /** Those of CheXbert, where it was given. */
  readonly chexbertObservations?: Readonly<Record<Observation, ObservationScore>>;
  readonly intervals: Intervals<Figures>;
};

/**
 * The figures of a set of examples with bootstrap intervals.
 *
 * @param scores One an example; of an empty set every mean is NaN (null in JSON).
 * @param models Which of the models' scores the examples have.
 */
export const scoreSet = (
  scores: readonly ExampleScores[],
  settings: BootstrapSettings,
  models: ModelScores,
): ScoredSet => {
  const layout = layoutOf(models);
  const { width, chexbertAt } = layout;
  const rows = rowsOf(scores, layout);
  const sums = sumsOf(rows, layout);
  // Of no examples nothing is known, not even a zero.
  const figures = figuresOf(
    scores.length === 0 ? new Float64Array(width).fill(Number.NaN) : sums,
    scores.length,
    layout,
  );
  const drawn = bootstrap(rows, width, (sample) => leavesOf(figuresOf(sample, scores.length, layout)), settings);
  let leaf = 0;
  return {
    examples: scores.length,
    ...figures,
    observations: observationScores(sums, labelsAt),
    ...(chexbertAt === undefined ? {} : { chexbertObservations: observationScores(sums, chexbertAt) }),
    intervals: withLeaves(figures, () => drawn[leaf++]),
  };
};

/** A figure of two systems and whether they differ by more than chance. */
export interface FigureTest {
  /** Where the figure stands, e.g. `rouge.stemmed.rougeL.fmeasure`. */
  readonly figure: string;
  readonly system: number;
  readonly other: number;
  /** System minus other. */
  readonly difference: number;
  /** Two-sided p-value of the paired approximate randomisation test. */
  readonly p: number;
}

/** Which figures are tested: those of which more is better, and the length. */
const tested = /^rouge\..*\.fmeasure$|^(?:labels|chexbert)\..*\.f1$|^(?:temporal|bertscore)\.f1$|^length\.ratio$/;

/**
 * Compares two systems on the same examples.
 *
 * @param scores One an example. @param otherScores The other system's, in the same order.
 */
export const compareSets = (
  scores: readonly ExampleScores[],
  otherScores: readonly ExampleScores[],
  settings: RandomisationSettings,
  models: ModelScores,
): FigureTest[] => {
  const layout = layoutOf(models);
  const rows = rowsOf(scores, layout);
  const otherRows = rowsOf(otherScores, layout);
  const figures = figuresOf(sumsOf(rows, layout), scores.length, layout);
  const values = leavesOf(figures);
  const others = leavesOf(figuresOf(sumsOf(otherRows, layout), scores.length, layout));
  const leaves = (sums: Float64Array): number[] => leavesOf(figuresOf(sums, scores.length, layout));
  const differences = pairedRandomisation(rows, otherRows, layout.width, leaves, settings);
  return pathsOf(figures)
    .map((figure, index) => ({ figure, system: values[index], other: others[index], ...differences[index] }))
    .filter(({ figure }) => tested.test(figure));
};
