/**
 * @file From reports with references and predictions to what `evaluation.json` and `examples.jsonl` hold. Scores never
 * stand alone: every set carries its number of examples, its intervals and the trivial baselines, whole and by stratum.
 */
import {
  fixedSentence,
  type LookupReport,
  type LookupSettings,
  leadSentence,
  nearestImpressions,
} from './baselines.js';
import type { BootstrapSettings } from './bootstrap.js';
import { compareSets, type ExampleScores, type FigureTest, rougeTypes, type ScoredSet, scoreSet } from './figures.js';
import { type FlagCounts, type FlagRates, flagRates } from './flags.js';
import type { EvaluationItem } from './item.js';
import { askJudges, type BertScoreSetting, type Judged, type JudgeSetting, type Judges } from './judges.js';
import { labelReport } from './labels/label.js';
import { countNovel, sourceGrams } from './novelty.js';
import type { RandomisationSettings } from './randomisation.js';
import { createRougeScorer } from './rouge.js';
import { type Stratum, strata, stratumOf, stratumRule } from './strata.js';
import { temporalF1, temporalWordsIn } from './temporal.js';
import { tokenize } from './tokenize.js';

/** The trivial systems, in the order in which they are shown. */
export const baselineNames = ['fixed', 'lead', 'nearest'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** A set scored for the system and, beside it, for the baselines. */
export type ScoredWithBaselines = ScoredSet & {
  readonly baselines: Readonly<Record<BaselineName, ScoredSet>>;
};

/** The content of `evaluation.json`. */
export type Evaluation = ScoredWithBaselines & {
  readonly settings: BootstrapSettings & { readonly randomisationSamples: number };
  /** What each baseline writes. */
  readonly baselineDescriptions: Readonly<Record<BaselineName, string>>;
  /** The models that judged, and how many distinct texts were longer than they read; absent where none did. */
  readonly judges?: {
    readonly chexbert?: JudgeSetting & { readonly cut: number };
    readonly bertscore?: BertScoreSetting & { readonly cut: number };
  };
  /** Predictions without a single token; they score 0. */
  readonly emptyPredictions: number;
  readonly strata: Readonly<Record<Stratum, ScoredWithBaselines>> & { readonly rule: string };
  /** Present when predictions of another system were given. */
  readonly against?: {
    readonly name: string;
    readonly scores: ScoredSet;
    readonly tests: readonly FigureTest[];
  };
  /** Present when flags were given. */
  readonly flags?: FlagRates & { readonly strata: Readonly<Record<Stratum, FlagRates>> };
};

/** A line of `examples.jsonl`. */
export type EvaluatedExample = ExampleScores & {
  readonly study_id: string;
  readonly prediction: string;
  readonly stratum: Stratum;
  readonly flags?: FlagCounts;
};

export interface EvaluateSettings extends LookupSettings, Partial<BootstrapSettings> {
  /** Reports for the nearest-report baseline; without them every other evaluated report serves (leave one out). */
  readonly training?: readonly LookupReport[];
  /** Another system's predictions for the same items, in the same order, to be tested against. */
  readonly against?: { readonly name: string; readonly predictions: readonly string[] };
  /** Samples of that test; default 10,000. */
  readonly randomisationSamples?: RandomisationSettings['samples'];
  /** What a guard flagged in each prediction, in the items' order. */
  readonly flags?: readonly FlagCounts[];
}

export interface EvaluateResult {
  readonly evaluation: Evaluation;
  readonly examples: readonly EvaluatedExample[];
}

/** Remembers what a function gave for a text: references and baselines repeat. */
const remembered = <Result>(compute: (text: string) => Result): ((text: string) => Result) => {
  const known = new Map<string, Result>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      result = compute(text);
      known.set(text, result);
    }
    return result;
  };
};

/** Scores predictions of one system; shared between systems, since the references are the same. */
const createExampleScorer = (items: readonly EvaluationItem[], { chexbert, bertscore }: Judged) => {
  const rouge = createRougeScorer(rougeTypes);
  const labels = remembered(labelReport);
  const tokens = remembered((text) => tokenize(text));
  const changes = remembered(temporalWordsIn);
  const sources = items.map(({ findings }) => sourceGrams(tokenize(findings)));
  const references = items.map(({ reference }, index) => countNovel(tokens(reference), sources[index]));
  return (predictions: readonly string[]): ExampleScores[] =>
    items.map(({ reference }, index) => {
      const prediction = predictions[index];
      return {
        rouge: rouge.score(reference, prediction),
        labels: { reference: labels(reference), prediction: labels(prediction) },
        temporal: temporalF1(changes(reference), changes(prediction)),
        novelty: { reference: references[index], prediction: countNovel(tokens(prediction), sources[index]) },
        ...(chexbert === undefined
          ? {}
          : { chexbert: { reference: chexbert.labels(reference), prediction: chexbert.labels(prediction) } }),
        ...(bertscore === undefined ? {} : { bertscore: bertscore.score(reference, prediction) }),
      };
    });
};

/**
 * Evaluates predictions.
 *
 * @param items Reports with reference and prediction; their order is the result's.
 * @param settings Resampling (1,000 samples, 95 %, seed 1), where the nearest report is looked up, what to test against.
 * @example const { evaluation } = evaluate(items); evaluation.rouge.stemmed.rougeL.fmeasure;
 */
export const evaluate = (items: readonly EvaluationItem[], settings: EvaluateSettings = {}): EvaluateResult =>
  evaluateSystems(items, systemsOf(items, settings), settings, {});

/**
 * Evaluates predictions, models that judge included; the baselines and the other system are judged too.
 *
 * @param judges CheXbert, or an encoder for BERTScore.
 * @throws What a judge throws.
 * @example await evaluateWithJudges(items, {}, { bertscore: await openBertScore('roberta-large-17-onnx') });
 */
export const evaluateWithJudges = async (
  items: readonly EvaluationItem[],
  settings: EvaluateSettings,
  judges: Judges,
): Promise<EvaluateResult> => {
  const systems = systemsOf(items, settings);
  const { against = [], ...others } = systems;
  const judged = await askJudges(
    judges,
    items.map(({ reference }) => reference),
    [...Object.values(others), ...(settings.against === undefined ? [] : [against])],
  );
  return evaluateSystems(items, systems, settings, judged);
};

/** What each system wrote, in the items' order. */
type Systems = Readonly<Record<'system' | BaselineName, readonly string[]>> & { readonly against?: readonly string[] };

const systemsOf = (items: readonly EvaluationItem[], settings: EvaluateSettings): Systems => ({
  system: items.map(({ prediction }) => prediction),
  fixed: items.map(() => fixedSentence),
  lead: items.map(({ findings }) => leadSentence(findings)),
  nearest: nearestImpressions(items, settings.training ?? items, settings),
  ...(settings.against === undefined ? {} : { against: settings.against.predictions }),
});

const settingsOf = ({ chexbert, bertscore }: Judged): NonNullable<Evaluation['judges']> => ({
  ...(chexbert === undefined ? {} : { chexbert: { ...chexbert.setting, cut: chexbert.cut } }),
  ...(bertscore === undefined ? {} : { bertscore: { ...bertscore.setting, cut: bertscore.cut } }),
});

const evaluateSystems = (
  items: readonly EvaluationItem[],
  systems: Systems,
  settings: EvaluateSettings,
  judged: Judged,
): EvaluateResult => {
  const {
    resamples = 1000,
    confidence = 0.95,
    seed = 1,
    randomisationSamples = 10_000,
    training,
    against,
    flags,
  } = settings;
  const resampling = { resamples, confidence, seed };
  const models = { chexbert: judged.chexbert !== undefined, bertscore: judged.bertscore !== undefined };
  const scoreExamples = createExampleScorer(items, judged);
  const scores = scoreExamples(systems.system);
  const baselineScores: Readonly<Record<BaselineName, ExampleScores[]>> = {
    fixed: scoreExamples(systems.fixed),
    lead: scoreExamples(systems.lead),
    nearest: scoreExamples(systems.nearest),
  };
  const stratumOfItem = scores.map(({ labels }) => stratumOf(labels.reference));
  const within = <Value>(values: readonly Value[], stratum?: Stratum): Value[] =>
    values.filter((_, index) => stratum === undefined || stratumOfItem[index] === stratum);
  const scoredWithBaselines = (stratum?: Stratum): ScoredWithBaselines => {
    const scored = (examples: readonly ExampleScores[]): ScoredSet =>
      scoreSet(within(examples, stratum), resampling, models);
    const baseline = (name: BaselineName): ScoredSet => scored(baselineScores[name]);
    return {
      ...scored(scores),
      baselines: { fixed: baseline('fixed'), lead: baseline('lead'), nearest: baseline('nearest') },
    };
  };
  const compareWith = ({ name, predictions }: NonNullable<EvaluateSettings['against']>): Evaluation['against'] => {
    const otherScores = scoreExamples(predictions);
    const test = { samples: randomisationSamples, seed };
    return {
      name,
      scores: scoreSet(otherScores, resampling, models),
      tests: compareSets(scores, otherScores, test, models),
    };
  };
  const [normal, abnormal] = strata;
  return {
    evaluation: {
      ...scoredWithBaselines(),
      settings: { ...resampling, randomisationSamples },
      baselineDescriptions: {
        fixed: `always "${fixedSentence}"`,
        lead: "the findings' first sentence",
        nearest: `the impression of the ${training === undefined ? 'other evaluated' : 'training'} report whose findings' words are most alike (Jaccard)`,
      },
      ...(models.chexbert || models.bertscore ? { judges: settingsOf(judged) } : {}),
      emptyPredictions: items.filter(({ prediction }) => tokenize(prediction).length === 0).length,
      strata: { rule: stratumRule, normal: scoredWithBaselines(normal), abnormal: scoredWithBaselines(abnormal) },
      ...(against === undefined ? {} : { against: compareWith(against) }),
      ...(flags === undefined
        ? {}
        : {
            flags: {
              ...flagRates(flags),
              strata: { normal: flagRates(within(flags, normal)), abnormal: flagRates(within(flags, abnormal)) },
            },
          }),
    },
    examples: items.map(({ studyId, prediction }, index) => ({
      study_id: studyId,
      prediction,
      stratum: stratumOfItem[index],
      ...scores[index],
      ...(flags === undefined ? {} : { flags: flags[index] }),
    })),
  };
};
