/**
 * @file The audit log's thread: collects what arrives while the disk is busy and writes it as one transaction, so that
 * a flush serves many drafts and the server's own thread never waits for a disk.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Failure } from '../../ground/failure.js';
import { type AuditDatabase, auditFailure, openDatabase } from './database.js';
import { ensureKey } from './keys.js';
import type { NewRecord } from './record.js';

/** What the thread is started with. */
export interface AuditWorkerInput {
  readonly path: string;
  readonly storeText: boolean;
  readonly limitBytes?: number;
  /** Days after which records and texts go; absent: never. */
  readonly retentionDays?: number;
}

/** To the thread. */
export type ToAudit = { readonly id: number; readonly record: NewRecord } | 'close';

/** From the thread. */
export type FromAudit =
  | { readonly kind: 'open' }
  | { readonly kind: 'written'; readonly ids: readonly number[] }
  | {
      readonly kind: 'failed';
      readonly ids: readonly number[];
      readonly what: string;
      readonly got?: string;
      readonly fix?: string;
    };

const port = parentPort!;
const input = workerData as AuditWorkerInput;
const say = (message: FromAudit): void => port.postMessage(message);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const serve = (log: AuditDatabase): void => {
  const key = ensureKey(input.path);
  let waiting: Extract<ToAudit, object>[] = [];
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    const ids = batch.map(({ id }) => id);
    try {
      const records = batch.map(({ record }) => (input.storeText ? record : { ...record, texts: undefined }));
      log.append(records, key.encrypt);
      say({ kind: 'written', ids });
    } catch (error) {
      const { what, got, fix } = auditFailure(input.path, error);
      say({ kind: 'failed', ids, what, got, fix });
    }
  };
  const retain = (): void => {
    if (input.retentionDays === undefined) return;
    try {
      log.retain(new Date(Date.now() - input.retentionDays * DAY));
    } catch {
      // Tried again in an hour; a log that cannot be written refuses drafts by itself.
    }
  };
  retain();
  setInterval(retain, HOUR).unref();
  port.on('message', (message: ToAudit) => {
    if (message === 'close') {
      if (waiting.length > 0) flush();
      log.close();
      port.close();
      return;
    }
    waiting.push(message);
    if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  });
};

try {
  serve(openDatabase(input.path, { create: true, limitBytes: input.limitBytes }));
  say({ kind: 'open' });
} catch (error) {
  const { what, got, fix } = error as Failure;
  say({ kind: 'failed', ids: [], what, got, fix });
  port.close();
}
