/**
 * @file The two request shapes of JumpStart's Flan-T5 containers: AWS's script of version 1 (`text_inputs`, all flat)
 * and Text Generation Inference of version 2 (`inputs`, `parameters`). Sources: AWS's notebook
 * "text2text-generation-flan-t5"; Text Generation Inference's `openapi.json`.
 */
import { z } from 'zod';
import type { DraftSettings } from '../engine/draft-engine.js';
import { REPORTS_MAX, TEXT_MAX } from '../http/schemas.js';

const prompt = z.string().min(1).max(TEXT_MAX.prompt);
const tokens = z.int().min(1).max(512);
const seed = z
  .int()
  .min(0)
  .max(2 ** 53 - 1);

/** Wider than the API's own: AWS's sample for this task, and the paper it follows, ask for ten. */
const BEAMS_MAX = 16;

/** Version 1. */
export const scriptSchema = z.strictObject({
  text_inputs: z.union([prompt, z.array(prompt).min(1).max(REPORTS_MAX)]),
  /** Carried through to the answer, as batch transform's lines have it. */
  id: z.union([z.string().max(128), z.number()]).optional(),
  max_length: tokens.optional(),
  max_new_tokens: tokens.optional(),
  min_length: z.int().min(0).max(512).optional(),
  num_return_sequences: z.int().min(1).max(8).optional(),
  num_beams: z.int().min(1).max(BEAMS_MAX).optional(),
  no_repeat_ngram_size: z.int().min(0).max(32).optional(),
  early_stopping: z.boolean().optional(),
  length_penalty: z.number().min(-10).max(10).optional(),
  repetition_penalty: z.number().min(0.1).max(10).optional(),
  do_sample: z.boolean().optional(),
  temperature: z.number().gt(0).max(10).optional(),
  top_k: z.int().min(0).max(10_000).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  seed: seed.optional(),
  batch_size: z.int().min(1).optional(),
});

/** Version 2. */
export const tgiSchema = z.strictObject({
  inputs: prompt,
  parameters: z
    .strictObject({
      max_new_tokens: tokens.nullish(),
      repetition_penalty: z.number().min(0.1).max(10).nullish(),
      do_sample: z.boolean().optional(),
      temperature: z.number().gt(0).max(10).nullish(),
      top_k: z.int().gt(0).max(10_000).nullish(),
      top_p: z.number().gt(0).max(1).nullish(),
      seed: seed.nullish(),
      truncate: z.int().min(1).nullish(),
      return_full_text: z.literal(false).nullish(),
      details: z.boolean().optional(),
      decoder_input_details: z.literal(false).optional(),
      watermark: z.literal(false).optional(),
      best_of: z.literal(1).nullish(),
      stop: z.array(z.string()).max(0).optional(),
    })
    .default({}),
  stream: z.boolean().default(false),
});

/** The engine's settings for a request of version 1. */
export const scriptSettings = (input: z.output<typeof scriptSchema>): DraftSettings => {
  const sample = input.do_sample ?? false;
  const count = input.num_return_sequences ?? 1;
  const beams = input.num_beams ?? (sample ? 1 : count);
  return {
    maxNewTokens: input.max_new_tokens ?? input.max_length,
    minNewTokens: input.min_length,
    nBest: count,
    beams,
    noRepeatNgram: input.no_repeat_ngram_size,
    // As Transformers: what is of another way of decoding is accepted at its place, and has no effect there.
    earlyStopping: beams > 1 ? input.early_stopping : undefined,
    lengthPenalty: beams > 1 ? input.length_penalty : undefined,
    repetitionPenalty: input.repetition_penalty,
    ...(sample
      ? { sample, temperature: input.temperature, topK: input.top_k, topP: input.top_p, seed: input.seed }
      : {}),
  };
};

/** TGI's default; its own documents say 100. */
const TGI_NEW_TOKENS = 100;

/** The engine's settings for a request of version 2. */
export const tgiSettings = ({ parameters }: z.output<typeof tgiSchema>): DraftSettings => {
  const drawn = parameters.temperature ?? parameters.top_k ?? parameters.top_p ?? undefined;
  const sample = parameters.do_sample === true || drawn !== undefined;
  return {
    maxNewTokens: parameters.max_new_tokens ?? TGI_NEW_TOKENS,
    repetitionPenalty: parameters.repetition_penalty ?? undefined,
    ...(sample
      ? {
          sample,
          temperature: parameters.temperature ?? undefined,
          topK: parameters.top_k ?? 0,
          topP: parameters.top_p ?? undefined,
          seed: parameters.seed ?? undefined,
        }
      : {}),
  };
};
