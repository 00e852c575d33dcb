/**
 * @file What the server needs of whatever writes drafts: one call a report, text as it grows, cancellation. The worker
 * processes behind it ({@link file://./worker-engine.ts}) can be exchanged without the routes noticing.
 */
import type { Candidate } from '../../generation/drafts.js';
import type { DecodingOptions } from '../../generation/options.js';
import type { SimilarImpression, SimilarQuery } from '../../reports/similar.js';

/** How a draft is decoded; what is absent has the decoder's default. Batches are the engine's own matter. */
export type DraftSettings = Omit<DecodingOptions, 'batchSize' | 'copyTokens'>;

/**
 * What a draft is written from: a report through the model's prompt, or a text that is the whole prompt already. A report
 * that says its study and patient leans on no report of theirs.
 */
export type DraftSource = (SimilarQuery & { readonly background: string }) | { readonly prompt: string };

/** A finished draft. */
export interface EngineDraft {
  readonly impression: string;
  /** All drafts asked for by `nBest`, the likeliest first; the first is the draft itself. */
  readonly candidates: readonly Candidate[];
  /** For a model that leans on similar reports: those it leaned on, the most similar first. */
  readonly leanedOn?: readonly SimilarImpression[];
  /** Whether the limit of new tokens came before the model's own end. */
  readonly truncated: boolean;
  /** Tokens of the input's end that the model did not read. */
  readonly cutTokens: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Which model drafts; goes into answers, metrics and the audit log. */
export interface ModelIdentity {
  /** The directory's name as the user gave it, without the folders above a run. */
  readonly name: string;
  /** SHA-256 over configuration, tokenizer, prompt and weights. */
  readonly fingerprint: string;
  /** SHA-256 of the prompt's template. */
  readonly promptHash: string;
  readonly parameters: number;
  /** Whether it leans on similar reports, which can then order its drafts too. */
  readonly leansOnSimilar: boolean;
  /** Where it lies; told to nobody outside. */
  readonly directory: string;
}

/** `starting` until the first model is warm; `restarting` while a lost worker is replaced. */
export type EngineState = 'starting' | 'ready' | 'restarting' | 'closed';

/** Where a draft's text goes and what stops it. */
export interface DraftControl {
  readonly signal: AbortSignal;
  /** Called with each piece of text that has become certain. */
  readonly onText?: (text: string) => void;
  /** Called when decoding begins, after waiting in the queue. */
  readonly onBegin?: () => void;
}

/** Writes drafts. */
export interface DraftEngine {
  readonly state: EngineState;
  /** Known once the engine has been ready. */
  readonly model: ModelIdentity | undefined;
  /** Most drafts of one report that it can write. */
  readonly maxAlternatives: number;
  /** Drafts accepted and not yet finished. */
  readonly pending: number;
  /**
   * @throws {Failure} When the input can't be drafted from; {@link EngineLost} when its worker died on the way; the
   *   signal's reason when it was aborted.
   */
  draft(source: DraftSource, settings: DraftSettings, control: DraftControl): Promise<EngineDraft>;
  /** Finishes what was accepted, then frees everything. */
  close(): Promise<void>;
}

/** The worker that wrote a draft ended in the middle of it; the same request may be sent again. */
export class EngineLost extends Error {
  constructor() {
    super('the drafting process was lost in the middle of this draft');
    this.name = 'EngineLost';
  }
}
