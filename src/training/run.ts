/**
 * @file A training run from examples to a model directory. The run directory holds `model/` (the best so far),
 * `checkpoints/`, `metrics.jsonl` (a line a step) and `run.json` (everything that made it what it is).
 */
import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailure, writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import { version } from '../ground/version.js';
import { type Model, writeModel, writeWeights } from '../models/directory.js';
import { encodeInput, encodeTarget } from '../models/encoding.js';
import type { Example } from '../reports/example.js';
import type { ExecutionOptions } from '../tensors/index.js';
import type { TokenPair } from './batch.js';
import type { RunState } from './checkpoint.js';
import type { DevMetrics, StepMetrics } from './metrics.js';
import { adafactor } from './optimizers/adafactor.js';
import { adamW } from './optimizers/adamw.js';
import type { Recipe } from './recipe.js';
import { splitByPatient } from './split.js';
import { type RunLength, type TrainingResult, train } from './train.js';

/** What a run is made from. */
export interface RunOptions extends ExecutionOptions {
  /** The starting point; its weights are copied. */
  readonly model: Model;
  /** What the user called it, for `run.json`. */
  readonly modelName: string;
  readonly examples: readonly Example[];
  /** Examples for the dev loss; without them patients of `examples` are set aside. */
  readonly devExamples?: readonly Example[];
  /** The run directory. */
  readonly out: string;
  readonly recipe: Recipe;
  readonly length: RunLength;
  readonly resume: boolean;
  readonly interrupted?: () => boolean;
  readonly onStart?: (facts: RunFacts) => void;
  readonly onResume?: (state: RunState) => void;
  readonly onStep?: (metrics: StepMetrics, progress: number) => void;
  readonly onEvaluation?: (metrics: DevMetrics, best: boolean) => void;
}

/** What is known of a run before its first step. */
export interface RunFacts {
  readonly trainExamples: number;
  readonly devExamples: number;
  readonly parameters: number;
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
  await claimDirectory(out, options.resume);
  const { train: trainExamples, dev: devExamples } = options.devExamples
    ? { train: options.examples, dev: options.devExamples }
    : splitByPatient(options.examples, recipe.devShare, recipe.seed);
  const trainPairs = encodePairs(trainExamples, model, recipe);
  const devPairs = encodePairs(devExamples, model, recipe);

  const facts: RunFacts = {
    trainExamples: trainExamples.length,
    devExamples: devExamples.length,
    parameters: [...model.weights.values()].reduce((total, { data }) => total + data.length, 0),
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
      `${JSON.stringify({ ...described, fingerprint, started, ...facts, ...ended }, null, 2)}\n`,
    );
  await record({});

  const values = new Map([...model.weights].map(([name, { data }]) => [name, data.slice()]));
  const directory = join(out, 'model');
  const best = new Map([...model.weights].map(([name, { shape }]) => [name, { shape, data: values.get(name)! }]));
  let written = false;
  options.onStart?.(facts);
  const result = await train({
    ...options,
    config: model.config,
    ownHead: model.ownHead,
    values,
    optimizer: recipe.optimizer === 'adamw' ? adamW(recipe) : adafactor(recipe),
    train: trainPairs.pairs,
    dev: devPairs.pairs,
    settings: { ...recipe, length },
    metricsFile: join(out, 'metrics.jsonl'),
    checkpointFolder: join(out, 'checkpoints'),
    fingerprint,
    saveBest: async () => {
      if (written) await writeWeights(directory, model.config, best);
      else await writeModel(directory, { ...model, weights: best });
      written = true;
    },
  });
  await record({ finished: result.interrupted ? undefined : new Date().toISOString(), result });
  return result;
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
};

const encodePairs = (
  examples: readonly Example[],
  model: Model,
  recipe: Recipe,
): { pairs: TokenPair[]; facts: Omit<RunFacts, 'trainExamples' | 'devExamples' | 'parameters'> } => {
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
  return hash.digest('hex');
};
