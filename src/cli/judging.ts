/** @file The options of `evaluate` for models that judge, CheXbert and an encoder for BERTScore, and opening them. */
import type { Command } from 'commander';
import { openBertScore } from '../judges/bertscore.js';
import { openChexbert } from '../judges/chexbert.js';
import { type Progress, startProgress } from './progress.js';
import { wholeNumber } from './values.js';

/** The options as commander gives them; absent where the user gave none. */
export interface JudgingOptions {
  readonly chexbert?: string;
  readonly bertscore?: string;
  readonly bertscoreLayer?: number;
  readonly bertscoreIdf?: boolean;
  readonly bertscoreBaseline?: string;
  readonly threads?: number;
}

/** Adds the options of judging to a command. */
export const addJudgingOptions = (command: Command): Command =>
  command
    .option(
      '--chexbert <file>',
      'also label with CheXbert: its ONNX file, or the folder of it, tokenizer.json beside it (no weights are shipped)',
    )
    .option(
      '--bertscore <file>',
      'also give BERTScore with this encoder: an ONNX file, or the folder of it, tokenizer.json beside it',
    )
    .option(
      '--bertscore-layer <n>',
      'compare this layer, 0 the embedding (default: the last that the file gives out)',
      wholeNumber(0),
    )
    .option('--bertscore-idf', 'weigh tokens by their inverse document frequency in the references')
    .option('--bertscore-baseline <file>', "rescale by this file of bert_score's baselines (default: not rescaled)");

/** An option of BERTScore that the user gave although there is no encoder, by its name on the command line. */
export const strayJudgingOption = (options: JudgingOptions): string | undefined => {
  if (options.bertscore !== undefined) return undefined;
  if (options.bertscoreLayer !== undefined) return '--bertscore-layer';
  if (options.bertscoreIdf !== undefined) return '--bertscore-idf';
  return options.bertscoreBaseline === undefined ? undefined : '--bertscore-baseline';
};

/**
 * Opens the judges that the user named; their progress is shown as they judge.
 *
 * @throws {Failure} When one can't be opened.
 */
export const openJudges = async (options: JudgingOptions) => {
  const { threads } = options;
  const progressOf = (title: string, unit: string): ((done: number, total: number) => void) => {
    let progress: Progress | undefined;
    return (done, total) => {
      progress ??= startProgress(title, total, unit);
      progress.update(done);
      if (done === total) progress.stop();
    };
  };
  const chexbert =
    options.chexbert === undefined
      ? undefined
      : await openChexbert(options.chexbert, { threads, onProgress: progressOf('CheXbert', 'texts') });
  try {
    const bertscore =
      options.bertscore === undefined
        ? undefined
        : await openBertScore(options.bertscore, {
            threads,
            layer: options.bertscoreLayer,
            idf: options.bertscoreIdf,
            baseline: options.bertscoreBaseline,
            onProgress: progressOf('BERTScore', 'pairs'),
          });
    return {
      judges: { chexbert, bertscore },
      release: async (): Promise<void> => {
        await chexbert?.release();
        await bertscore?.release();
      },
    };
  } catch (error) {
    await chexbert?.release();
    throw error;
  }
};
