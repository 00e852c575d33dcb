/**
 * @file What batch transform reads and writes: a request a line, an answer a line, in the same order. Answers are
 * JSON or, from the script container of version 1, Python's spelling of a dictionary.
 *
 * Source: Amazon SageMaker developer guide, "Batch transform"; AWS's notebook "text2text-generation-Batch-Transform".
 */
import { Failure } from '../../ground/failure.js';
import type { Example } from '../../reports/example.js';
import type { Prediction } from '../../reports/predictions.js';
import { type PromptTemplate, renderPrompt } from '../../reports/prompt.js';
import { type Dialect, type Generation, generatedText, requestObject } from '../inference/dialect.js';
import { parsePythonLiteral } from './python-literal.js';

/** The request lines of a file of findings. The script container repeats an `id`, by which order is checked. */
export const transformLines = (
  examples: readonly Example[],
  prompt: PromptTemplate,
  dialect: Dialect,
  generation: Generation,
): string =>
  examples
    .map((example, index) => {
      const request = requestObject(dialect, renderPrompt(prompt, example), generation);
      return `${JSON.stringify(dialect === 'script' ? { id: index, ...request } : request)}\n`;
    })
    .join('');

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return parsePythonLiteral(line);
  }
};

/**
 * The impressions in the output of a transform job.
 *
 * @param output The output object's text.
 * @param where Its URI, for messages.
 * @throws {Failure} When lines are missing, out of order or hold no text.
 */
export const transformPredictions = (output: string, examples: readonly Example[], where: string): Prediction[] => {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  if (lines.length !== examples.length) {
    throw new Failure({
      what: 'the output of the transform job does not fit its input',
      where,
      got: `${lines.length} lines for ${examples.length} findings`,
      fix: 'look at the job’s log, and run it again',
    });
  }
  return lines.map((line, index) => {
    let value: unknown;
    try {
      value = parseLine(line);
    } catch {
      value = undefined;
    }
    const written = generatedText(value);
    const id = (value as { id?: unknown } | undefined)?.id;
    if (written === undefined || (typeof id === 'number' && id !== index)) {
      throw new Failure({
        what: written === undefined ? 'a line of the output holds no text' : 'the output is out of order',
        where: `${where} line ${index + 1}`,
        fix: 'look at the job’s log, and run it again',
      });
    }
    return { studyId: examples[index]!.studyId, impression: written.trim() };
  });
};
