/**
 * @file A training run from examples to a model directory. The run directory holds `model/` (the best so far),
 * `checkpoints/`, `metrics.jsonl` (a line a step), `drafts.jsonl` (a few dev drafts an evaluation), `report.html` (both to
 * look at) and `run.json` (everything that made it what it is).
 */
import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeLeftovers, writeFailure, writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import { version } from '../ground/version.js';
import { beginAdapterDirectory } from '../models/adapter.js';
import { type Model, writeModel, writeWeights } from '../models/directory.js';
import { encodeInput, encodeTarget } from '../models/encoding.js';
import { addSimilar, type Retrieval, writeRetrieval } from '../models/similar.js';
import type { Example } from '../reports/example.js';
import { hasSimilar } from '../reports/prompt.js';
import { writeAdapterWeights } from '../t5/adapter-files.js';
import { initialAdapter, type LoraAdapter, mergeAdapter } from '../t5/lora.js';
import type { ExecutionOptions } from '../tensors/index.js';
import type { TokenPair } from './batch.js';
import { modelCard } from './card.js';
import type { RunState } from './checkpoint.js';
import { countDuplicates, type Duplicates } from './duplicates.js';
import type { DevMetrics, StepMetrics } from './metrics.js';
import { adafactor } from './optimizers/adafactor.js';
import { adamW } from './optimizers/adamw.js';
import { CHECKPOINT_MINUTES, type Recipe } from './recipe.js';
import { readLines, type SampleDrafts, writeReport } from './report/page.js';
import { splitByPatient } from './split.js';
import { type RunLength, type TrainingResult, train } from './train.js';
import { fullTuning, loraTuning, type Tuning } from './tuning.js';

/** What a run is made from. */
export interface RunOptions extends ExecutionOptions {
  /** The starting point. Where all weights are trained, its arrays are changed in place. */
  readonly model: Model;
  /** What the user called it, for `run.json`. */
  readonly modelName: string;
  /** What an adapter is to call its base; default {@link modelName}. */
  readonly baseName?: string;
  /** The run's options by their names on the command line, for `run.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Makes what drafts the dev examples at each evaluation; without it there are no sample drafts. */
  readonly devDrafter?: DevDrafterFactory;
  readonly examples: readonly Example[];
  /** Examples for the dev loss; without them patients of `examples` are set aside. */
  readonly devExamples?: readonly Example[];
  /** The run directory. */
  readonly out: string;
  readonly recipe: Recipe;
  readonly length: RunLength;
  readonly resume: boolean;
  /** Longest time between two checkpoints, in minutes; default {@link CHECKPOINT_MINUTES}. */
  readonly checkpointMinutes?: number;
  readonly interrupted?: () => boolean;
  readonly onStart?: (facts: RunFacts) => void;
  readonly onResume?: (state: RunState) => void;
  readonly onStep?: (metrics: StepMetrics, progress: number) => void;
  readonly onEvaluation?: (metrics: DevMetrics, best: boolean) => void;
}

/** Drafts dev examples with a model that is being trained. */
export interface DevDrafter {
  /** @returns A draft for each example. */
  draft(examples: readonly Example[]): Promise<string[]>;
  /** Mean ROUGE-L of drafts, 0 to 1. */
  score(examples: readonly Example[], drafts: readonly string[]): number;
  release(): Promise<void>;
}

/**
 * @param model Its arrays are changed as training goes on.
 * @param adapter To be used on top of it, where it can't be worked into its weights because they are rounded.
 */
export type DevDrafterFactory = (model: Model, adapter?: LoraAdapter) => Promise<DevDrafter>;

/** What is known of a run before its first step. */
export interface RunFacts {
  readonly trainExamples: number;
  readonly devExamples: number;
  /** All numbers of the model, and those that are trained. */
  readonly parameters: number;
  readonly trainedParameters: number;
  readonly duplicates: Duplicates;
  /** Mean tokens of an input and of a target. */
  readonly meanInputTokens: number;
  readonly meanTargetTokens: number;
  /** Examples whose input or target was longer than allowed, and the tokens lost in all. */
  readonly cutInputs: number;
  readonly cutInputTokens: number;
  readonly cutTargets: number;
}

/**
 * Trains a model and leaves the best one in `out/model`.
 *
 * @throws {Failure} When `out` holds a run already and `resume` is not asked for, or an example can't be used.
 */
export const runTraining = async (options: RunOptions): Promise<TrainingResult> => {
  const { model, out, recipe, length } = options;
  const started = new Date().toISOString();
  if (recipe.selectBy === 'rouge' && options.devDrafter === undefined) {
    throw new Failure({
      what: 'choosing the best model by ROUGE needs drafts',
      fix: 'give devDrafter, or select by loss',
    });
  }
  await claimDirectory(out, options.resume);
  const { train: trainExamples, dev: devExamples } = options.devExamples
    ? { train: options.examples, dev: options.devExamples }
    : splitByPatient(options.examples, recipe.devShare, recipe.seed);
  checkRetrieval(model, recipe);
  const retrieval: Retrieval | undefined =
    recipe.retrieve === 0 ? undefined : { k: recipe.retrieve, reports: trainExamples };
  const withSimilar = (examples: readonly Example[]): readonly Example[] =>
    retrieval === undefined ? examples : addSimilar(examples, retrieval);
  const devInputs = withSimilar(devExamples);
  const trainPairs = encodePairs(withSimilar(trainExamples), model, recipe);
  const devPairs = encodePairs(devInputs, model, recipe);

  const { tuning, live, unmerged, refresh } = tuningOf(model, recipe);
  const sizeOf = (arrays: Iterable<{ data: ArrayLike<number> }>): number =>
    [...arrays].reduce((total, { data }) => total + data.length, 0);
  const facts: RunFacts = {
    trainExamples: trainExamples.length,
    devExamples: devExamples.length,
    parameters:
      sizeOf(model.weights.values()) +
      [...(model.quantised?.values() ?? [])].reduce((total, { shape }) => total + shape[0] * shape[1], 0),
    trainedParameters: sizeOf(tuning.trained.values()),
    duplicates: countDuplicates(trainExamples, devExamples),
    ...trainPairs.facts,
  };
  const described = {
    impressionist: version,
    node: process.version,
    model: options.modelName,
    prompt: model.prompt.template,
    recipe,
    length,
    data: { train: hashOf(trainExamples), dev: hashOf(devExamples) },
  };
  const fingerprint = createHash('sha256')
    .update(JSON.stringify({ ...described, weights: weightsHash(model) }))
    .digest('hex');
  const record = (ended: object): Promise<void> =>
    writeWhole(
      join(out, 'run.json'),
      `${JSON.stringify({ ...described, config: options.config, fingerprint, started, ...facts, ...ended }, null, 2)}\n`,
    );
  await record({});

  const directory = join(out, 'model');
  const metricsFile = join(out, 'metrics.jsonl');
  const draftsFile = join(out, 'drafts.jsonl');
  const base = options.baseName ?? options.modelName;
  const report = (): Promise<void> =>
    writeReport({ metricsFile, draftsFile, out: join(out, 'report.html'), facts: reportFacts(options, facts) });
  let written = false;
  const saveBest = async (): Promise<void> => {
    if (recipe.lora !== undefined) {
      if (!written) await beginAdapterDirectory(directory, recipe.lora, model.config, base, model.prompt);
      await writeAdapterWeights(directory, tuning.trained);
    } else if (written) await writeWeights(directory, model.config, tuning.trained);
    else await writeModel(directory, { ...model, weights: tuning.trained });
    if (!written && retrieval !== undefined)
      await writeRetrieval(directory, recipe.storeReports ? retrieval : { k: retrieval.k });
    written = true;
  };

  const drafter = await options.devDrafter?.({ ...model, weights: live }, unmerged);
  const draftDev = async (step: number): Promise<number | undefined> => {
    if (drafter === undefined) return undefined;
    refresh();
    const chosen = recipe.selectBy === 'rouge' ? devInputs : devInputs.slice(0, SAMPLES);
    const drafts: string[] = [];
    for (let from = 0; from < chosen.length; from += DRAFTED_TOGETHER) {
      drafts.push(...(await drafter.draft(chosen.slice(from, from + DRAFTED_TOGETHER))));
      await new Promise(setImmediate);
      if (options.interrupted?.()) return undefined;
    }
    const samples = chosen.slice(0, SAMPLES).map(({ studyId, findings, impression: reference }, index) => ({
      studyId,
      findings,
      reference,
      impression: drafts[index],
    }));
    await appendDrafts(draftsFile, { step, drafts: samples });
    return recipe.selectBy === 'rouge' ? drafter.score(chosen, drafts) : undefined;
  };

  options.onStart?.(facts);
  const result = await train({
    ...options,
    config: model.config,
    ownHead: model.ownHead,
    tuning,
    optimizer: recipe.optimizer === 'adamw' ? adamW(recipe) : adafactor(recipe),
    train: trainPairs.pairs,
    dev: devPairs.pairs,
    unknownTokenId: model.tokenizer.unkTokenId,
    settings: { ...recipe, length },
    metricsFile,
    checkpointFolder: join(out, 'checkpoints'),
    checkpointMinutes: options.checkpointMinutes ?? CHECKPOINT_MINUTES,
    fingerprint,
    saveBest,
    draftDev,
    onEvaluation: async (metrics, best) => {
      await report();
      options.onEvaluation?.(metrics, best);
    },
  }).finally(() => drafter?.release());
  await report();
  if (!result.interrupted) {
    const dataHashes = { train: described.data.train.sha256, dev: described.data.dev.sha256 };
    const sources = { ...options, facts, result, version, dataHashes, prompt: model.prompt.template };
    await writeWhole(join(directory, 'README.md'), modelCard(sources));
  }
  await record({ finished: result.interrupted ? undefined : new Date().toISOString(), result });
  return result;
};

/** Similar reports need a place in the prompt, and a prompt with such a place needs similar reports. */
const checkRetrieval = ({ prompt }: Model, { retrieve }: Recipe): void => {
  if (hasSimilar(prompt) === retrieve > 0) return;
  throw new Failure(
    retrieve > 0
      ? {
          what: 'the prompt has no place for similar reports',
          fix: 'put {similar} into --prompt, or leave out --retrieve',
        }
      : { what: 'the prompt has a place for similar reports, but there are none', fix: 'say how many by --retrieve' },
  );
};

/** Dev reports whose drafts are shown at each evaluation. */
const SAMPLES = 4;

/** Dev reports drafted before it is asked whether to stop. */
const DRAFTED_TOGETHER = 32;

/** What is trained, and the weights (with the adapter over rounded ones) with which it drafts as it stands after `refresh`. */
const tuningOf = (
  model: Model,
  { lora, seed }: Recipe,
): { tuning: Tuning; live: Model['weights']; unmerged?: LoraAdapter; refresh: () => void } => {
  if (lora === undefined) {
    if (model.quantised !== undefined)
      throw new Failure({
        what: 'rounded weights can’t be trained themselves',
        fix: 'train an adapter over them: --lora',
      });
    const tuning = fullTuning(model.weights, true);
    return { tuning, live: tuning.trained, refresh: () => undefined };
  }
  const adapter = initialAdapter(model.config, lora, seed);
  const tuning = loraTuning(model, adapter, lora.dropout);
  if (model.quantised !== undefined)
    return { tuning, live: model.weights, unmerged: adapter, refresh: () => undefined };
  const live = mergeAdapter(model.weights, adapter);
  return { tuning, live, refresh: () => mergeAdapter(model.weights, adapter, live) };
};

/** A resumed run may evaluate a step a second time: its line takes the place of the first. */
const appendDrafts = async (path: string, line: SampleDrafts): Promise<void> => {
  const kept = (await readLines<SampleDrafts>(path)).filter(({ step }) => step < line.step);
  await writeWhole(
    path,
    [...kept, line].map((each) => `${JSON.stringify(each)}\n`),
  );
};

const reportFacts = ({ modelName, recipe, length }: RunOptions, facts: RunFacts): [string, string][] => {
  const { lora, ...settings } = recipe;
  return [
    ['Model', modelName],
    [
      'Parameters',
      `${facts.trainedParameters.toLocaleString('en')} trained of ${facts.parameters.toLocaleString('en')}`,
    ],
    [
      'Examples',
      `${facts.trainExamples.toLocaleString('en')} for training, ${facts.devExamples.toLocaleString('en')} for dev`,
    ],
    ['Length', `${length.epochs} epochs${length.minutes === undefined ? '' : `, at most ${length.minutes} min`}`],
    ...(lora === undefined
      ? []
      : ([['LoRA', `r ${lora.r}, alpha ${lora.alpha}, dropout ${lora.dropout}, ${lora.targets.join(' ')}`]] as [
          string,
          string,
        ][])),
    [
      'Settings',
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ];
};

/** Makes the run directory; one that holds a run is only taken for going on with it. */
const claimDirectory = async (out: string, resume: boolean): Promise<void> => {
  const taken = await stat(join(out, 'run.json')).then(
    () => true,
    () => false,
  );
  if (taken && !resume) {
    throw new Failure({
      what: 'a training run is there already',
      where: out,
      fix: 'go on with it by --resume, or choose another --out',
    });
  }
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(out, error);
  });
  for (const folder of [out, join(out, 'model'), join(out, 'checkpoints')]) await removeLeftovers(folder);
};

const encodePairs = (
  examples: readonly Example[],
  model: Model,
  recipe: Recipe,
): {
  pairs: TokenPair[];
  facts: Pick<RunFacts, 'meanInputTokens' | 'meanTargetTokens' | 'cutInputs' | 'cutInputTokens' | 'cutTargets'>;
} => {
  if (examples.length === 0) throw new Failure({ what: 'no examples to train on or to measure the dev loss with' });
  let [inputTokens, targetTokens, cutInputs, cutInputTokens, cutTargets] = [0, 0, 0, 0, 0];
  const pairs = examples.map((example): TokenPair => {
    if (example.impression.trim() === '') {
      throw new Failure({
        what: 'an example without an impression',
        where: `study ${example.studyId}`,
        fix: 'leave it out of the training data',
      });
    }
    const input = encodeInput(model.tokenizer, model.prompt, example, recipe.maxInputTokens);
    const target = encodeTarget(model.tokenizer, example.impression, recipe.maxTargetTokens);
    inputTokens += input.ids.length;
    targetTokens += target.ids.length;
    if (input.cutTokens > 0) cutInputs++;
    cutInputTokens += input.cutTokens;
    if (target.cutTokens > 0) cutTargets++;
    return { input: input.ids, target: target.ids };
  });
  const mean = (total: number): number => Math.round((total / examples.length) * 10) / 10;
  return {
    pairs,
    facts: {
      meanInputTokens: mean(inputTokens),
      meanTargetTokens: mean(targetTokens),
      cutInputs,
      cutInputTokens,
      cutTargets,
    },
  };
};

const hashOf = (examples: readonly Example[]): { examples: number; sha256: string } => ({
  examples: examples.length,
  sha256: createHash('sha256').update(JSON.stringify(examples)).digest('hex'),
});

const weightsHash = (model: Model): string => {
  const hash = createHash('sha256');
  for (const [name, { data }] of model.weights)
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  for (const [name, { blocks }] of model.quantised ?? []) hash.update(name).update(blocks);
  return hash.digest('hex');
};
