/**
 * @file The training loop: batches, gradients, clipping, the optimiser's step, dev loss, the best parameters, checkpoints.
 * It knows tokens and files, not reports. Given the same settings and data it makes the same numbers, with or without
 * a break, as long as the run's length is set in epochs; a run set in minutes follows the clock.
 */
import { performance } from 'node:perf_hooks';
import { Failure } from '../ground/failure.js';
import type { T5Config } from '../t5/config.js';
import { type ExecutionOptions, seededMasks } from '../tensors/index.js';
import { padBatch, type TokenPair } from './batch.js';
import { epochBatches } from './batches.js';
import { loadLastCheckpoint, OPTIMIZER, PARAMETER, type RunState, saveCheckpoint } from './checkpoint.js';
import { appendMetrics, type DevMetrics, type StepMetrics, truncateMetrics } from './metrics.js';
import type { Optimizer, Trainable } from './optimizers/optimizer.js';
import { linearRate, type Schedule } from './schedule.js';
import { buildTrainingStep, type TrainingStep } from './step.js';

/** How long a run is: passes over the data, or minutes by the clock (then passes are as many as fit). */
export type RunLength = { readonly epochs: number } | { readonly minutes: number };

/** How a run trains. */
export interface TrainingSettings extends Schedule {
  readonly length: RunLength;
  /** Examples of one forward and backward pass. */
  readonly batchSize: number;
  /** Passes whose gradients make one step. */
  readonly accumulation: number;
  readonly dropout: number;
  /** Largest Euclidean norm of all gradients together; larger ones are scaled down to it. 0 switches it off. */
  readonly clipNorm: number;
  /** Times an epoch at which the dev loss is measured and a checkpoint written. */
  readonly evaluationsPerEpoch: number;
  readonly seed: number;
}

/** What a run works on. */
export interface TrainingJob extends ExecutionOptions {
  readonly config: T5Config;
  readonly ownHead: boolean;
  /** The starting parameters; changed in place. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly optimizer: Optimizer;
  readonly train: readonly TokenPair[];
  readonly dev: readonly TokenPair[];
  readonly settings: TrainingSettings;
  /** Where `checkpoints/` and `metrics.jsonl` stand. */
  readonly metricsFile: string;
  readonly checkpointFolder: string;
  /** Identifies settings and data; see {@link RunState}. */
  readonly fingerprint: string;
  readonly resume: boolean;
  /** Keeps the parameters given to it as the run's best model. */
  readonly saveBest: (parameters: readonly Trainable[]) => Promise<void>;
  /** Asked after each step: true ends the run cleanly, resumable. */
  readonly interrupted?: () => boolean;
  readonly onStep?: (metrics: StepMetrics, progress: number) => void;
  readonly onEvaluation?: (metrics: DevMetrics, best: boolean) => void;
  readonly onResume?: (state: RunState) => void;
}

/** How a run ended. */
export interface TrainingResult {
  readonly steps: number;
  readonly best: { readonly step: number; readonly devLoss: number };
  readonly seconds: number;
  /** Whether it stopped before its end because it was asked to. */
  readonly interrupted: boolean;
}

/** Share of a run by the clock that is kept free for its last evaluation and for writing the model. */
const TIME_RESERVE = 0.01;

/**
 * Trains a model.
 *
 * @throws {Failure} When a checkpoint belongs to another run, a file can't be written, or the loss is no number.
 */
export const train = async (job: TrainingJob): Promise<TrainingResult> => {
  const { settings, optimizer } = job;
  const masks = seededMasks(settings.seed);
  const step = await buildTrainingStep({ ...job, dropout: settings.dropout, masks });
  try {
    return await runLoop(job, step);
  } finally {
    await step.release();
    optimizer.state().clear();
  }
};

const runLoop = async (job: TrainingJob, step: TrainingStep): Promise<TrainingResult> => {
  const { settings, optimizer, config, train: pairs } = job;
  const lengths = pairs.map(({ input, target }) => ({ input: input.length, target: target.length }));
  const micro = Math.ceil(pairs.length / settings.batchSize);
  const stepsPerEpoch = Math.ceil(micro / settings.accumulation);
  const evaluateEvery = Math.max(1, Math.round(stepsPerEpoch / settings.evaluationsPerEpoch));
  const devBatches = inBatches(job.dev, settings.batchSize).map((part) => padBatch(part, config));

  let state: RunState = { step: 0, seconds: 0, fingerprint: job.fingerprint };
  if (job.resume) state = (await takeUp(job, step)) ?? state;
  await truncateMetrics(job.metricsFile, state.step);
  const begun = performance.now() - state.seconds * 1000;
  const seconds = (): number => (performance.now() - begun) / 1000;

  const { length } = settings;
  const progress = (): number =>
    'epochs' in length
      ? state.step / (length.epochs * stepsPerEpoch)
      : seconds() / (length.minutes * 60 * (1 - TIME_RESERVE));

  const evaluate = async (): Promise<void> => {
    let total = 0;
    for (const batch of devBatches) total += await step.lossSum(batch);
    const devLoss = total / devBatches.reduce((tokens, batch) => tokens + batch.labelTokens, 0);
    const metrics: DevMetrics = { step: state.step, devLoss, seconds: seconds() };
    const better = state.best === undefined || devLoss < state.best.devLoss;
    if (better) await job.saveBest(step.parameters);
    appendMetrics(job.metricsFile, metrics);
    state = { ...state, seconds: seconds(), best: better ? { step: state.step, devLoss } : state.best };
    await saveCheckpoint(job.checkpointFolder, state, step.parameters, optimizer.state());
    job.onEvaluation?.(metrics, better);
  };

  let plan: { epoch: number; batches: number[][] } | undefined;
  let evaluated = state.step;
  let interrupted = false;
  while (progress() < 1) {
    const epoch = Math.floor(state.step / stepsPerEpoch);
    if (plan?.epoch !== epoch)
      plan = { epoch, batches: epochBatches(lengths, settings.batchSize, settings.seed, epoch) };
    const first = (state.step % stepsPerEpoch) * settings.accumulation;
    const members = plan.batches.slice(first, first + settings.accumulation);
    const batches = members.map((indices) =>
      padBatch(
        indices.map((index) => pairs[index]),
        config,
      ),
    );

    const started = performance.now();
    const learningRate = linearRate(settings, progress());
    const loss = await step.computeGradients(batches, state.step);
    const gradientNorm = clip(step.parameters, settings.clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notANumber(state.step, epoch, members, loss);
    optimizer.step(step.parameters, learningRate);
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
    // ONNX Runtime holds the thread during a step: here signals and other work get their turn.
    await new Promise(setImmediate);

    interrupted = job.interrupted?.() ?? false;
    if (interrupted) {
      state = { ...state, seconds: seconds() };
      await saveCheckpoint(job.checkpointFolder, state, step.parameters, optimizer.state());
      break;
    }
    if (state.step % evaluateEvery === 0) {
      await evaluate();
      evaluated = state.step;
    }
  }
  if (!interrupted && (evaluated !== state.step || state.best === undefined)) await evaluate();
  const best = state.best ?? { step: 0, devLoss: Number.POSITIVE_INFINITY };
  return { steps: state.step, best, seconds: seconds(), interrupted };
};

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

/** Scales all gradients so that their common norm is at most `limit`; returns the norm before. */
const clip = (parameters: readonly Trainable[], limit: number): number => {
  let squares = 0;
  for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) squares += gradient[i] * gradient[i];
  const norm = Math.sqrt(squares);
  if (limit > 0 && norm > limit) {
    const scale = limit / norm;
    for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  }
  return norm;
};

const inBatches = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

const notANumber = (step: number, epoch: number, members: readonly number[][], loss: number): Failure =>
  new Failure({
    what: 'the loss or its gradient is not a number',
    where: `step ${step + 1}, epoch ${epoch + 1}, training examples ${members.flat().join(' ')} (counted from 0)`,
    got: `loss ${loss}`,
    fix: 'lower the learning rate and resume; the last checkpoint and the best model are unharmed',
  });
