/** @file Whether an audit log is as it was written: every hash, every link, no gap, no lost end, no unexplained start. */
import type { AuditDatabase } from './database.js';
import { type AuditRecord, GENESIS, recordHash } from './record.js';

/** What a verification found. */
export interface Verification {
  readonly records: number;
  /** The newest record's number and hash; note it elsewhere to prove later that nothing was cut off since. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** What is wrong, in order; empty when the log is intact. */
  readonly faults: readonly string[];
}

/** More faults than these are not told one by one. */
const FAULTS_MAX = 20;

/**
 * Verifies a log.
 *
 * @param expectedHead A hash noted earlier; it must stand in the log.
 * @example verify(openDatabase('audit.db')).faults
 */
export const verify = (log: AuditDatabase, expectedHead?: string): Verification => {
  const faults: string[] = [];
  const fault = (text: string): void => {
    if (faults.length < FAULTS_MAX) faults.push(text);
  };
  const anchor = log.anchor();
  let before: Pick<AuditRecord, 'seq' | 'hash'> = anchor ?? { seq: 0, hash: GENESIS };
  let explained = anchor === undefined;
  let expected = expectedHead === undefined || expectedHead === anchor?.hash;
  let count = 0;
  for (const record of log.records()) {
    const { seq, kind, body, previous, hash } = record;
    count++;
    if (seq !== before.seq + 1) fault(`record ${seq} follows record ${before.seq}: records between them are missing`);
    if (previous !== before.hash) fault(`record ${seq} does not continue the record before it`);
    if (recordHash(record) !== hash) fault(`record ${seq} was changed after it was written`);
    if (kind === 'retention' && anchor !== undefined && releases(body, anchor)) explained = true;
    if (hash === expectedHead) expected = true;
    before = { seq, hash };
  }
  const counted = log.counted();
  if (counted !== before.seq)
    fault(`the newest record is ${before.seq}, but ${counted} were written: the end was cut off`);
  if (!explained) fault(`the log begins after record ${anchor!.seq}, and no retention of it explains that`);
  if (!expected) fault('the expected head does not stand in the log');
  return { records: count, head: before.seq === 0 ? null : before, faults };
};

const releases = (body: string, anchor: { seq: number; hash: string }): boolean => {
  try {
    const { through, hash } = JSON.parse(body) as { through?: unknown; hash?: unknown };
    return through === anchor.seq && hash === anchor.hash;
  } catch {
    return false; // a changed record, which its hash tells
  }
};
