/** @file Drafting impressions: from findings to text, for one report or many, whole or as it is written. */
import { Failure } from '../ground/failure.js';
import { type EncodedInput, encodeInput, MAX_INPUT_TOKENS } from '../models/encoding.js';
import type { PromptFields, PromptTemplate } from '../reports/prompt.js';
import type { ExecutionOptions } from '../tensors/index.js';
import { createEngine } from './decode.js';
import type { DecodingOptions } from './options.js';
import { type DrafterModel, prepareDecoder, type WeightOptions } from './prepare.js';
import type { Decoded } from './search.js';
import { textDeltas } from './streaming.js';

/** How to draft; all have defaults. */
export interface DraftOptions extends ExecutionOptions, DecodingOptions, WeightOptions {
  /** Instead of the model's own prompt. */
  readonly prompt?: PromptTemplate;
  /** Most tokens of the input, its end token counted; default 896. */
  readonly maxInputTokens?: number;
}

/** One of several impressions drafted for a report. */
export interface Candidate {
  readonly impression: string;
  /** Σ log-probability / tokens ** length penalty; the higher the likelier. Comparable within one report. */
  readonly score: number;
  /** Whether the limit of new tokens came before the model's own end. */
  readonly truncated: boolean;
}

/** A drafted impression. */
export interface Draft extends Candidate {
  /** Tokens of the findings' end that the model did not see, because the input was too long. */
  readonly cutTokens: number;
  /** All outputs asked for by `nBest`, best first; the first is the draft itself. */
  readonly candidates: readonly Candidate[];
}

/** A piece of a draft that is being written: some further text, or at the end the draft. */
export type DraftPiece = { readonly text: string } | { readonly draft: Draft };

/** Drafts impressions with one model. Calls may overlap: their reports share batches. */
export interface Drafter {
  /**
   * @param finished Called with the number of drafts finished so far.
   * @param signal Ends the work; the promise is then rejected with its reason.
   * @returns A draft for each report, in the same order.
   * @throws {Failure} When a report has no findings.
   */
  draft(reports: readonly PromptFields[], finished?: (count: number) => void, signal?: AbortSignal): Promise<Draft[]>;
  /**
   * Drafts one report, giving its text word by word as soon as it is settled, and then the draft. With beams, or
   * several samples, nothing is settled before the end: the text comes in one piece.
   *
   * @example for await (const piece of drafter.stream(report)) if ('text' in piece) process.stdout.write(piece.text);
   */
  stream(report: PromptFields, signal?: AbortSignal): AsyncGenerator<DraftPiece, void, undefined>;
  /** Decoder passes, and tokens made by them, of all greedy drafts so far. */
  readonly counts: { readonly passes: number; readonly tokens: number };
  /** Refuses what has not begun, lets the rest end, and frees the model. */
  release(): Promise<void>;
}

/**
 * Makes a drafter.
 *
 * @param model In memory (`readModel`) or on disk (`openStoredModel`), which needs less memory.
 * @throws {OptionFailure} When options can't be honoured. {@link Failure} when the model needs more memory than there is.
 * @example
 * const drafter = await createDrafter(await openStoredModel('runs/first/model'), { beams: 4, nBest: 4 });
 * const [{ impression, candidates }] = await drafter.draft([{ findings: 'The lungs are clear.', background: '' }]);
 */
export const createDrafter = async (model: DrafterModel, options: DraftOptions = {}): Promise<Drafter> => {
  const { tokenizer } = model;
  const prompt = options.prompt ?? model.prompt;
  const decoder = await prepareDecoder(model, options);
  const engine = createEngine(decoder, options);

  const encode = (report: PromptFields, where: string): EncodedInput => {
    if (report.findings.trim() === '') throw new Failure({ what: 'no findings to draft from', where });
    return encodeInput(tokenizer, prompt, report, options.maxInputTokens ?? MAX_INPUT_TOKENS);
  };
  const draftOf = (outputs: readonly Decoded[], { cutTokens }: EncodedInput): Draft => {
    const candidates = outputs.map(
      ({ ids, truncated, score }): Candidate => ({ impression: tokenizer.decode(ids), score, truncated }),
    );
    return { ...candidates[0], cutTokens, candidates };
  };

  return {
    draft: async (reports, finished, signal) => {
      const inputs = reports.map((report, index) => encode(report, `report ${index + 1}`));
      const outputs = await engine.decodeAll(
        inputs.map(({ ids }) => ids),
        finished,
        signal,
      );
      return outputs.map((each, index) => draftOf(each, inputs[index]));
    },
    stream: async function* (report, signal) {
      const input = encode(report, 'the report');
      const deltas = textDeltas((ids) => tokenizer.decode(ids));
      const ended = new AbortController(); // also when the reader goes away
      const pieces: string[] = [];
      let wake: () => void = () => undefined;
      const outputs = engine.decode(input.ids, {
        signal: AbortSignal.any(signal === undefined ? [ended.signal] : [ended.signal, signal]),
        onTokens: (ids) => {
          const text = deltas.next(ids);
          if (text !== '') pieces.push(text);
          wake();
        },
      });
      let done = false;
      const settle = (): void => {
        done = true;
        wake();
      };
      outputs.then(settle, settle);
      try {
        while (!done || pieces.length > 0) {
          const text = pieces.shift();
          if (text !== undefined) yield { text };
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
        const draft = draftOf(await outputs, input);
        const rest = deltas.end(draft.impression);
        if (rest !== '') yield { text: rest };
        yield { draft };
      } finally {
        ended.abort();
      }
    },
    counts: engine.counts,
    release: () => engine.release(),
  };
};
