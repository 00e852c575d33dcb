/**
 * @file The settings of a run and their defaults, with the reason for each. `--help` shows them; `run.json` keeps what
 * a run used.
 */
import type { TrainingSettings } from './train.js';

/** All settings of a run; the length is chosen apart. */
export interface Recipe extends Omit<TrainingSettings, 'length'> {
  readonly optimizer: 'adamw' | 'adafactor';
  readonly weightDecay: number;
  /** Most tokens of an input, the end token counted; a longer one loses the end of its findings. */
  readonly maxInputTokens: number;
  /** Most tokens of a target, the end token counted. */
  readonly maxTargetTokens: number;
  /** Share of the patients held out for the dev loss where no dev data are given. */
  readonly devShare: number;
}

const shared = {
  accumulation: 1,
  clipNorm: 1,
  evaluationsPerEpoch: 1,
  seed: 1,
  optimizer: 'adamw',
  maxInputTokens: 896, // the AWS sample's
  maxTargetTokens: 128, // nearly all impressions are shorter; JumpStart's default
  devShare: 0.1,
} as const;

/** Fine-tuning all weights of a pre-trained T5. */
export const FINE_TUNE: Recipe & { readonly epochs: number } = {
  ...shared,
  epochs: 3, // as the AWS sample
  batchSize: 8,
  learningRate: 3e-4, // the upper end of 1e-4 to 3e-4, usual for T5 with AdamW
  warmup: 0.05,
  weightDecay: 0.01,
  dropout: 0.1, // T5's own
};

/** Training a small T5 from nothing on some thousand reports. */
export const FROM_SCRATCH: Recipe & { readonly epochs: number } = {
  ...shared,
  epochs: 20,
  batchSize: 16, // small: with few reports the number of steps counts most
  learningRate: 2e-3, // without pre-trained knowledge to keep, ten times that of fine-tuning
  warmup: 0.05,
  weightDecay: 0.01,
  dropout: 0.1,
};
