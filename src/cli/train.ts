/** @file `impressionist train`: fine-tunes a model on a data file and keeps the best one. */
import { Command, Option } from 'commander';
import type { Recipe } from '../training/recipe.js';
import type { RunLength } from '../training/train.js';
import { interruptible } from './interrupt.js';
import { trainShowing } from './training.js';
import { numberBetween, positiveNumber, wholeNumber } from './values.js';

interface TrainOptions extends Partial<Recipe> {
  readonly model: string;
  readonly out: string;
  readonly dev?: string;
  readonly epochs?: number;
  readonly minutes?: number;
  readonly prompt?: string;
  readonly resume: boolean;
  readonly threads?: number;
  readonly json: boolean;
}

export const trainCommand = (): Command =>
  new Command('train')
    .summary('fine-tune a model to write impressions')
    .description(
      'Fine-tune all weights of a T5 to write impressions from findings. OUT/model is the best model by dev loss.',
    )
    .argument('<data>', 'training examples (.json, .jsonl or .csv)')
    .requiredOption('--model <model>', 'where to start: a model directory, or tiny for a small untrained one')
    .requiredOption('--out <dir>', 'run directory: model/, checkpoints/, metrics.jsonl, run.json')
    .option('--dev <file>', 'examples for the dev loss (default: a tenth of the patients of DATA)')
    .addOption(
      new Option('--epochs <n>', 'passes over the data (default: 3, untrained models 20)').argParser(positiveNumber),
    )
    .addOption(
      new Option('--minutes <n>', 'train for this long instead, learning-rate schedule included')
        .argParser(positiveNumber)
        .conflicts('epochs'),
    )
    .option('--prompt <template>', 'prompt with the fields {findings} and {background}, kept with the model')
    .option(
      '--batch-size <n>',
      'examples of a forward and backward pass (default: 8, untrained models 16)',
      wholeNumber(1),
    )
    .option('--accumulation <n>', 'passes whose gradients make one step (default: 1)', wholeNumber(1))
    .option('--learning-rate <x>', 'highest learning rate (default: 3e-4, untrained models 2e-3)', positiveNumber)
    .option(
      '--warmup <share>',
      'share of the run in which the rate rises, before it falls to 0 (default: 0.05)',
      numberBetween(0, 1),
    )
    .addOption(new Option('--optimizer <name>', 'optimiser (default: adamw)').choices(['adamw', 'adafactor']))
    .option('--weight-decay <x>', 'decay apart from the gradient, times the rate (default: 0.01)', numberBetween(0, 1))
    .option(
      '--clip-norm <x>',
      'largest norm of all gradients together, 0 for none (default: 1)',
      numberBetween(0, Number.POSITIVE_INFINITY),
    )
    .option('--dropout <p>', 'dropout rate (default: 0.1)', numberBetween(0, 0.99))
    .option(
      '--max-input-tokens <n>',
      'longest input; a longer one loses the end of its findings (default: 896)',
      wholeNumber(2),
    )
    .option('--max-target-tokens <n>', 'longest impression (default: 128)', wholeNumber(2))
    .option('--evaluations-per-epoch <n>', 'dev losses and checkpoints an epoch (default: 1)', positiveNumber)
    .option(
      '--dev-share <share>',
      'share of the patients set aside without --dev (default: 0.1)',
      numberBetween(0, 1, { openLeast: true, openMost: true }),
    )
    .option('--seed <n>', 'seed of everything random (default: 1)', wholeNumber(0))
    .option('--threads <n>', 'processor threads (default: all)', wholeNumber(1))
    .option('--resume', 'go on from the last checkpoint in OUT', false)
    .option('--json', 'print each step and evaluation as a line of JSON on standard output', false)
    .action((data: string, options: TrainOptions) =>
      interruptible((signal) => run(data, options, signal), `go on with the same command and --resume`),
    );

const run = async (data: string, options: TrainOptions, signal: AbortSignal): Promise<void> => {
  const [{ readExamples }, { parsePrompt }, { openStart }, { FINE_TUNE, FROM_SCRATCH }] = await Promise.all([
    import('../reports/dataset.js'),
    import('../reports/prompt.js'),
    import('../models/open.js'),
    import('../training/recipe.js'),
  ]);
  const prompt = options.prompt === undefined ? undefined : parsePrompt(options.prompt);
  const examples = await readExamples(data);
  const devExamples = options.dev === undefined ? undefined : await readExamples(options.dev);
  const { model, untrained } = await openStart(options.model, options.seed ?? FROM_SCRATCH.seed);
  const { epochs, ...defaults } = untrained ? FROM_SCRATCH : FINE_TUNE;
  const length: RunLength =
    options.minutes === undefined ? { epochs: options.epochs ?? epochs } : { minutes: options.minutes };

  const result = await trainShowing(
    {
      model: prompt === undefined ? model : { ...model, prompt },
      modelName: options.model,
      examples,
      devExamples,
      out: options.out,
      recipe: chosen(defaults, options),
      length,
      resume: options.resume,
      threads: options.threads,
      interrupted: () => signal.aborted,
    },
    options.json,
  );
  if (result.interrupted) throw signal.reason;
};

/** The defaults with what the user set. */
const chosen = (defaults: Recipe, options: Partial<Recipe>): Recipe =>
  Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, options[name as keyof Recipe] ?? value]),
  ) as unknown as Recipe;
