/**
 * @file The training loop: batches, gradients, clipping, the optimiser's step, dev loss, the best parameters, checkpoints.
 * It knows tokens and files, not reports. Given the same settings and data it makes the same numbers, with or without
 * a break, as long as no clock ends the run.
 */
import { performance } from 'node:perf_hooks';
import { Failure } from '../ground/failure.js';
import { Random } from '../ground/random.js';
import type { T5Config } from '../t5/config.js';
import { type ExecutionOptions, seededMasks } from '../tensors/index.js';
import { hideTokens, padBatch, type TokenPair } from './batch.js';
import { epochBatches, isWorthPacking, type Lengths } from './batches.js';
import {
  type BestModel,
  loadLastCheckpoint,
  OPTIMIZER,
  PARAMETER,
  type RunState,
  saveCheckpoint,
} from './checkpoint.js';
import { appendMetrics, type DevMetrics, type StepMetrics, truncateMetrics } from './metrics.js';
import { clipping } from './optimizers/clip.js';
import type { Optimizer, Trainable } from './optimizers/optimizer.js';
import { rateAt, type Schedule } from './schedule.js';
import { buildTrainingStep, type TrainingStep } from './step.js';
import type { Tuning } from './tuning.js';

/** How long a run is at most; it ends at whichever comes first, and its learning rate runs down to that. */
export interface RunLength {
  /** Passes over the data. */
  readonly epochs: number;
  /** Minutes by the clock, the last evaluation included. */
  readonly minutes?: number;
}

/** How a run trains. */
export interface TrainingSettings extends Schedule {
  readonly length: RunLength;
  /** Examples of one forward and backward pass. */
  readonly batchSize: number;
  /** Passes whose gradients make one step. */
  readonly accumulation: number;
  readonly dropout: number;
  /**
   * Share of the input's tokens that training hides behind the unknown token, others in each epoch: word dropout (Iyyer
   * et al. 2015), which keeps a model with few examples from learning them by heart.
   */
  readonly wordDropout: number;
  /** Share of each label's weight spread over all tokens, in training only. */
  readonly labelSmoothing: number;
  /** Largest Euclidean norm of all gradients together; larger ones are scaled down to it. 0 switches it off. */
  readonly clipNorm: number;
  /** Times an epoch at which the dev loss is measured, and then a checkpoint written. */
  readonly evaluationsPerEpoch: number;
  /** What makes a model the best: the lowest dev loss, or the highest ROUGE-L of its drafts on the dev data. */
  readonly selectBy: 'loss' | 'rouge';
  /** Evaluations in a row without a better model after which the run ends; 0: it never ends early. */
  readonly patience: number;
  readonly seed: number;
}

/** What a run works on. */
export interface TrainingJob extends ExecutionOptions {
  readonly config: T5Config;
  readonly ownHead: boolean;
  /** What is trained, from where it starts; changed in place. */
  readonly tuning: Tuning;
  readonly optimizer: Optimizer;
  readonly train: readonly TokenPair[];
  readonly dev: readonly TokenPair[];
  /** What stands for a hidden token; see `wordDropout`. */
  readonly unknownTokenId: number;
  readonly settings: TrainingSettings;
  /** Where `checkpoints/` and `metrics.jsonl` stand. */
  readonly metricsFile: string;
  readonly checkpointFolder: string;
  /** Longest time between two checkpoints, in minutes; no part of the settings, since it changes no number of the run. */
  readonly checkpointMinutes: number;
  /** Identifies settings and data; see {@link RunState}. */
  readonly fingerprint: string;
  readonly resume: boolean;
  /** Keeps the parameters given to it as the run's best model. */
  readonly saveBest: (parameters: readonly Trainable[]) => Promise<void>;
  /**
   * Drafts the dev examples with the model as it is and scores them, if drafts are wanted.
   *
   * @returns Mean ROUGE-L, 0 to 1; undefined when only samples were drafted.
   */
  readonly draftDev?: (step: number) => Promise<number | undefined>;
  /** Asked after each step: true ends the run cleanly, resumable. */
  readonly interrupted?: () => boolean;
  readonly onStep?: (metrics: StepMetrics, progress: number) => void;
  readonly onEvaluation?: (metrics: DevMetrics, best: boolean) => void | Promise<void>;
  readonly onResume?: (state: RunState) => void;
}

/** How a run ended. */
export interface TrainingResult {
  readonly steps: number;
  readonly best: BestModel;
  readonly seconds: number;
  /** Whether it ended before its planned length because no better model came. */
  readonly stoppedEarly: boolean;
  /** Whether it stopped before its end because it was asked to. */
  readonly interrupted: boolean;
  /** Checkpoints written since it was started or resumed, and the seconds this took. */
  readonly checkpoints: { readonly written: number; readonly seconds: number };
}

/** Share of a run by the clock that is kept free for its last evaluation and for writing the model. */
const TIME_RESERVE = 0.01;

const lengthsOf = (pairs: readonly TokenPair[]): Lengths[] =>
  pairs.map(({ input, target }) => ({ input: input.length, target: target.length }));

/**
 * Trains a model.
 *
 * @throws {Failure} When a checkpoint belongs to another run, a file can't be written, or the loss is no number.
 */
export const train = async (job: TrainingJob): Promise<TrainingResult> => {
  const { settings, optimizer } = job;
  const masks = seededMasks(settings.seed);
  const lengths = lengthsOf(job.train);
  const batches = epochBatches(lengths, settings.batchSize, settings.seed, 0);
  const packed = isWorthPacking(lengths, batches);
  const step = await buildTrainingStep({ ...job, ...settings, masks, packed });
  try {
    return await runLoop(job, step);
  } finally {
    await step.release();
    optimizer.state().clear();
  }
};

const runLoop = async (job: TrainingJob, step: TrainingStep): Promise<TrainingResult> => {
  const { settings, optimizer, config, train: pairs } = job;
  const lengths = lengthsOf(pairs);
  const micro = Math.ceil(pairs.length / settings.batchSize);
  const stepsPerEpoch = Math.ceil(micro / settings.accumulation);
  const evaluateEvery = Math.max(1, Math.round(stepsPerEpoch / settings.evaluationsPerEpoch));
  const devBatches = inBatches(job.dev, settings.batchSize).map((part) => padBatch(part, config));

  let state: RunState = { step: 0, seconds: 0, fingerprint: job.fingerprint };
  if (job.resume) state = (await takeUp(job, step)) ?? state;
  await truncateMetrics(job.metricsFile, state.step, state.evaluated);
  const begun = performance.now() - state.seconds * 1000;
  const seconds = (): number => (performance.now() - begun) / 1000;

  const { length } = settings;
  const progress = (): number =>
    Math.max(
      state.step / (length.epochs * stepsPerEpoch),
      length.minutes === undefined ? 0 : seconds() / (length.minutes * 60 * (1 - TIME_RESERVE)),
    );

  const stopping = (): boolean => job.interrupted?.() ?? false;

  let lastCheckpoint = performance.now();
  const checkpoints = { written: 0, seconds: 0 };
  const checkpoint = async (): Promise<void> => {
    const started = performance.now();
    state = { ...state, seconds: seconds() };
    await saveCheckpoint(job.checkpointFolder, state, step.parameters, optimizer.state());
    lastCheckpoint = performance.now();
    checkpoints.written++;
    checkpoints.seconds += (lastCheckpoint - started) / 1000;
  };
  const checkpointDue = (): boolean => performance.now() - lastCheckpoint >= job.checkpointMinutes * 60_000;

  /** False when it was asked to stop on the way; then nothing has changed. */
  const evaluate = async (): Promise<boolean> => {
    let total = 0;
    for (const batch of devBatches) {
      total += await step.lossSum(batch);
      await takeTurns();
      if (stopping()) return false;
    }
    const devLoss = total / devBatches.reduce((tokens, batch) => tokens + batch.labelTokens, 0);
    const devRouge = await job.draftDev?.(state.step);
    if (stopping()) return false;
    const metrics: DevMetrics = { step: state.step, devLoss, devRouge, seconds: seconds() };
    const found: BestModel = { step: state.step, devLoss, devRouge };
    const better = state.best === undefined || isBetter(settings, found, state.best);
    if (better) await job.saveBest(step.parameters);
    appendMetrics(job.metricsFile, metrics);
    state = {
      ...state,
      best: better ? found : state.best,
      sinceBest: better ? 0 : (state.sinceBest ?? 0) + 1,
      evaluated: state.step,
    };
    await checkpoint();
    await job.onEvaluation?.(metrics, better);
    return true;
  };

  let plan: { epoch: number; batches: number[][] } | undefined;
  let interrupted = false;
  const evaluationDue = (): boolean => state.step % evaluateEvery === 0 && (state.evaluated ?? 0) !== state.step;
  const outOfPatience = (): boolean => settings.patience > 0 && (state.sinceBest ?? 0) >= settings.patience;
  for (;;) {
    if (evaluationDue() && !(await evaluate())) interrupted = true;
    if (interrupted || progress() >= 1 || outOfPatience()) break;
    if (checkpointDue()) await checkpoint();
    const epoch = Math.floor(state.step / stepsPerEpoch);
    if (plan?.epoch !== epoch)
      plan = { epoch, batches: epochBatches(lengths, settings.batchSize, settings.seed, epoch) };
    const first = (state.step % stepsPerEpoch) * settings.accumulation;
    const members = plan.batches.slice(first, first + settings.accumulation);
    const hidden = (index: number): TokenPair =>
      hideTokens(
        pairs[index],
        settings.wordDropout,
        job.unknownTokenId,
        Random.seeded(settings.seed, `hidden ${epoch} ${index}`),
      );
    const batches = members.map((indices) => padBatch(indices.map(hidden), config));

    const started = performance.now();
    const learningRate = rateAt(settings, progress());
    const loss = await step.computeGradients(batches, state.step, stopping);
    if (loss === undefined) {
      interrupted = true;
      break;
    }
    const { norm: gradientNorm, scale } = clipping(step.parameters, settings.clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notANumber(state.step, epoch, members, loss);
    optimizer.step(step.parameters, learningRate, scale);
    state = { ...state, step: state.step + 1 };

    const tokens = members.flat().reduce((total, index) => total + lengths[index].input + lengths[index].target, 0);
    const metrics: StepMetrics = {
      step: state.step,
      epoch: state.step / stepsPerEpoch,
      loss,
      learningRate,
      gradientNorm,
      tokensPerSecond: Math.round(tokens / ((performance.now() - started) / 1000)),
      seconds: seconds(),
    };
    appendMetrics(job.metricsFile, metrics);
    job.onStep?.(metrics, Math.min(progress(), 1));
    await takeTurns();
    interrupted = stopping();
  }
  if (!interrupted && state.evaluated !== state.step) interrupted = !(await evaluate());
  if (interrupted) await checkpoint();
  const best = state.best ?? { step: 0, devLoss: Number.POSITIVE_INFINITY };
  const stoppedEarly = !interrupted && progress() < 1;
  return { steps: state.step, best, seconds: seconds(), stoppedEarly, interrupted, checkpoints };
};

const isBetter = ({ selectBy }: TrainingSettings, found: BestModel, best: BestModel): boolean =>
  selectBy === 'rouge' ? (found.devRouge ?? 0) > (best.devRouge ?? 0) : found.devLoss < best.devLoss;

/** Puts a checkpoint's numbers in place; undefined when there is none. */
const takeUp = async (job: TrainingJob, step: TrainingStep): Promise<RunState | undefined> => {
  const checkpoint = await loadLastCheckpoint(job.checkpointFolder, job.fingerprint);
  if (checkpoint === undefined) return undefined;
  for (const { name, value } of step.parameters) value.set(checkpoint.arrays.get(PARAMETER + name)!);
  const moments = [...checkpoint.arrays].filter(([name]) => name.startsWith(OPTIMIZER));
  job.optimizer.restore(
    new Map(moments.map(([name, data]) => [name.slice(OPTIMIZER.length), data])),
    checkpoint.state.step,
  );
  job.onResume?.(checkpoint.state);
  return checkpoint.state;
};

/** ONNX Runtime holds the thread while it computes: here signals and other work get their turn. */
const takeTurns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const inBatches = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

const notANumber = (step: number, epoch: number, members: readonly number[][], loss: number): Failure =>
  new Failure({
    what: 'the loss or its gradient is not a number',
    where: `step ${step + 1}, epoch ${epoch + 1}, training examples ${members.flat().join(' ')} (counted from 0)`,
    got: `loss ${loss}`,
    fix: 'start again with a lower learning rate; the last checkpoint and the best model are unharmed',
  });
