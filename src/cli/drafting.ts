/** @file What `generate` and `evaluate` share: the options of drafting, and drafting with progress and warnings. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { EarlyStopping } from '../generation/beam.js';
import { type Chosen, choose, chosenBySimilar, type Reranking } from '../generation/choosing.js';
import type { Draft, Drafter, DraftOptions } from '../generation/drafts.js';
import type { WeightFormat } from '../generation/memory.js';
import type { Device } from '../generation/prepare.js';
import type { PromptFields } from '../reports/prompt.js';
import { showDownload } from './download.js';
import { leanOnSimilar, leansOnSimilar } from './leaning.js';
import { startProgress } from './progress.js';
import { chosenPrompt, promptFileOption } from './prompt.js';
import { numberBetween, positiveNumber, wholeNumber } from './values.js';

/** The options as commander gives them; absent where the user gave none. */
export interface DraftingOptions {
  readonly model?: string;
  readonly adapter?: string;
  readonly similarReports?: string;
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly maxInputTokens?: number;
  readonly maxNewTokens?: number;
  readonly minNewTokens?: number;
  readonly noRepeatNgram?: number;
  readonly repetitionPenalty?: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: EarlyStopping;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly copyTokens?: number;
  readonly batchSize?: number;
  readonly weights?: WeightFormat;
  readonly device?: Device;
  /** In GB. */
  readonly memory?: number;
  readonly threads?: number;
}

/** What is not shared: only `generate` can give several drafts of a report. */
interface Extra {
  readonly nBest?: number;
  readonly rerank?: Reranking;
}

/** Commander takes `--no-…` for a switch that turns something off; this one is a setting with a number. */
const noRepeatNgram = (): Option => {
  const option = new Option('--no-repeat-ngram <n>', 'forbid any run of n tokens to occur twice (default: 0, allow)');
  option.negate = false;
  return option.argParser(wholeNumber(0));
};

const earlyStopping = (text: string): EarlyStopping => {
  if (text === 'never') return 'never';
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('It must be true, false or never.');
  return text === 'true';
};

/** Adds the options of drafting to a command. */
export const addDraftingOptions = (command: Command): Command =>
  command
    .option('--adapter <dir>', 'LoRA adapter to use on the model: a directory as PEFT or train --lora writes it')
    .option(
      '--similar-reports <file>',
      'reports to lean on, for a model trained with --retrieve (default: those stored with it)',
    )
    .option('--prompt <template>', 'prompt with the fields {findings} and {background} (default: the model’s own)')
    .addOption(promptFileOption())
    .option(
      '--max-input-tokens <n>',
      'longest input; a longer one loses the end of its findings, with a warning (default: 896)',
      wholeNumber(2),
    )
    .option('--max-new-tokens <n>', 'longest draft, in tokens (default: 128)', wholeNumber(1))
    .option('--min-new-tokens <n>', 'shortest draft, in tokens (default: 0)', wholeNumber(0))
    .addOption(noRepeatNgram())
    .option('--repetition-penalty <x>', 'above 1 makes repeating a token less likely (default: 1)', positiveNumber)
    .option('--beams <n>', 'beam search with so many beams (default: 1, greedy)', wholeNumber(1))
    .option(
      '--length-penalty <x>',
      'with beams: above 0 favours longer drafts, below 0 shorter ones (default: 1)',
      numberBetween(-100, 100),
    )
    .option(
      '--early-stopping <when>',
      'with beams: true, false or never, as Transformers (default: false)',
      earlyStopping,
    )
    .option('--temperature <x>', 'sample, with scores divided by this (default: no sampling; 1)', positiveNumber)
    .option('--top-k <n>', 'sample among the n likeliest tokens, 0 for all (default: 50)', wholeNumber(0))
    .option(
      '--top-p <p>',
      'sample among the likeliest tokens of this joint probability (default: 1)',
      numberBetween(0, 1, { openLeast: true }),
    )
    .option(
      '--copy-tokens <n>',
      'greedy: tokens guessed ahead and verified in one pass; never changes a draft (default: 4 for a single report, else 0)',
      wholeNumber(0),
    )
    .addOption(
      new Option(
        '--weights <format>',
        'float32 is exact; int8 and int4 are smaller and faster (default: float32)',
      ).choices(['float32', 'int8', 'int4']),
    )
    .addOption(
      new Option('--device <device>', 'where it runs; auto is CUDA where it works (default: cpu)').choices([
        'auto',
        'cpu',
        'webgpu',
        'cuda',
      ]),
    )
    .option('--memory <gb>', 'refuse to use more memory than this (default: what is available)', positiveNumber)
    .option('--batch-size <n>', 'reports drafted together (default: 16)', wholeNumber(1))
    .addOption(
      new Option('--threads <n>', 'processor threads (default: all; 1 for a model as small as tiny)').argParser(
        wholeNumber(1),
      ),
    );

/** The first option of drafting that the user gave, by its name on the command line. */
export const draftingOptionGiven = (command: Command): string | undefined => {
  const shared = new Set(addDraftingOptions(new Command()).options.map((option) => option.attributeName()));
  return command.options.find(
    (option) => shared.has(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  )?.long;
};

/**
 * Opens the chosen model, lets `work` draft with it, and closes it. Options that exclude each other are a usage error.
 *
 * @param command Ends the process with exit code 2 on a usage error.
 */
export const withDrafter = async <Result>(
  modelName: string,
  options: DraftingOptions & Extra,
  command: Command | undefined,
  work: (drafter: Drafter) => Promise<Result>,
): Promise<Result> => {
  // ONNX Runtime is only loaded by the commands that need it.
  const [{ createDrafter }, { decodingSettings, OptionFailure }, { openToDraft }] = await Promise.all([
    import('../generation/drafts.js'),
    import('../generation/options.js'),
    import('../models/open.js'),
  ]);
  const settings: DraftOptions = {
    ...options,
    memoryBudget: options.memory === undefined ? undefined : options.memory * 1e9,
    prompt: await chosenPrompt(options),
  };
  try {
    decodingSettings(settings);
  } catch (error) {
    if (!(error instanceof OptionFailure) || command === undefined) throw error;
    command.error(`error: ${error.message}`, { exitCode: 2 });
  }
  const model = await openToDraft(modelName, { adapter: options.adapter, onDownload: showDownload() });
  const quantising = { shown: undefined as ReturnType<typeof startProgress> | undefined };
  const drafter = await createDrafter(model, {
    ...settings,
    onQuantising: (share) => {
      quantising.shown ??= startProgress(`rounding weights to ${options.weights}, once`, 100, '%');
      quantising.shown.update(Math.round(share * 100));
    },
  }).finally(() => quantising.shown?.stop());
  try {
    return await work(drafter);
  } finally {
    await drafter.release();
  }
};

/** Warns of an input that was cut and of a draft that was. */
export const warnOfCuts = ({ cutTokens, truncated }: Pick<Draft, 'cutTokens' | 'truncated'>, label: string): void => {
  if (cutTokens > 0) {
    console.error(
      `impressionist: ${label} was too long, the last ${cutTokens} tokens of its findings were not read (--max-input-tokens)`,
    );
  }
  if (truncated) {
    console.error(`impressionist: the draft of ${label} reached its limit (--max-new-tokens) before its end`);
  }
};

/**
 * Drafts impressions with the chosen model, with a progress bar, and warns of inputs that were cut and drafts that were. Of
 * several drafts of a report one is taken, see {@link choose}.
 *
 * @param label What a report is called in a warning.
 * @param command Ends the process with exit code 2 on a usage error.
 * @param signal Stops the work.
 */
export const draftWith = async (
  modelName: string,
  reports: readonly PromptFields[],
  given: DraftingOptions & Extra,
  label: (index: number) => string,
  command?: Command,
  signal?: AbortSignal,
): Promise<Chosen[]> => {
  const options = (await leansOnSimilar(modelName, given.adapter)) ? chosenBySimilar(given) : given;
  return withDrafter(modelName, options, command, async (drafter) => {
    const leaning = await leanOnSimilar(modelName, reports, options);
    const progress = reports.length > 1 ? startProgress('drafting', reports.length, 'reports') : undefined;
    const drafts = await drafter
      .draft(leaning, (count) => progress?.update(count), signal)
      .finally(() => progress?.stop());
    return drafts.map((draft, index) => {
      const chosen = choose({ ...draft, leanedOn: leaning[index].leanedOn }, reports[index], options.rerank);
      warnOfCuts(chosen, label(index));
      return chosen;
    });
  });
};
