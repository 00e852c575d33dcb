/**
 * @file What is remembered of a job beside its data in S3, so that it can be deployed, asked and pulled later from
 * any machine: which model it was, in which version, and the prompt it learned. The model's document stands next to
 * it, pinned.
 */
import { z } from 'zod';
import { Failure } from '../ground/failure.js';
import { dialects } from './inference/dialect.js';

const schema = z.object({
  tool: z.literal('impressionist'),
  version: z.string(),
  job: z.string(),
  engine: z.enum(['jumpstart', 'impressionist']),
  /** JumpStart's id; empty for our own container. */
  modelId: z.string(),
  modelVersion: z.string(),
  /** The image of our own container; empty for JumpStart. */
  image: z.string(),
  /** The template of the prompt. */
  prompt: z.string(),
  /** How its endpoints are spoken to. */
  dialect: z.enum(dialects),
  createdAt: z.string(),
  /** SHA-256 of the uploaded training data. */
  dataSha256: z.string(),
});

/** What is remembered of a job. */
export type RunRecord = z.infer<typeof schema>;

/** The record's name beside the job's data. */
export const recordName = 'impressionist-run.json';
/** The document's name beside it. */
export const documentName = 'model-document.json';

/** A record as its file's text. */
export const serialiseRecord = (record: RunRecord): string => `${JSON.stringify(record, undefined, 2)}\n`;

/**
 * Reads a record.
 *
 * @param text The file's text.
 * @param where The file, for messages.
 * @throws {Failure} When it is not one of ours.
 */
export const parseRecord = (text: string, where: string): RunRecord => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure({
    what: 'not the record of a run of this program',
    where,
    got: parsed.error.issues[0]?.message,
    fix: 'name the model and prompt yourself with --model-id, --model-version and --prompt',
  });
};
