/** @file Drafting impressions: from findings to text, for one report or many. */
import { Failure } from '../ground/failure.js';
import type { Model } from '../models/directory.js';
import { encodeInput } from '../models/encoding.js';
import type { PromptFields, PromptTemplate } from '../reports/prompt.js';
import type { ExecutionOptions } from '../tensors/index.js';
import { buildDecoder } from './decoder.js';
import { decodeGreedily, type GreedyOptions } from './greedy.js';

/** How to draft; all have defaults. */
export interface DraftOptions extends ExecutionOptions, Partial<GreedyOptions> {
  /** Instead of the model's own prompt. */
  readonly prompt?: PromptTemplate;
  /** Most tokens of the input, its end token counted; default 896. */
  readonly maxInputTokens?: number;
}

/** A drafted impression. */
export interface Draft {
  readonly impression: string;
  /** Whether the limit of new tokens came before the model's own end. */
  readonly truncated: boolean;
  /** Tokens of the findings' end that the model did not see, because the input was too long. */
  readonly cutTokens: number;
}

/** Defaults of drafting: room for any usual impression; batches that two cores fill. */
export const DRAFT_DEFAULTS = { maxInputTokens: 896, maxNewTokens: 128, batchSize: 16 } as const;

/** Drafts impressions with one model. */
export interface Drafter {
  /**
   * @param finished Called with the number of drafts finished so far.
   * @returns A draft for each report, in the same order.
   * @throws {Failure} When a report has no findings.
   */
  draft(reports: readonly PromptFields[], finished?: (count: number) => void): Promise<Draft[]>;
  release(): Promise<void>;
}

/**
 * Makes a drafter.
 *
 * @example
 * const drafter = await createDrafter(await readModel('runs/first/model'));
 * const [{ impression }] = await drafter.draft([{ findings: 'The lungs are clear.', background: '' }]);
 */
export const createDrafter = async (model: Model, options: DraftOptions = {}): Promise<Drafter> => {
  const { tokenizer } = model;
  const settings = { ...DRAFT_DEFAULTS, ...options };
  const prompt = options.prompt ?? model.prompt;
  const decoder = await buildDecoder(model, options);
  return {
    draft: async (reports, finished) => {
      const inputs = reports.map((report, index) => {
        if (report.findings.trim() === '')
          throw new Failure({ what: 'no findings to draft from', where: `report ${index + 1}` });
        return encodeInput(tokenizer, prompt, report, settings.maxInputTokens);
      });
      const outputs = await decodeGreedily(
        decoder,
        inputs.map(({ ids }) => ids),
        settings,
        finished,
      );
      return outputs.map(({ ids, truncated }, index) => ({
        impression: tokenizer.decode(ids),
        truncated,
        cutTokens: inputs[index].cutTokens,
      }));
    },
    release: () => decoder.release(),
  };
};
