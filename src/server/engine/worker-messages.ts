/** @file What the server and its drafting processes say to each other. */
import type { WeightFormat } from '../../generation/memory.js';
import type { Device } from '../../generation/prepare.js';
import type { FailureParts } from '../../ground/failure.js';
import type { DraftSettings, DraftSource, EngineDraft, ModelIdentity } from './draft-engine.js';

/** What a drafting process is started with. */
export interface DraftWorkerInput {
  /** Model directory. */
  readonly model: string;
  /** Processor threads; absent: as many as pay for a model of its size. */
  readonly threads?: number;
  readonly maxInputTokens: number;
  /** Reports decoded together. */
  readonly batchSize: number;
  readonly weights: WeightFormat;
  readonly device: Device;
  /** Bytes of memory that may be used; absent: what the machine has available. */
  readonly memoryBudget?: number;
  /** Instead of the model's own prompt. */
  readonly prompt?: string;
}

/** From the server. */
export type ToWorker =
  | { readonly kind: 'start'; readonly input: DraftWorkerInput }
  | {
      readonly kind: 'draft';
      readonly id: number;
      readonly source: DraftSource;
      readonly settings: DraftSettings;
      /** Whether the text is wanted while it grows. */
      readonly streams: boolean;
    }
  | { readonly kind: 'cancel'; readonly id: number };

/** From the process. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly model: ModelIdentity }
  | { readonly kind: 'unusable'; readonly failure: FailureParts }
  | { readonly kind: 'begun'; readonly id: number }
  | { readonly kind: 'text'; readonly id: number; readonly text: string }
  | { readonly kind: 'draft'; readonly id: number; readonly draft: EngineDraft }
  /** The input's own fault, in words without its text. */
  | { readonly kind: 'refused'; readonly id: number; readonly failure: FailureParts }
  | { readonly kind: 'broken'; readonly id: number };
