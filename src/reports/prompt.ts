/**
 * @file The prompt: what a model reads for an example. A template is one line of text with the fields `{findings}`,
 * `{background}` and `{similar}` (the impressions of similar reports); a literal brace is doubled, as in Python's `str.format`. Everything here is pure; the file
 * `prompt.json` of a model directory is read and written by whoever owns that directory.
 */
import { Failure } from '../ground/failure.js';
import type { Example } from './example.js';
import { kindOf, parseJsonObject } from './json.js';

/** What a prompt is made from. */
export interface PromptFields extends Pick<Example, 'findings' | 'background'> {
  /** The impressions of similar reports, for a model that leans on them. */
  readonly similar?: string;
}

/** A template taken apart; {@link parsePrompt} makes it. */
export interface PromptTemplate {
  /** The template as the user wrote it. */
  readonly template: string;
  readonly parts: readonly PromptPart[];
}

/** Literal text, or a field to fill in. */
export type PromptPart = { readonly text: string } | { readonly field: PromptField };

type PromptField = keyof PromptFields;

const FIELDS: readonly PromptField[] = ['findings', 'background', 'similar'];

/**
 * What stands for an empty background. A fixed phrase keeps the sentence whole, and tells the model that nothing is known
 * rather than leaving it a label with nothing behind.
 */
export const NO_BACKGROUND = 'none given';

/** What stands where no report is similar. */
export const NO_SIMILAR = 'none';

/**
 * Takes a template apart.
 *
 * @param template Text with `{findings}` exactly once (a too long input is cut at its end, so there must be one end)
 *   and `{background}` and `{similar}` as often as wanted; `{{` and `}}` are literal braces.
 * @throws {Failure} When a field is unknown, a brace stands alone, or `{findings}` is missing or repeated.
 * @example renderPrompt(parsePrompt('summarize: {findings}'), { findings: 'Clear lungs.', background: '' })
 */
export const parsePrompt = (template: string): PromptTemplate => {
  const parts: PromptPart[] = [];
  let text = '';
  for (const [piece] of template.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (piece === '{{' || piece === '}}') text += piece[0];
    else if (piece === '{' || piece === '}') {
      throw promptFailure(`a single ${piece} in the prompt template`, undefined, 'double it to mean the brace itself');
    } else if (piece.startsWith('{')) {
      const field = FIELDS.find((name) => `{${name}}` === piece);
      if (field === undefined) {
        throw promptFailure(
          'unknown field in the prompt template',
          piece,
          'use {findings}, {background} and {similar}',
        );
      }
      if (text !== '') parts.push({ text });
      text = '';
      parts.push({ field });
    } else text += piece;
  }
  if (text !== '') parts.push({ text });
  const count = parts.filter((part) => 'field' in part && part.field === 'findings').length;
  if (count !== 1) {
    throw promptFailure(
      'the prompt template must hold {findings} once',
      count === 0 ? 'none' : `${count} of them`,
      `e.g. ${DEFAULT_TEMPLATE}`,
    );
  }
  return { template, parts };
};

const promptFailure = (what: string, got: string | undefined, fix: string): Failure => new Failure({ what, got, fix });

/** A prompt around its findings, so that a too long one can lose the end of its findings and nothing else. */
export interface SplitPrompt {
  readonly before: string;
  readonly findings: string;
  readonly after: string;
}

/**
 * Fills a template in, the findings kept apart from what stands before and after them.
 *
 * @param template From {@link parsePrompt}.
 * @param fields The findings as they are; the background as it is, or {@link NO_BACKGROUND} when it is blank.
 * @example splitPrompt(parsePrompt('Findings: {findings} Impression:'), { findings: 'Clear.', background: '' })
 * // { before: 'Findings: ', findings: 'Clear.', after: ' Impression:' }
 */
export const splitPrompt = (template: PromptTemplate, fields: PromptFields): SplitPrompt => {
  const orElse = (text: string | undefined, phrase: string): string =>
    text === undefined || text.trim() === '' ? phrase : text;
  const filled: Readonly<Record<PromptField, string>> = {
    findings: fields.findings,
    background: orElse(fields.background, NO_BACKGROUND),
    similar: orElse(fields.similar, NO_SIMILAR),
  };
  const render = (parts: readonly PromptPart[]): string =>
    parts.map((part) => ('text' in part ? part.text : filled[part.field])).join('');
  const cut = template.parts.findIndex((part) => 'field' in part && part.field === 'findings');
  return {
    before: render(template.parts.slice(0, cut)),
    findings: fields.findings,
    after: render(template.parts.slice(cut + 1)),
  };
};

/**
 * Fills a template in.
 *
 * @example renderPrompt(DEFAULT_PROMPT, example)
 */
export const renderPrompt = (template: PromptTemplate, fields: PromptFields): string => {
  const { before, findings, after } = splitPrompt(template, fields);
  return before + findings + after;
};

const DEFAULT_TEMPLATE = 'Write the impression of this radiology report. Background: {background} Findings: {findings}';

/**
 * The default prompt: an instruction as Flan-T5 was tuned on, then what a radiologist knows beforehand, then the
 * findings last, next to where the impression begins.
 */
export const DEFAULT_PROMPT: PromptTemplate = parsePrompt(DEFAULT_TEMPLATE);

/** The default prompt of a model that leans on similar reports. */
export const RETRIEVAL_PROMPT: PromptTemplate = parsePrompt(
  'Write the impression of this radiology report. Impressions of similar reports: {similar} Background: {background} Findings: {findings}',
);

/** Whether a template has a place for similar reports. */
export const hasSimilar = ({ parts }: PromptTemplate): boolean =>
  parts.some((part) => 'field' in part && part.field === 'similar');

/** A template as the text of a model directory's `prompt.json`: `{"template": "…"}`. */
export const serialisePrompt = ({ template }: PromptTemplate): string => `${JSON.stringify({ template }, null, 2)}\n`;

/**
 * Reads the text of a `prompt.json`.
 *
 * @param json The file's text.
 * @param where The file, for messages.
 * @throws {Failure} When it is not `{"template": "…"}` with a template that {@link parsePrompt} takes.
 * @example parsePromptFile('{"template": "{findings}"}', 'model/prompt.json')
 */
export const parsePromptFile = (json: string, where: string): PromptTemplate => {
  const failure = { what: 'no prompt template', where, fix: 'write {"template": "… {findings} …"}' };
  const { template } = parseJsonObject(json, failure);
  if (typeof template !== 'string') throw new Failure({ ...failure, got: kindOf(template) });
  try {
    return parsePrompt(template);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure({ what: error.what, where, got: error.got, fix: error.fix }, { cause: error });
  }
};
