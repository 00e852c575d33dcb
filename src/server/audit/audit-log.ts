/** @file The audit log as the server uses it: an append that resolves once the record is on the disk. */
import { Worker } from 'node:worker_threads';
import { Failure } from '../../ground/failure.js';
import type { AuditWorkerInput, FromAudit, ToAudit } from './audit-worker.js';
import { type AuditKey, readKey } from './keys.js';
import type { NewRecord } from './record.js';

/** An open audit log. */
export interface AuditLog {
  /** Whether the last write succeeded; while it is false, drafts are refused. */
  readonly writable: boolean;
  readonly storesText: boolean;
  /** Keyed digest of a text. */
  digest(text: string): string;
  /** @throws {Failure} When it cannot be written. */
  append(record: NewRecord): Promise<void>;
  close(): Promise<void>;
}

/** How often a log that could not be written is tried again, in milliseconds. */
const RETRY = 2000;

/** Told when the log stops or begins again to be writable; `why` is the failure's own words. */
export type AuditWatcher = (writable: boolean, why?: string) => void;

/**
 * Opens a log on a thread of its own.
 *
 * @throws {Failure} When it cannot be opened.
 * @example const log = await openAuditLog({ path: 'audit.db', storeText: false });
 */
export const openAuditLog = (input: AuditWorkerInput, watcher?: AuditWatcher): Promise<AuditLog> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./audit-worker.js', import.meta.url), { workerData: input });
    const going = new Map<number, { done: () => void; failed: (error: Failure) => void }>();
    let lastId = 0;
    let writable = true;
    let ended = false;
    let closing = false;
    let exited = (): void => undefined;

    const send = (record: NewRecord): Promise<void> =>
      new Promise((done, failed) => {
        if (ended) return failed(new Failure({ what: 'the audit log is closed', where: input.path }));
        const id = ++lastId;
        going.set(id, { done, failed });
        worker.postMessage({ id, record } satisfies ToAudit);
      });
    let trying: NodeJS.Timeout | undefined;
    /** A full disk may have room again: one record tells. */
    const tryAgain = (): void => {
      trying ??= setTimeout(() => {
        trying = undefined;
        send({ kind: 'refused', body: { reason: 'audit log was not writable' } }).catch(() => undefined);
      }, RETRY).unref();
    };
    const turn = (to: boolean, why?: string): void => {
      if (writable === to) return;
      writable = to;
      watcher?.(to, why);
    };

    worker.on('message', (message: FromAudit) => {
      if (message.kind === 'open') resolve(log(readKey(input.path)));
      else if (message.kind === 'written') {
        turn(true);
        for (const id of message.ids) going.get(id)?.done();
        for (const id of message.ids) going.delete(id);
      } else {
        const failure = new Failure({ what: message.what, where: input.path, got: message.got, fix: message.fix });
        if (lastId === 0) return reject(failure); // it could not be opened
        turn(false, failure.message);
        for (const id of message.ids) going.get(id)?.failed(failure);
        for (const id of message.ids) going.delete(id);
        tryAgain();
      }
    });
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      ended = true;
      clearTimeout(trying);
      const failure = new Failure({ what: 'the audit log has ended', where: input.path, fix: 'restart the server' });
      for (const { failed } of going.values()) failed(failure);
      going.clear();
      if (closing || lastId === 0) writable = false;
      else turn(false, failure.message);
      reject(failure);
      exited();
    });

    const log = (key: AuditKey): AuditLog => ({
      get writable() {
        return writable;
      },
      storesText: input.storeText,
      digest: key.digest,
      append: send,
      close: () =>
        new Promise((closed) => {
          if (ended) return closed();
          exited = closed;
          closing = true;
          worker.postMessage('close' satisfies ToAudit);
        }),
    });
  });
