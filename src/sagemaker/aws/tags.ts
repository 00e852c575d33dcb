/**
 * @file The tags of everything this program creates: by them `status` finds it again, and a bill can be read.
 */
import { version } from '../../ground/version.js';

/** A tag, as AWS writes it. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The tag that says that this program created something. */
export const toolTag = 'impressionist:tool';
/** The training job that something belongs to. */
export const jobTag = 'impressionist:job';
/** The part it plays: `training`, `endpoint`, `transform`. */
export const useTag = 'impressionist:use';

/** Characters AWS does not take in a tag's value are replaced, and it is cut to 256. */
const clean = (value: string): string => value.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, 256);

/**
 * The tags of a new resource.
 *
 * @param use The part it plays.
 * @param more Tags by key: of the model, and the user's own.
 */
export const tagsFor = (use: 'training' | 'endpoint' | 'transform', more: Readonly<Record<string, string>>): Tag[] => [
  { Key: toolTag, Value: version },
  { Key: useTag, Value: use },
  ...Object.entries(more).map(([Key, Value]) => ({ Key, Value: clean(Value) })),
];

/** Tags by key. */
export const byKey = (tags: readonly { Key?: string; Value?: string }[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));
