/** @file What every way of decoding is: it says which tokens to decode next, reads their scores, and decides. */
import type { Query, Scores } from './lanes.js';

/** One output. */
export interface Decoded {
  /** Token ids without the leading start token; the end token is the last one if it was reached. */
  readonly ids: readonly number[];
  /** Whether the limit came before the end token. */
  readonly truncated: boolean;
  /** Σ log-probability / (tokens, the end counted) ** length penalty, as Transformers' `sequences_scores`. */
  readonly score: number;
}

/** The search for the outputs of one input. */
export interface Search {
  /** What to decode next; at least one query. Paths are those of the last {@link Search.take}, at first one: 0. */
  queries(): readonly Query[];
  /**
   * Reads the scores of each query.
   *
   * @returns For each path that goes on, the query it ends with; undefined once the search is over.
   */
  take(scores: readonly Scores[]): readonly number[] | undefined;
  /** The tokens settled so far, without the start token; they do not change any more. Empty where none is settled. */
  settled(): readonly number[];
  /** The outputs, best first; called once the search is over. */
  outputs(): Decoded[];
}

/** Token ids and limits that every search needs. */
export interface SearchFrame {
  readonly startId: number;
  readonly endId: number;
  /** Most tokens of an output, its end token counted. */
  readonly maxNewTokens: number;
}
