/**
 * @file Training data as JumpStart's Flan-T5 script reads it: `train.jsonl`, a flat JSON object of strings a line, and
 * `template.json`, which says how prompt and completion are made of its fields. The template is the very one the
 * endpoint is asked with: AWS's sample trained without and asked with an instruction.
 *
 * Only the fields the template names are written: what the model does not read does not leave the machine.
 *
 * Source: Amazon SageMaker developer guide, "Instruction-based fine-tuning".
 */
import { Failure } from '../../ground/failure.js';
import type { Example } from '../../reports/example.js';
import { serialiseTemplate, TEMPLATE_FILE } from '../../reports/jumpstart-template.js';
import { NO_BACKGROUND, type PromptTemplate } from '../../reports/prompt.js';

/** A channel's files by name. */
export interface ChannelFile {
  readonly name: string;
  readonly content: Buffer;
}

/** The files of a channel. */
export const channelFiles = (
  examples: readonly Example[],
  template: PromptTemplate,
  dataName: string,
): ChannelFile[] => {
  if (examples.length === 0) {
    throw new Failure({ what: 'no examples to upload', where: dataName, fix: 'give a file with at least one' });
  }
  const used = new Set(template.parts.flatMap((part) => ('field' in part ? [part.field] : [])));
  const lines = examples.map((example) => {
    const background = example.background.trim() === '' ? NO_BACKGROUND : example.background;
    return JSON.stringify({
      ...(used.has('background') ? { background } : {}),
      findings: example.findings,
      impression: example.impression,
    });
  });
  return [
    { name: dataName, content: Buffer.from(`${lines.join('\n')}\n`) },
    { name: TEMPLATE_FILE, content: Buffer.from(serialiseTemplate(template)) },
  ];
};
