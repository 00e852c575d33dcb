/** @file `impressionist train`: fine-tunes a model on a data file and keeps the best one. */
import { Command, Option } from 'commander';
import type { Recipe } from '../training/recipe.js';
import type { RunLength } from '../training/train.js';
import { applyConfig } from './config-file.js';
import { chooseDevice, type Device } from './device.js';
import { showDownload } from './download.js';
import { interruptible } from './interrupt.js';
import { chosenPrompt, promptFileOption } from './prompt.js';
import { trainShowing } from './training.js';
import { numberBetween, positiveNumber, wholeNumber } from './values.js';

interface TrainOptions extends Partial<Omit<Recipe, 'lora'>> {
  readonly model?: string;
  readonly out: string;
  readonly config?: string;
  readonly dev?: string;
  readonly lora?: boolean;
  readonly full?: boolean;
  readonly loraR?: number;
  readonly loraAlpha?: number;
  readonly loraDropout?: number;
  readonly loraTargets?: string;
  readonly weights: 'float32' | 'int8' | 'int4';
  readonly epochs?: number;
  readonly minutes?: number;
  readonly checkpointMinutes?: number;
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly resume: boolean;
  readonly device?: Device;
  readonly threads?: number;
  readonly json: boolean;
}

export const trainCommand = (): Command =>
  new Command('train')
    .summary('fine-tune a model to write impressions')
    .description(
      'Fine-tune a T5 to write impressions from findings: all its weights, or an adapter. OUT/model is the best model, OUT/report.html shows the run.',
    )
    .argument('[data]', 'training examples (.json, .jsonl or .csv)')
    .option(
      '--model <model>',
      'where to start: a model directory, a hub id such as google/flan-t5-base, or tiny for a small untrained one',
    )
    .requiredOption('--out <dir>', 'run directory: model/, checkpoints/, metrics.jsonl, report.html, run.json')
    .option('--config <file>', 'these options from a JSON file, or those of an earlier run from its run.json')
    .option('--dev <file>', 'examples for the dev loss (default: a tenth of the patients of DATA)')
    .addOption(new Option('--full', 'train all weights (default)').conflicts('lora'))
    .option('--lora', 'train a LoRA adapter over the frozen model')
    .option('--lora-r <n>', 'rank of the adapter (default: 8)', wholeNumber(1))
    .option('--lora-alpha <x>', 'the adapter counts alpha / r (default: 32)', positiveNumber)
    .option('--lora-dropout <p>', 'dropout on the adapter’s input (default: 0.1)', numberBetween(0, 0.99))
    .option('--lora-targets <names>', 'adapted layers: q, k, v, o, wi_0, wi_1, wo by commas, or all (default: q,v)')
    .addOption(
      new Option(
        '--weights <type>',
        'of the frozen model under an adapter: rounded ones need a quarter or an eighth of the memory',
      )
        .choices(['float32', 'int8', 'int4'])
        .default('float32'),
    )
    .addOption(
      new Option('--epochs <n>', 'passes over the data (default: 3, adapters 5, untrained models 20)').argParser(
        positiveNumber,
      ),
    )
    .option(
      '--minutes <n>',
      'end within this time even if epochs are left, learning-rate schedule included',
      positiveNumber,
    )
    .option('--prompt <template>', 'prompt with the fields {findings} and {background}, kept with the model')
    .addOption(promptFileOption())
    .option(
      '--retrieve <k>',
      'put the impressions of the k most similar training reports into the input, never the same patient’s (default: 0)',
      wholeNumber(0),
    )
    .option(
      '--no-store-reports',
      'leave the training reports out of the model directory; drafting then needs --similar-reports',
    )
    .option(
      '--batch-size <n>',
      'examples of a forward and backward pass (default: 8, adapters 6, untrained models 16)',
      wholeNumber(1),
    )
    .option('--accumulation <n>', 'passes whose gradients make one step (default: 1, adapters 4)', wholeNumber(1))
    .option(
      '--learning-rate <x>',
      'highest learning rate (default: 3e-4, adapters and untrained models 1e-3)',
      positiveNumber,
    )
    .option('--warmup <share>', 'share of the run in which the rate rises (default: 0.05)', numberBetween(0, 1))
    .addOption(
      new Option(
        '--schedule <shape>',
        'the rate after the warm-up: down to 0 straight or as a cosine, or constant (default: linear)',
      ).choices(['linear', 'cosine', 'constant']),
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
      '--word-dropout <share>',
      'share of the input’s tokens hidden in training (default: 0, untrained models 0.05)',
      numberBetween(0, 1, { openMost: true }),
    )
    .option(
      '--label-smoothing <share>',
      'share of each label spread over all tokens (default: 0)',
      numberBetween(0, 1, { openMost: true }),
    )
    .option(
      '--max-input-tokens <n>',
      'longest input; a longer one loses the end of its findings (default: 896)',
      wholeNumber(2),
    )
    .option('--max-target-tokens <n>', 'longest impression (default: 128)', wholeNumber(2))
    .option(
      '--evaluations-per-epoch <n>',
      'evaluations an epoch, each with a checkpoint (default: 1, untrained models 0.5)',
      positiveNumber,
    )
    .option(
      '--checkpoint-minutes <n>',
      'longest time between two checkpoints, which is what a kill can cost (default: 10)',
      positiveNumber,
    )
    .addOption(
      new Option(
        '--select-by <figure>',
        'the best model has the lowest dev loss, or the drafts with the highest dev ROUGE-L (default: loss, untrained models rouge)',
      ).choices(['loss', 'rouge']),
    )
    .option(
      '--patience <n>',
      'end after so many evaluations without a better model, 0: never (default: 0)',
      wholeNumber(0),
    )
    .option(
      '--dev-share <share>',
      'share of the patients set aside without --dev (default: 0.1)',
      numberBetween(0, 1, { openLeast: true, openMost: true }),
    )
    .option('--seed <n>', 'seed of everything random (default: 1)', wholeNumber(0))
    .addOption(
      new Option('--device <device>', 'where it runs; auto is CUDA where it works (default: cpu)').choices([
        'auto',
        'cpu',
        'webgpu',
        'cuda',
      ]),
    )
    .option('--threads <n>', 'processor threads (default: all)', wholeNumber(1))
    .option('--resume', 'go on from the last checkpoint in OUT', false)
    .option('--json', 'print each step and evaluation as a line of JSON on standard output', false)
    .action((data: string | undefined, _: unknown, command: Command) =>
      interruptible((signal) => run(data, command, signal), `go on with the same command and --resume`),
    );

const run = async (given: string | undefined, command: Command, signal: AbortSignal): Promise<void> => {
  const path: string | undefined = command.opts<TrainOptions>().config;
  const set = path === undefined ? {} : await applyConfig(command, path, ['data']);
  const options = command.opts<TrainOptions>();
  const misuse = (message: string): never => command.error(`error: ${message}`, { exitCode: 2 });
  const data = given ?? (typeof set.data === 'string' ? set.data : misuse('no training examples, give a data file'));
  const modelName = options.model ?? misuse('no model to start from, give --model MODEL');
  const adapting = ['loraR', 'loraAlpha', 'loraDropout', 'loraTargets'].some((name) => name in options);
  if (!options.lora && adapting) misuse('the --lora-… options are for adapters, add --lora');
  if (!options.lora && options.weights !== 'float32')
    misuse('rounded weights can only be trained through an adapter, add --lora');

  const [{ readExamples }, { RETRIEVAL_PROMPT }, { openStart }, { FINE_TUNE, FROM_SCRATCH, LORA }] = await Promise.all([
    import('../reports/dataset.js'),
    import('../reports/prompt.js'),
    import('../models/open.js'),
    import('../training/recipe.js'),
  ]);
  const { devDrafter } = await import('../generation/dev-drafts.js');
  const wished = await chosenPrompt(options);
  const prompt = wished ?? (options.retrieve ? RETRIEVAL_PROMPT : undefined);
  const examples = await readExamples(data);
  const devExamples = options.dev === undefined ? undefined : await readExamples(options.dev);
  const bits = { float32: undefined, int8: 8, int4: 4 } as const;
  const { model, untrained, name } = await openStart(modelName, options.seed ?? FROM_SCRATCH.seed, {
    bits: bits[options.weights],
    onDownload: showDownload(),
  });
  if (untrained && options.lora) misuse('an adapter needs a trained model under it, name one with --model');
  const { epochs, ...defaults } = untrained ? FROM_SCRATCH : options.lora ? LORA : FINE_TUNE;
  const length: RunLength = { epochs: options.epochs ?? epochs, minutes: options.minutes };
  const recipe = chosen(defaults, options);

  const result = await trainShowing(
    {
      model: prompt === undefined ? model : { ...model, prompt },
      modelName,
      baseName: name,
      config: configOf(data, modelName, { ...options, prompt: wished?.template }, recipe, length),
      examples,
      devExamples,
      devDrafter: devDrafter(recipe, options.threads),
      out: options.out,
      recipe,
      length,
      resume: options.resume,
      checkpointMinutes: options.checkpointMinutes,
      threads: options.threads,
      provider: await chooseDevice(options.device ?? 'cpu'),
      interrupted: () => signal.aborted,
    },
    options.json,
  );
  if (result.interrupted) throw signal.reason;
};

/** The defaults with what the user set. */
const chosen = ({ lora, ...defaults }: Recipe, options: TrainOptions): Recipe => {
  const settings = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, options[name as keyof typeof defaults] ?? value]),
  ) as unknown as Omit<Recipe, 'lora'>;
  if (lora === undefined) return settings;
  return {
    ...settings,
    lora: {
      r: options.loraR ?? lora.r,
      alpha: options.loraAlpha ?? lora.alpha,
      dropout: options.loraDropout ?? lora.dropout,
      targets: options.loraTargets?.split(',').map((target) => target.trim()) ?? lora.targets,
    },
  };
};

/** All settings of a run by the names of their options, so that `--config run.json` makes the same run. */
const configOf = (
  data: string,
  model: string,
  { dev, prompt, weights, checkpointMinutes }: TrainOptions,
  { lora, ...recipe }: Recipe,
  length: RunLength,
): Record<string, unknown> => {
  const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const adapter = lora && {
    lora: true,
    'lora-r': lora.r,
    'lora-alpha': lora.alpha,
    'lora-dropout': lora.dropout,
    'lora-targets': lora.targets.join(','),
    weights,
  };
  const { storeReports, ...others } = recipe;
  const settings = Object.entries(others).map(([name, value]) => [dashed(name), value]);
  const kept = storeReports ? {} : { 'no-store-reports': true };
  return {
    ...{ data, dev, model, prompt, ...length, ...adapter, ...Object.fromEntries(settings), ...kept },
    'checkpoint-minutes': checkpointMinutes,
  };
};
