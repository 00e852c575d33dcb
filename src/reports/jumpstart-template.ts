/**
 * @file Prompts as Amazon SageMaker JumpStart keeps them: `template.json`, `{"prompt": "… {findings} …", "completion":
 * "{impression}"}`, beside training data of a flat JSON object a line, whose keys are the names in braces. A prompt is the
 * same words here and there, so that it goes either way; other people's keys are understood by {@link KEYS}.
 *
 * Source: Amazon SageMaker AI developer guide, "Fine-tune a large language model (LLM) using prompt instructions".
 */
import { Failure } from '../ground/failure.js';
import { kindOf, parseJsonObject } from './json.js';
import { hasSimilar, type PromptTemplate, parsePrompt, parsePromptFile } from './prompt.js';

/** What a line of JumpStart's training data holds of an example. */
type Field = 'findings' | 'background' | 'impression';

/** Names of keys in others' training data, upper and lower case alike. The first is ours. */
const KEYS: Readonly<Record<Field, readonly string[]>> = {
  findings: ['findings', 'finding', 'document', 'input', 'text', 'source', 'context', 'article', 'dialogue', 'prompt'],
  background: ['background', 'indication', 'history', 'clinical_information', 'clinical_history'],
  impression: ['impression', 'impressions', 'completion', 'summary', 'response', 'output', 'target'],
};

const FIELD_OF: ReadonlyMap<string, Field> = new Map(
  (Object.keys(KEYS) as Field[]).flatMap((field) => KEYS[field].map((key) => [key, field] as const)),
);

/** A template as read. */
export interface JumpStartTemplate {
  /** Its prompt with our fields' names. */
  readonly prompt: PromptTemplate;
  /** What the data that go with it call the fields; our own name where the template does not name one. */
  readonly keys: Readonly<Record<Field, string>>;
}

/** The name that JumpStart looks for. */
export const TEMPLATE_FILE = 'template.json';

/**
 * A prompt as the text of a `template.json`.
 *
 * @throws {Failure} When it has a place for similar reports, which JumpStart can't fill.
 * @example serialiseTemplate(DEFAULT_PROMPT)
 */
export const serialiseTemplate = (prompt: PromptTemplate): string => {
  if (hasSimilar(prompt)) {
    throw new Failure({
      what: 'JumpStart can’t put similar reports into a prompt',
      got: '{similar} in the prompt template',
      fix: 'use a prompt of {findings} and {background}',
    });
  }
  return `${JSON.stringify({ prompt: prompt.template, completion: '{impression}' }, undefined, 2)}\n`;
};

/**
 * Reads the text of a `template.json`.
 *
 * @param json The file's text.
 * @param where The file, for messages.
 * @throws {Failure} When it is no template, names a key that stands for none of our fields, or its completion is anything but
 *   the impression.
 * @example parseTemplateFile('{"prompt": "summarize: {document}", "completion": "{summary}"}', 'template.json').prompt.template
 * // 'summarize: {findings}'
 */
export const parseTemplateFile = (json: string, where: string): JumpStartTemplate => {
  const fix = 'write {"prompt": "… {findings} …", "completion": "{impression}"}';
  const { prompt, completion, ...others } = parseJsonObject(json, { what: 'not a template', where, fix });
  for (const [what, value] of Object.entries({ prompt, completion })) {
    if (typeof value !== 'string')
      throw new Failure({ what: `the template has no ${what}`, where, got: kindOf(value), fix });
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new Failure({ what: 'the template has a part that nothing here would read', where, got: unknown, fix });

  const keys = { findings: 'findings', background: 'background', impression: 'impression' };
  keys.impression = completionKey(completion as string, where);
  const seen = new Map<Field, string>();
  const renamed = (prompt as string).replace(PLACEHOLDER, (piece, key: string | undefined) => {
    if (key === undefined) return piece;
    const field = fieldOf(key, where);
    if (field === 'impression') {
      throw new Failure({
        what: 'the template’s prompt holds the impression, which the model is to write',
        where,
        got: piece,
        fix,
      });
    }
    if ((seen.get(field) ?? key) !== key) {
      throw new Failure({
        what: `the template has two placeholders for the ${field}`,
        where,
        got: `{${seen.get(field)}} and ${piece}`,
        fix: 'put both texts under one key, or leave one out',
      });
    }
    seen.set(field, key);
    keys[field] = key;
    return `{${field}}`;
  });
  try {
    return { prompt: parsePrompt(renamed), keys };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure({ what: error.what, where, got: error.got, fix: error.fix }, { cause: error });
  }
};

/** A doubled brace, or a placeholder with its key; a lone brace is left for the prompt's own parser to refuse. */
const PLACEHOLDER = /\{\{|\}\}|\{([^{}]*)\}/g;

const fieldOf = (key: string, where: string): Field => {
  const field = FIELD_OF.get(key.toLowerCase());
  if (field !== undefined) return field;
  const known = (Object.keys(KEYS) as Field[]).map(
    (each) => `{${each}}, also called ${KEYS[each].slice(1).join(', ')}`,
  );
  throw new Failure({
    what: 'unknown placeholder in the template',
    where,
    got: `{${key}}`,
    fix: `rename it to one of ${known.join('; ')}`,
  });
};

/** The key that the completion consists of; blanks around it are nothing to T5’s tokenizer. */
const completionKey = (completion: string, where: string): string => {
  const fix = 'write "completion": "{impression}"';
  const [, key] = /^\s*\{([^{}]*)\}\s*$/.exec(completion) ?? [];
  if (key !== undefined && FIELD_OF.get(key.toLowerCase()) === 'impression') return key;
  if (key !== undefined)
    throw new Failure({ what: 'the template’s completion is not the impression', where, got: `{${key}}`, fix });
  const placeholders = [...completion.matchAll(PLACEHOLDER)].filter(([, inner]) => inner !== undefined).length;
  throw new Failure({
    what: 'the template’s completion must be the impression alone',
    where,
    got: placeholders === 0 ? 'no placeholder' : 'other text or placeholders beside it',
    fix,
  });
};

/**
 * Reads a prompt from the text of either file: a model's `prompt.json` or JumpStart's `template.json`, told apart by
 * their keys.
 *
 * @throws {Failure} When it is neither.
 * @example parsePromptOrTemplate(await readFile('template.json', 'utf8'), 'template.json')
 */
export const parsePromptOrTemplate = (json: string, where: string): PromptTemplate => {
  const object = parseJsonObject(json, {
    what: 'no prompt template',
    where,
    fix: 'give a model’s prompt.json, {"template": "… {findings} …"}, or JumpStart’s template.json, {"prompt": "… {findings} …", "completion": "{impression}"}',
  });
  return 'prompt' in object || 'completion' in object
    ? parseTemplateFile(json, where).prompt
    : parsePromptFile(json, where);
};
