/** @file A prompt of the user's choice: as text, or from a file. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { readFailure } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import type { PromptTemplate } from '../reports/prompt.js';

/** The options as commander gives them. */
export interface PromptOptions {
  readonly prompt?: string;
  readonly promptFile?: string;
}

/** `--prompt-file`, beside a command's `--prompt`. */
export const promptFileOption = (): Option =>
  new Option(
    '--prompt-file <file>',
    'prompt from a file: a model’s prompt.json, or template.json of SageMaker JumpStart',
  ).conflicts('prompt');

/**
 * The prompt that the user chose, if any.
 *
 * @throws {Failure} When it is no prompt, or its file can't be read.
 */
export const chosenPrompt = async ({ prompt, promptFile }: PromptOptions): Promise<PromptTemplate | undefined> => {
  if (prompt !== undefined && promptFile !== undefined) {
    throw new Failure({ what: 'two prompts', where: 'prompt and prompt-file', fix: 'leave one of them out' });
  }
  if (prompt !== undefined) return (await import('../reports/prompt.js')).parsePrompt(prompt);
  if (promptFile === undefined) return undefined;
  const { parsePromptOrTemplate } = await import('../reports/jumpstart-template.js');
  const text = await readFile(promptFile, 'utf8').catch((error: unknown) => {
    throw readFailure(promptFile, error);
  });
  return parsePromptOrTemplate(text, promptFile);
};
