/** @file Decoding token ids into token ids, for many inputs at once: what drafting does between its two tokenizations. */
import type { T5Config } from '../t5/config.js';
import { DraftMemory } from './copying.js';
import type { Decoder } from './decoder.js';
import type { ProposalCounts } from './greedy.js';
import { COPY_TOKENS, type DecodingOptions, type DecodingSettings, decodingSettings, searchFor } from './options.js';
import { Scheduler } from './schedule.js';
import type { Decoded } from './search.js';

/** Decodes inputs with one decoder and one setting; inputs given by different callers share its batches. */
export interface Engine {
  readonly settings: DecodingSettings;
  /** Passes and tokens of greedy decoding so far. */
  readonly counts: Readonly<ProposalCounts>;
  /**
   * Decodes one input.
   *
   * @param input Token ids with the end token.
   * @returns As many outputs as asked for, best first.
   * @throws The signal's reason once it is aborted.
   */
  decode(input: readonly number[], options?: DecodeOptions): Promise<Decoded[]>;
  /**
   * Decodes inputs, the longest first, since those of a length share a batch best.
   *
   * @param finished Called with the number of inputs finished so far.
   * @returns For each input its outputs, in the same order.
   */
  decodeAll(
    inputs: readonly (readonly number[])[],
    finished?: (count: number) => void,
    signal?: AbortSignal,
  ): Promise<Decoded[][]>;
  release(): Promise<void>;
}

/** What may be said of one input. */
export interface DecodeOptions {
  /** Names the input's random stream; default `0`. */
  readonly purpose?: string;
  readonly signal?: AbortSignal;
  /** Called with all tokens settled so far, without the start token; never where beams may still change them. */
  readonly onTokens?: (ids: readonly number[]) => void;
}

/**
 * Makes an engine; it owns the decoder and releases it.
 *
 * @throws {OptionFailure} When options can't be honoured.
 * @example const [[{ ids }]] = await createEngine(decoder, { beams: 4 }).decodeAll([[5, 6, 1]]);
 */
export const createEngine = (decoder: Decoder, options: DecodingOptions = {}): Engine => {
  const settings = decodingSettings(options);
  const { decoderStartTokenId: startId, eosTokenId: endId }: T5Config = decoder.config;
  const scheduler = new Scheduler(decoder, settings.batchSize);
  const memory = new DraftMemory();
  const counts: ProposalCounts = { passes: 0, tokens: 0 };
  let atWork = 0; // inputs queued or being decoded

  /** Beside other inputs a pass is full, and guesses would only take places in it. */
  const mayGuess = (): boolean => settings.copyTokens !== undefined || atWork === 1 || settings.batchSize === 1;

  const decode: Engine['decode'] = async (input, { purpose = '0', signal, onTokens } = {}) => {
    signal?.throwIfAborted();
    atWork++;
    try {
      const context = { purpose, copyTokens: settings.copyTokens ?? COPY_TOKENS, mayGuess, memory, counts };
      const search = searchFor(settings, { startId, endId }, input, context);
      const outputs = (await scheduler.submit({ input, search, signal, onTokens })).slice(0, settings.nBest);
      if (settings.mode === 'greedy' && context.copyTokens > 0) memory.remember([startId, ...outputs[0].ids]);
      return outputs;
    } finally {
      atWork--;
    }
  };

  return {
    settings,
    counts,
    decode,
    decodeAll: async (inputs, finished, signal) => {
      const order = inputs.map((_, index) => index).sort((a, b) => inputs[b].length - inputs[a].length || a - b);
      const results: Decoded[][] = [];
      let done = 0;
      const all = order.map(async (index) => {
        results[index] = await decode(inputs[index], { purpose: String(index), signal });
        finished?.(++done);
      });
      await Promise.all(all);
      return results;
    },
    release: () => scheduler.release(),
  };
};
