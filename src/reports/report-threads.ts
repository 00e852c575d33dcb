/**
 * @file Reads reports on several threads where that pays, else on this one. Inflating and parsing take most of
 * `prepare`'s time and each report is on its own, so every core helps. The threads are started before they are needed:
 * they load while the split and the zip's directory are read.
 */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type ReportBatch, readReportBatch } from './report-batch.js';
import { ENTRY_COLUMNS } from './zip-entries.js';

/** Reports a batch: some tens of milliseconds of work, so that progress moves and an interrupt is heard. */
const BATCH = 2000;
/** A smaller zip is read before threads have started. */
const ZIP_WORTH_THREADS = 2 * 1024 * 1024;
/** Beyond, the disk and the thread that puts the examples together are the limit. */
const THREADS_MAX = 4;
/** A larger nursery for short-lived objects; with the default a tenth of the time goes into collecting them. */
const NURSERY_MB = 64;

/** What a thread is asked: a batch of entries of an open file. */
export interface BatchRequest {
  readonly descriptor: number;
  readonly packed: Float64Array;
}

/** Called with each batch and the place of its first entry, in any order. */
export type ReceiveBatch = (batch: ReportBatch, first: number) => void;

/** Threads that read reports; {@link close} them in the end. */
export class ReportThreads {
  readonly #workers: readonly Worker[];
  /** Rejects when a thread ends by itself, at whatever time. */
  readonly #ended: Promise<never>;

  private constructor(threads: number) {
    this.#workers = Array.from(
      { length: threads },
      () =>
        new Worker(new URL('./report-worker.js', import.meta.url), {
          resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
        }),
    );
    this.#ended = new Promise((_, reject) => {
      for (const worker of this.#workers) {
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('a reading thread ended early')));
      }
    });
    // Nobody may be waiting when that happens, as in the end, when the threads are told to stop.
    this.#ended.catch(() => undefined);
  }

  /**
   * Starts as many threads as help with a zip of this size, perhaps none.
   *
   * @param zipSize In bytes.
   */
  static start(zipSize: number): ReportThreads {
    const cores = Math.min(availableParallelism(), THREADS_MAX);
    return new ReportThreads(cores > 1 && zipSize >= ZIP_WORTH_THREADS ? cores : 0);
  }

  /**
   * Reads and parses reports.
   *
   * @param descriptor The open zip file.
   * @param packed The reports' entries, {@link ENTRY_COLUMNS} numbers each, in the order in which they lie in the file.
   * @param signal Stops the work.
   * @throws The system's error when the file can't be read; the signal's reason.
   */
  async read(descriptor: number, packed: Float64Array, receive: ReceiveBatch, signal?: AbortSignal): Promise<void> {
    const batches = Math.ceil(packed.length / ENTRY_COLUMNS / BATCH);
    const starts = Array.from({ length: batches }, (_, batch) => batch * BATCH);
    const request = (first: number): BatchRequest => ({
      descriptor,
      packed: packed.slice(first * ENTRY_COLUMNS, (first + BATCH) * ENTRY_COLUMNS),
    });
    if (this.#workers.length === 0) {
      for (const first of starts) {
        await setImmediate();
        signal?.throwIfAborted();
        receive(readReportBatch(descriptor, request(first).packed), first);
      }
      return;
    }
    const waiting = starts.values();
    const interrupted = new Promise<never>((_, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const working = this.#workers.map((worker) => keepBusy(worker, waiting, request, receive));
    await Promise.race([interrupted, this.#ended, Promise.all(working)]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Gives a thread one batch after the other until none is waiting. */
const keepBusy = (
  worker: Worker,
  waiting: Iterator<number>,
  request: (first: number) => BatchRequest,
  receive: ReceiveBatch,
): Promise<void> =>
  new Promise((resolve, reject) => {
    let first = 0;
    const giveNext = (): void => {
      const next = waiting.next();
      if (next.done) {
        resolve();
        return;
      }
      first = next.value;
      const batch = request(first);
      worker.postMessage(batch, [batch.packed.buffer as ArrayBuffer]);
    };
    worker.on('message', (batch: ReportBatch) => {
      try {
        receive(batch, first);
        giveNext();
      } catch (error) {
        reject(error);
      }
    });
    giveNext();
  });
