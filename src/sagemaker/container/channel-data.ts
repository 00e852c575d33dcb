/**
 * @file Reading a channel back: the lines and `template.json` that `data/channel.ts` wrote, or data files as the other
 * commands read them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import { readExamples } from '../../reports/dataset.js';
import type { Example } from '../../reports/example.js';
import { parseJson } from '../../reports/json.js';
import { type JumpStartTemplate, parseTemplateFile, TEMPLATE_FILE } from '../../reports/jumpstart-template.js';
import type { PromptTemplate } from '../../reports/prompt.js';

/** What a channel holds. */
export interface ChannelData {
  readonly examples: readonly Example[];
  /** The prompt of its `template.json`, if it has one. */
  readonly prompt?: PromptTemplate;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the lines call an example's texts. */
type Keys = JumpStartTemplate['keys'];

const OUR_KEYS: Keys = { findings: 'findings', impression: 'impression', background: 'background' };

/** Lines without ids, as they are uploaded; every line then counts as a patient of its own. */
const readLines = (text: string, path: string, keys: Keys): Example[] =>
  text
    .split('\n')
    .map((line, index) => ({ line, where: `${path} line ${index + 1}`, id: String(index + 1) }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, where, id }) => {
      const parsed = parseJson(line);
      const value = 'value' in parsed && isRecord(parsed.value) ? parsed.value : {};
      const { [keys.findings]: findings, [keys.impression]: impression, [keys.background]: background = '' } = value;
      if (typeof findings !== 'string' || typeof impression !== 'string' || typeof background !== 'string') {
        throw new Failure({
          what: 'a line that is no example',
          where,
          fix: `write {"${keys.findings}": "…", "${keys.impression}": "…"} on every line`,
        });
      }
      return { studyId: id, subjectId: id, findings, impression, background };
    });

const hasIds = (text: string): boolean => /^\s*\{[^\n]*"study_id"\s*:/.test(text);

/**
 * Reads a channel.
 *
 * @param directory Its folder.
 * @throws {Failure} When it holds no examples, or something that is none.
 */
export const readChannel = async (directory: string): Promise<ChannelData> => {
  let names: string[];
  try {
    names = (await readdir(directory)).sort();
  } catch (error) {
    throw readFailure(directory, error);
  }
  const examples: Example[] = [];
  let template: JumpStartTemplate | undefined;
  if (names.includes(TEMPLATE_FILE)) {
    const path = join(directory, TEMPLATE_FILE);
    template = parseTemplateFile(await readFile(path, 'utf8'), path);
  }
  for (const name of names) {
    const path = join(directory, name);
    if (name === TEMPLATE_FILE) continue;
    if (name.endsWith('.jsonl')) {
      const text = await readFile(path, 'utf8');
      examples.push(...(hasIds(text) ? await readExamples(path) : readLines(text, path, template?.keys ?? OUR_KEYS)));
    } else if (/\.(?:json|csv)$/.test(name)) examples.push(...(await readExamples(path)));
  }
  if (examples.length === 0) {
    throw new Failure({
      what: 'a channel without examples',
      where: directory,
      got: `${names.length} files`,
      fix: 'put a .jsonl, .json or .csv file there',
    });
  }
  return { examples, prompt: template?.prompt };
};
