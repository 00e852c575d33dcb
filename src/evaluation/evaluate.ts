/**
 * @file From reports with references and predictions to what `evaluation.json` and `examples.jsonl` hold. Scores never
 * stand alone: every set carries its number of examples, its intervals and the trivial baselines.
 */
import {
  fixedSentence,
  type LookupReport,
  type LookupSettings,
  leadSentence,
  nearestImpressions,
} from './baselines.js';
import type { BootstrapSettings } from './bootstrap.js';
import {
  type ExampleScores,
  type Figures,
  figuresOfExamples,
  type Intervals,
  intervalsOfExamples,
  rougeTypes,
} from './figures.js';
import type { EvaluationItem } from './item.js';
import { createRougeScorer, type RougeScorer } from './rouge.js';

/** The trivial systems, in the order in which they are shown. */
export const baselineNames = ['fixed', 'lead', 'nearest'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** Figures with their uncertainty. */
export type ScoredSet = Figures & {
  readonly examples: number;
  readonly intervals: Intervals<Figures>;
};

/** What a baseline writes, and how it scores. */
export type ScoredBaseline = ScoredSet & { readonly description: string };

/** The content of `evaluation.json`. */
export type Evaluation = ScoredSet & {
  readonly settings: BootstrapSettings;
  /** Predictions without a single token; they score 0. */
  readonly emptyPredictions: number;
  readonly baselines: Readonly<Record<BaselineName, ScoredBaseline>>;
};

/** A line of `examples.jsonl`. */
export type EvaluatedExample = ExampleScores & {
  readonly study_id: string;
  readonly prediction: string;
};

export interface EvaluateSettings extends LookupSettings, Partial<BootstrapSettings> {
  /** Reports for the nearest-report baseline; without them every other evaluated report serves (leave one out). */
  readonly training?: readonly LookupReport[];
}

export interface EvaluateResult {
  readonly evaluation: Evaluation;
  readonly examples: readonly EvaluatedExample[];
}

/** Scores predictions and baselines; a stem or a repeated pair is computed once. */
const scoreExamples = (
  scorer: RougeScorer<(typeof rougeTypes)[number]>,
  items: readonly EvaluationItem[],
  predictions: readonly string[],
): ExampleScores[] => items.map(({ reference }, index) => ({ rouge: scorer.score(reference, predictions[index]) }));

const scoredSet = (scores: readonly ExampleScores[], settings: BootstrapSettings): ScoredSet => ({
  examples: scores.length,
  ...figuresOfExamples(scores),
  intervals: intervalsOfExamples(scores, settings),
});

/**
 * Evaluates predictions.
 *
 * @param items Reports with reference and prediction; their order is the result's.
 * @param settings Resampling (1,000 samples, 95 %, seed 1) and where the nearest report is looked up.
 * @example const { evaluation } = evaluate(items); evaluation.rouge.stemmed.rougeL.fmeasure;
 */
export const evaluate = (items: readonly EvaluationItem[], settings: EvaluateSettings = {}): EvaluateResult => {
  const { resamples = 1000, confidence = 0.95, seed = 1, training } = settings;
  const bootstrapSettings = { resamples, confidence, seed };
  const scorer = createRougeScorer(rougeTypes);
  const written: Readonly<Record<BaselineName, { description: string; predictions: readonly string[] }>> = {
    fixed: { description: `always "${fixedSentence}"`, predictions: items.map(() => fixedSentence) },
    lead: {
      description: "the findings' first sentence",
      predictions: items.map(({ findings }) => leadSentence(findings)),
    },
    nearest: {
      description: `the impression of the ${training === undefined ? 'other evaluated' : 'training'} report whose findings' words are most alike (Jaccard)`,
      predictions: nearestImpressions(items, training ?? items, settings),
    },
  };
  const baselineOf = (name: BaselineName): ScoredBaseline => ({
    description: written[name].description,
    ...scoredSet(scoreExamples(scorer, items, written[name].predictions), bootstrapSettings),
  });
  const scores = scoreExamples(
    scorer,
    items,
    items.map(({ prediction }) => prediction),
  );
  return {
    evaluation: {
      ...scoredSet(scores, bootstrapSettings),
      settings: bootstrapSettings,
      emptyPredictions: items.filter(({ prediction }) => !/[a-z0-9]/i.test(prediction)).length,
      baselines: { fixed: baselineOf('fixed'), lead: baselineOf('lead'), nearest: baselineOf('nearest') },
    },
    examples: items.map(({ studyId, prediction }, index) => ({ study_id: studyId, prediction, ...scores[index] })),
  };
};
