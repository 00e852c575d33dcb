/** @file What `generate` and `evaluate` share: the options of drafting, and drafting with progress and warnings. */
import { type Command, Option } from 'commander';
import type { Draft, DraftOptions } from '../generation/drafts.js';
import type { PromptFields } from '../reports/prompt.js';
import { startProgress } from './progress.js';
import { positiveNumber, wholeNumber } from './values.js';

/** The options as commander gives them. */
export interface DraftingOptions {
  readonly model?: string;
  readonly prompt?: string;
  readonly maxInputTokens?: number;
  readonly maxNewTokens?: number;
  readonly minNewTokens?: number;
  readonly noRepeatNgram?: number;
  readonly repetitionPenalty?: number;
  readonly batchSize?: number;
  readonly threads?: number;
}

/** Commander takes `--no-…` for a switch that turns something off; this one is a setting with a number. */
const noRepeatNgram = (): Option => {
  const option = new Option('--no-repeat-ngram <n>', 'forbid any run of n tokens to occur twice (0: allow)');
  option.negate = false;
  return option.argParser(wholeNumber(0)).default(0);
};

/** Adds the options of drafting to a command. */
export const addDraftingOptions = (command: Command): Command =>
  command
    .option('--prompt <template>', 'prompt with the fields {findings} and {background} (default: the model’s own)')
    .option(
      '--max-input-tokens <n>',
      'longest input; a longer one loses the end of its findings, with a warning',
      wholeNumber(2),
      896,
    )
    .option('--max-new-tokens <n>', 'longest draft, in tokens', wholeNumber(1), 128)
    .option('--min-new-tokens <n>', 'shortest draft, in tokens', wholeNumber(0), 0)
    .addOption(noRepeatNgram())
    .option('--repetition-penalty <x>', 'above 1 makes repeating a token less likely', positiveNumber, 1)
    .option('--batch-size <n>', 'reports drafted together', wholeNumber(1), 16)
    .addOption(new Option('--threads <n>', 'processor threads (default: all)').argParser(wholeNumber(1)));

/**
 * Drafts impressions with the chosen model, with a progress bar, and warns of inputs that were cut and drafts that were.
 *
 * @param label What a report is called in a warning.
 */
export const draftWith = async (
  modelName: string,
  reports: readonly PromptFields[],
  options: DraftingOptions,
  label: (index: number) => string,
): Promise<Draft[]> => {
  // ONNX Runtime is only loaded by the commands that need it.
  const [{ createDrafter }, { openModel }, { parsePrompt }] = await Promise.all([
    import('../generation/drafts.js'),
    import('../models/open.js'),
    import('../reports/prompt.js'),
  ]);
  const model = await openModel(modelName);
  const settings: DraftOptions = {
    ...options,
    prompt: options.prompt === undefined ? undefined : parsePrompt(options.prompt),
  };
  const drafter = await createDrafter(model, settings);
  const progress = reports.length > 1 ? startProgress('drafting', reports.length, 'reports') : undefined;
  try {
    const drafts = await drafter.draft(reports, (count) => progress?.update(count));
    progress?.stop();
    drafts.forEach(({ cutTokens, truncated }, index) => {
      if (cutTokens > 0) {
        console.error(
          `impressionist: ${label(index)} was too long, the last ${cutTokens} tokens of its findings were not read (--max-input-tokens)`,
        );
      }
      if (truncated)
        console.error(
          `impressionist: the draft of ${label(index)} reached its limit (--max-new-tokens) before its end`,
        );
    });
    return drafts;
  } finally {
    await drafter.release();
  }
};
