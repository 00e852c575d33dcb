/** @file From the audit log back to training: what was accepted, with the findings it was accepted for. */
import type { Example } from '../../reports/example.js';
import type { AuditDatabase } from './database.js';
import type { AuditKey } from './keys.js';

/** What an export found. */
export interface AcceptedPairs {
  readonly examples: readonly Example[];
  /** Accepted drafts whose texts were not stored, or were removed by retention. */
  readonly withoutText: number;
}

/**
 * The accepted pairs of a log. A draft accepted more than once counts with its last text.
 *
 * @throws {Failure} When a stored text cannot be decrypted.
 */
export const acceptedPairs = (log: AuditDatabase, key: AuditKey): AcceptedPairs => {
  const accepted = new Map<string, string>();
  for (const { kind, body } of log.records()) {
    if (kind !== 'feedback') continue;
    const { draft, action, digest } = JSON.parse(body) as { draft: string; action: string; digest?: string };
    if (action === 'accept' && digest !== undefined) accepted.set(draft, digest);
  }
  const examples: Example[] = [];
  for (const [draft, digest] of accepted) {
    const sealed = log.texts(draft);
    const text = (part: string): string | undefined => {
      const found = sealed.get(part);
      return found === undefined ? undefined : key.decrypt(found);
    };
    const [findings, impression] = [text('findings'), text('accepted')];
    if (findings === undefined || impression === undefined || key.digest(impression) !== digest) continue;
    examples.push({
      studyId: text('study_id') ?? draft,
      subjectId: text('subject_id') ?? text('study_id') ?? draft,
      findings,
      impression,
      background: text('background') ?? '',
    });
  }
  return { examples, withoutText: accepted.size - examples.length };
};
