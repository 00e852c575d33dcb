/**
 * @file One record of the audit log and the chain that ties it to all before it: each record's hash covers the hash of
 * its predecessor, so that a changed, removed or inserted record breaks every hash after it.
 */
import { createHash } from 'node:crypto';

/** What may stand in the log. */
export type RecordKind = 'start' | 'stop' | 'reload' | 'draft' | 'refused' | 'feedback' | 'retention';

/** What is to be written. Bodies hold identifiers, digests, counts and versions, never report text. */
export interface NewRecord {
  readonly kind: RecordKind;
  readonly body: Readonly<Record<string, unknown>>;
  /** Texts that belong to it; written only where the log stores texts. */
  readonly texts?: { readonly draft: string; readonly parts: Readonly<Partial<Record<TextPart, string>>> };
}

/** Texts that may be stored beside the log. */
export type TextPart = 'findings' | 'background' | 'draft' | 'accepted' | 'study_id' | 'subject_id';

/** A record as it stands in the log. */
export interface AuditRecord {
  /** From 1, without gaps. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: string;
  /** JSON. */
  readonly body: string;
  /** Hash of the record before; {@link GENESIS} for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Stands before the first record. */
export const GENESIS = '0'.repeat(64);

/**
 * A record's hash: SHA-256 of the JSON list of its fields.
 *
 * @example recordHash({ seq: 1, time: '2026-01-01T00:00:00.000Z', kind: 'start', body: '{}', previous: GENESIS })
 */
export const recordHash = ({ seq, time, kind, body, previous }: Omit<AuditRecord, 'hash'>): string =>
  createHash('sha256')
    .update(JSON.stringify([seq, time, kind, body, previous]))
    .digest('hex');
