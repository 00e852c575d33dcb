/**
 * @file Training inside a SageMaker container: from `/opt/ml/input` to `/opt/ml/model` with this package's own trainer.
 *
 * The run directory is `/opt/ml/checkpoints` itself, which SageMaker keeps in S3 and gives back after a spot
 * interruption: a job that starts again finds its run there and goes on with it. SIGTERM (a stop, the time limit, a
 * spot interruption) ends the step under way, writes a checkpoint, and leaves the best model so far; SageMaker kills
 * the container 120 seconds later.
 *
 * Source: Amazon SageMaker developer guide, "Use your own training algorithms", "Use checkpoints".
 */
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { devDrafter } from '../../generation/dev-drafts.js';
import { writeFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import { copyAdapter, withAdapter } from '../../models/adapter.js';
import { type Model, writeModel } from '../../models/directory.js';
import { openModel, openStart } from '../../models/open.js';
import { FINE_TUNE, FROM_SCRATCH, LORA, type Recipe } from '../../training/recipe.js';
import { runTraining } from '../../training/run.js';
import type { TrainingResult } from '../../training/train.js';
import { readChannel } from './channel-data.js';
import { type ContainerConfiguration, readConfiguration } from './configuration.js';
import { trainingChoice } from './hyperparameters.js';
import { metricLine } from './metric-line.js';
import type { ContainerPaths } from './paths.js';

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The channel of a part of the data, under either of its usual names. */
const channelOf = ({ channels }: ContainerConfiguration, ...names: readonly string[]): string | undefined =>
  names.find((name) => channels.includes(name));

/** Where the model begins: the channel `model`, or untrained. */
const startName = (
  configuration: ContainerConfiguration,
  paths: ContainerPaths,
  wished: string | undefined,
): string => {
  const channel = channelOf(configuration, 'model');
  if (channel !== undefined && wished !== undefined) {
    throw new Failure({
      what: 'two models to begin with',
      where: 'channel model and hyperparameter model',
      fix: 'give one of them',
    });
  }
  if (channel !== undefined) return paths.channel(channel);
  if (wished !== undefined) return wished;
  throw new Failure({
    what: 'no model to begin with',
    where: 'channel model',
    fix: 'give a model directory in S3 (--base-model), or --set model=tiny for an untrained one',
  });
};

const copyFiles = async (from: string, to: string): Promise<void> => {
  try {
    await mkdir(to, { recursive: true });
    for (const entry of await readdir(from, { withFileTypes: true })) {
      if (entry.isFile()) await copyFile(join(from, entry.name), join(to, entry.name));
    }
  } catch (error) {
    throw writeFailure(to, error);
  }
};

/**
 * What is served is one model directory, so that an adapter is worked into its base, which is not kept beside it; the adapter
 * itself is small and goes with the record.
 *
 * @param base Unrounded.
 */
const leaveMerged = async (base: Model, adapter: string, paths: ContainerPaths): Promise<void> => {
  await writeModel(paths.model, await withAdapter(base, adapter));
  await copyAdapter(adapter, join(paths.outputData, 'adapter'));
};

/**
 * Trains as the files below `/opt/ml` say.
 *
 * @param paths See `containerPaths`.
 * @param signal Ends the run early, resumable.
 * @param print Where the lines of the log go.
 * @throws {Failure} When the job cannot be done; the caller writes the failure file.
 */
export const trainInContainer = async (
  paths: ContainerPaths,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<TrainingResult> => {
  const configuration = await readConfiguration(paths);
  const {
    model: wished,
    recipe,
    lora,
    bits,
    length,
    threads,
    checkpointMinutes,
  } = trainingChoice(configuration.hyperparameters, paths.hyperparameters);
  const training = channelOf(configuration, 'training', 'train') ?? 'training';
  const data = await readChannel(paths.channel(training));
  const validation = channelOf(configuration, 'validation', 'dev');
  const dev = validation === undefined ? undefined : await readChannel(paths.channel(validation));

  const name = startName(configuration, paths, wished);
  const { model, untrained } = await openStart(name, recipe.seed ?? FROM_SCRATCH.seed, { bits });
  const { epochs, ...defaults } = untrained ? FROM_SCRATCH : lora === undefined ? FINE_TUNE : LORA;
  const adapter = defaults.lora && { ...defaults.lora, ...lora };
  const whole: Recipe = { ...defaults, ...recipe, ...(adapter === undefined ? {} : { lora: adapter }) };
  const out = paths.checkpoints;
  const result = await runTraining({
    model: data.prompt === undefined ? model : { ...model, prompt: data.prompt },
    modelName: untrained ? name : 'channel model',
    devDrafter: devDrafter(whole, threads),
    examples: data.examples,
    devExamples: dev?.examples,
    out,
    recipe: whole,
    length: { epochs, ...length },
    resume: await exists(join(out, 'run.json')),
    threads,
    checkpointMinutes,
    interrupted: () => signal.aborted,
    onStart: (facts) =>
      print(
        `${facts.trainExamples} training examples, ${facts.devExamples} for the dev loss, ${facts.parameters} parameters; ${facts.cutInputs} inputs and ${facts.cutTargets} impressions are cut`,
      ),
    onResume: (state) => print(`going on after step ${state.step}`),
    onStep: ({ step, epoch, loss, learningRate, tokensPerSecond }) =>
      print(
        metricLine({
          step,
          epoch,
          train_loss: loss,
          learning_rate: learningRate,
          tokens_per_second: tokensPerSecond,
        }),
      ),
    onEvaluation: ({ step, devLoss }) => print(metricLine({ step, eval_loss: devLoss })),
  });
  await mkdir(paths.outputData, { recursive: true });
  const best = join(out, 'model');
  if (await exists(best)) {
    if (adapter === undefined) await copyFiles(best, paths.model);
    else await leaveMerged(bits === undefined ? model : await openModel(name), best, paths);
  }
  // The record and the curve, not the data.
  for (const file of ['run.json', 'metrics.jsonl']) {
    if (await exists(join(out, file))) await copyFile(join(out, file), join(paths.outputData, file));
  }
  print(
    result.interrupted
      ? `stopped after step ${result.steps}; the checkpoint is written`
      : `done: ${result.steps} steps, best dev loss ${result.best.devLoss.toFixed(4)} after step ${result.best.step}`,
  );
  return result;
};
