/**
 * @file The two ways JumpStart's Flan-T5 endpoints are spoken to. Models of version 1 run a script of AWS's
 * (`text_inputs`, beams, `generated_texts`); those of version 2 run Text Generation Inference (`inputs`,
 * `parameters`, `[{generated_text}]`, streaming, no beams). Our own container speaks both.
 *
 * Source: AWS's notebook "text2text-generation-flan-t5"; Text Generation Inference's `openapi.json`.
 */
import { Failure } from '../../ground/failure.js';

/** `script`: AWS's script container of version 1. `tgi`: Text Generation Inference of version 2. */
export const dialects = ['script', 'tgi'] as const;

/** How an endpoint is spoken to. */
export type Dialect = (typeof dialects)[number];

/** How an impression is to be written. What an endpoint cannot do is an error, not ignored. */
export interface Generation {
  readonly maxNewTokens: number;
  /** Width of the beam search; 1 is greedy. */
  readonly beams: number;
  readonly earlyStopping?: boolean;
  readonly noRepeatNgram?: number;
  readonly lengthPenalty?: number;
  readonly repetitionPenalty?: number;
  /** Sampling instead of the likeliest token, when any of these is given. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  /** Cut longer inputs to so many tokens at the endpoint instead of refusing them. */
  readonly truncate?: number;
}

/** A request's body and its kind. */
export interface Payload {
  readonly body: string;
  readonly contentType: string;
  readonly accept: string;
}

const cannot = (what: string, option: string, fix: string): never => {
  throw new Failure({ what: `the endpoint has no ${what}`, where: option, fix });
};

const samples = ({ temperature, topK, topP }: Generation): boolean =>
  temperature !== undefined || topK !== undefined || topP !== undefined;

/** Leaves out what is not set. */
const set = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const range = (value: number | undefined, option: string, fits: (value: number) => boolean, say: string): void => {
  if (value === undefined || fits(value)) return;
  throw new Failure({ what: 'the value is out of range', where: option, got: String(value), fix: `give ${say}` });
};

/** Checks what holds whatever the endpoint. */
export const checkGeneration = (generation: Generation): void => {
  const above = (least: number) => (value: number) => Number.isInteger(value) && value >= least;
  range(generation.maxNewTokens, '--max-new-tokens', above(1), 'a whole number from 1');
  range(generation.beams, '--beams', above(1), 'a whole number from 1');
  range(generation.noRepeatNgram, '--no-repeat-ngram', above(1), 'a whole number from 1');
  range(generation.topK, '--top-k', above(1), 'a whole number from 1');
  range(generation.truncate, '--truncate', above(1), 'a whole number from 1');
  range(generation.temperature, '--temperature', (value) => value > 0, 'a number above 0');
  range(generation.topP, '--top-p', (value) => value > 0 && value < 1, 'a number between 0 and 1');
  range(generation.repetitionPenalty, '--repetition-penalty', (value) => value > 0, 'a number above 0');
};

/** The request object of the script container: everything flat. */
const scriptRequest = (prompt: string, generation: Generation): Record<string, unknown> => {
  if (generation.truncate !== undefined) {
    cannot('way to cut inputs', '--truncate', 'shorten the findings, or deploy a model of version 2');
  }
  return {
    text_inputs: prompt,
    ...set({
      max_length: generation.maxNewTokens,
      num_return_sequences: 1,
      num_beams: generation.beams,
      early_stopping: generation.earlyStopping,
      no_repeat_ngram_size: generation.noRepeatNgram,
      length_penalty: generation.lengthPenalty,
      repetition_penalty: generation.repetitionPenalty,
      do_sample: samples(generation) ? true : undefined,
      temperature: generation.temperature,
      top_k: generation.topK,
      top_p: generation.topP,
      seed: generation.seed,
    }),
  };
};

/** The request object of Text Generation Inference. */
const tgiRequest = (prompt: string, generation: Generation): Record<string, unknown> => {
  const instead = 'leave it out, deploy a model of version 1 (--model-version 1.*), or use our own container';
  if (generation.beams > 1) cannot('beam search', `--beams ${generation.beams}`, instead);
  if (generation.earlyStopping !== undefined) cannot('beam search', '--early-stopping', instead);
  if (generation.noRepeatNgram !== undefined) cannot('such rule', '--no-repeat-ngram', instead);
  if (generation.lengthPenalty !== undefined) cannot('length penalty', '--length-penalty', instead);
  return {
    inputs: prompt,
    parameters: set({
      max_new_tokens: generation.maxNewTokens,
      do_sample: samples(generation),
      temperature: generation.temperature,
      top_k: generation.topK,
      top_p: generation.topP,
      repetition_penalty: generation.repetitionPenalty,
      seed: generation.seed,
      truncate: generation.truncate,
    }),
  };
};

/**
 * The request object for one prompt.
 *
 * @throws {Failure} When the endpoint's kind cannot do what is asked; nothing was sent then.
 * @example requestObject('tgi', 'Findings: …', { maxNewTokens: 80, beams: 1 })
 */
export const requestObject = (dialect: Dialect, prompt: string, generation: Generation): Record<string, unknown> => {
  checkGeneration(generation);
  return dialect === 'tgi' ? tgiRequest(prompt, generation) : scriptRequest(prompt, generation);
};

/** The request for one prompt. */
export const payloadFor = (dialect: Dialect, prompt: string, generation: Generation): Payload => ({
  body: JSON.stringify(requestObject(dialect, prompt, generation)),
  contentType: 'application/json',
  accept: 'application/json',
});

/** The request for a stream of tokens, which only Text Generation Inference gives. */
export const streamPayloadFor = (dialect: Dialect, prompt: string, generation: Generation): Payload => {
  if (dialect !== 'tgi') {
    cannot('streaming', '--stream', 'leave it out, or deploy a model of version 2');
  }
  const request = { ...requestObject(dialect, prompt, generation), stream: true };
  return { body: JSON.stringify(request), contentType: 'application/json', accept: 'text/event-stream' };
};

const textIn = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return textIn(value[0]);
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  return textIn(record.generated_texts ?? record.generated_text);
};

/**
 * The text an endpoint wrote, in whichever dialect it answered: `[{generated_text}]`, `{generated_texts: […]}` or
 * `{generated_text}`.
 *
 * @param value The answer's value.
 * @returns `undefined` when it holds no text.
 */
export const generatedText = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? textIn(value) : undefined;

/** What tells the dialect of a model: AWS's documents name the prompt's field, images their server. */
export interface DialectSigns {
  readonly promptKey?: string;
  readonly image?: string;
  readonly contentType?: string;
}

/**
 * The dialect a model's endpoint will speak.
 *
 * @returns `undefined` when nothing tells; the user must say then.
 */
export const dialectOf = ({ promptKey, image, contentType }: DialectSigns): Dialect | undefined => {
  if (promptKey === 'inputs') return 'tgi';
  if (promptKey === 'text_inputs') return 'script';
  if (image !== undefined && /tgi|text-generation-inference|djl-inference/.test(image)) return 'tgi';
  if (image !== undefined && /huggingface-pytorch-inference/.test(image)) return 'script';
  if (contentType === 'application/x-text') return 'script';
  return undefined;
};
