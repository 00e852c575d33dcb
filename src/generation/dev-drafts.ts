/**
 * @file Drafts of the development reports by a model while it is being trained, and their mean ROUGE-L. Training is on
 * the same floor and may not call drafting itself; whoever starts a run hands it this.
 */
import { createRougeScorer } from '../evaluation/rouge.js';
import type { Model } from '../models/directory.js';
import { encodeInput } from '../models/encoding.js';
import type { Example } from '../reports/example.js';
import type { LoraAdapter } from '../t5/lora.js';
import { createEngine } from './decode.js';
import { buildLiveDecoder } from './decoder.js';

/** Most tokens of an input and of a draft, their end tokens counted. */
export interface DevDraftLimits {
  readonly maxInputTokens: number;
  readonly maxTargetTokens: number;
}

/** Drafts and scores with one model. */
export interface DevDrafts {
  /** @returns A draft for each example, greedy, as `generate` makes it. */
  draft(examples: readonly Example[]): Promise<string[]>;
  /** Mean stemmed ROUGE-L of drafts against the examples' impressions, 0 to 1. */
  score(examples: readonly Example[], drafts: readonly string[]): number;
  release(): Promise<void>;
}

/**
 * Makes a drafter for a model whose arrays change as training goes on.
 *
 * @example await runTraining({ ...options, devDrafter: devDrafter(recipe) });
 */
export const devDrafter =
  ({ maxInputTokens, maxTargetTokens }: DevDraftLimits, threads?: number) =>
  async (model: Model, adapter?: LoraAdapter): Promise<DevDrafts> => {
    const decoder = await buildLiveDecoder(model, { threads }, adapter);
    const engine = createEngine(decoder, { maxNewTokens: maxTargetTokens });
    const scorer = createRougeScorer(['rougeL']);
    return {
      draft: async (examples) => {
        const inputs = examples.map((each) => encodeInput(model.tokenizer, model.prompt, each, maxInputTokens).ids);
        const outputs = await engine.decodeAll(inputs);
        return outputs.map(([{ ids }]) => model.tokenizer.decode(ids));
      },
      score: (examples, drafts) => {
        const scores = examples.map(({ impression }, i) => scorer.score(impression, drafts[i]).stemmed.rougeL.fmeasure);
        return scores.reduce((total, value) => total + value, 0) / scores.length;
      },
      release: () => engine.release(),
    };
  };
