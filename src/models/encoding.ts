/**
 * @file An example as a model reads it: the prompt filled in and turned into token ids. An input that is too long loses
 * the end of its findings, never the instruction around them, and what was lost is told.
 */
import { Failure } from '../ground/failure.js';
import { type PromptFields, type PromptTemplate, splitPrompt } from '../reports/prompt.js';
import type { T5Tokenizer } from '../t5/tokenizer.js';

/** An input as token ids. */
export interface EncodedInput {
  /** Ends with the end token. */
  readonly ids: readonly number[];
  /** How many tokens longer the whole input would have been. */
  readonly cutTokens: number;
}

/** The longest input by default, that of the AWS sample's Flan-T5. */
export const MAX_INPUT_TOKENS = 896;

/**
 * Turns the findings and background of an example into token ids.
 *
 * @param maxInputTokens Most tokens of the input, its end token counted.
 * @throws {Failure} When even without findings the prompt is longer.
 * @example const { ids, cutTokens } = encodeInput(tokenizer, DEFAULT_PROMPT, example, MAX_INPUT_TOKENS);
 */
export const encodeInput = (
  tokenizer: T5Tokenizer,
  prompt: PromptTemplate,
  fields: PromptFields,
  maxInputTokens: number,
): EncodedInput => {
  const { before, findings, after } = splitPrompt(prompt, fields);
  const encode = (characters: number): number[] =>
    tokenizer.encode(before + findings.slice(0, characters).trimEnd() + after);
  const whole = tokenizer.encode(before + findings + after);
  if (whole.length <= maxInputTokens) return { ids: whole, cutTokens: 0 };

  // The most words of the findings that fit: places after which a word ends, searched by halves.
  const ends = [0, ...[...findings.matchAll(/\S(?=\s|$)/g)].map(({ index }) => index + 1)];
  let [fits, tooLong] = [0, ends.length];
  let ids = encode(0);
  if (ids.length > maxInputTokens) {
    throw new Failure({
      what: 'the prompt leaves no room for findings',
      got: `${ids.length} tokens of prompt and background for an input of ${maxInputTokens}`,
      fix: 'raise --max-input-tokens, or shorten the prompt or the background',
    });
  }
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    const tried = encode(ends[middle]);
    if (tried.length <= maxInputTokens) [fits, ids] = [middle, tried];
    else tooLong = middle;
  }
  return { ids, cutTokens: whole.length - ids.length };
};

/**
 * Turns an impression into target token ids, cut at the limit.
 *
 * @param maxTargetTokens Most tokens of a target, its end token counted.
 */
export const encodeTarget = (tokenizer: T5Tokenizer, impression: string, maxTargetTokens: number): EncodedInput => {
  const ids = tokenizer.encode(impression);
  if (ids.length <= maxTargetTokens) return { ids, cutTokens: 0 };
  return { ids: [...ids.slice(0, maxTargetTokens - 1), tokenizer.eosTokenId], cutTokens: ids.length - maxTargetTokens };
};
