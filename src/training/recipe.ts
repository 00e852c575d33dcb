/**
 * @file The settings of a run and their defaults, with the reason for each. `--help` shows them; `run.json` keeps what
 * a run used.
 */
import type { LoraSettings } from '../t5/lora.js';
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
  /** Similar training reports whose impressions are part of the input; 0 for none. */
  readonly retrieve: number;
  /** Whether these reports are stored with the model; else drafting has to be given them. */
  readonly storeReports: boolean;
  /** An adapter is trained instead of all weights, with dropout on its input. */
  readonly lora?: LoraSettings & { readonly dropout: number };
}

/** Longest time between two checkpoints, in minutes: what a kill costs at most. */
export const CHECKPOINT_MINUTES = 10;

const shared = {
  accumulation: 1,
  clipNorm: 1,
  schedule: 'linear',
  wordDropout: 0, // a pre-trained model does not need it
  labelSmoothing: 0, // T5's own fine-tuning has none
  patience: 0, // every planned step is made; the best model is kept anyway
  selectBy: 'loss', // costs nothing; ROUGE needs drafts
  evaluationsPerEpoch: 1,
  seed: 1,
  optimizer: 'adamw',
  maxInputTokens: 896, // the AWS sample's
  maxTargetTokens: 128, // nearly all impressions are shorter; JumpStart's default
  devShare: 0.1,
  retrieve: 0,
  storeReports: true,
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

/** Training an adapter over a pre-trained T5: the settings of RadAdapt (Van Veen et al. 2023) for LoRA on T5. */
export const LORA: Recipe & { readonly epochs: number } = {
  ...shared,
  epochs: 5,
  batchSize: 6,
  accumulation: 4, // 6 × 4 = 24 examples a step
  learningRate: 1e-3,
  warmup: 0.05, // RadAdapt's 100 steps are 0.5 % of its 19,000; small data need a larger share for as many
  weightDecay: 0.01, // PyTorch's default for AdamW, which RadAdapt leaves
  dropout: 0.1, // T5's own
  lora: { r: 8, alpha: 32, dropout: 0.1, targets: ['q', 'v'] }, // q and v: PEFT's default for T5
};

/**
 * Training a small T5 from nothing on some thousand reports. There the loss on new reports rises long before their drafts
 * get worse: the model with the lowest dev loss is one from the middle of the run, its learning rate still high, and
 * drafts worse than the last one. So the best model is chosen by its drafts.
 */
export const FROM_SCRATCH: Recipe & { readonly epochs: number } = {
  ...shared,
  epochs: 20,
  batchSize: 16, // small: with few reports the number of steps counts most
  learningRate: 1e-3, // without pre-trained knowledge to keep, some three times that of fine-tuning
  warmup: 0.05,
  weightDecay: 0.01,
  dropout: 0.1,
  wordDropout: 0.05,
  selectBy: 'rouge',
  evaluationsPerEpoch: 0.5, // drafting the dev reports takes about a sixth of an epoch
};
