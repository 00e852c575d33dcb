/**
 * @file Reads reports on several threads where that pays, else on this one. Inflating and parsing take nearly all of
 * `prepare`'s time and each report is on its own, so two cores halve it.
 */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { packEntries, type ReportBatch, readReportBatch } from './report-batch.js';
import type { WorkerInput } from './report-worker.js';
import type { ZipEntry } from './zip-entries.js';

/** Reports a batch: some tens of milliseconds of work, so that progress moves and an interrupt is heard. */
const BATCH = 2000;
/** With fewer batches, starting threads takes longer than they save. */
const BATCHES_WORTH_THREADS = 4;
/** Beyond, the disk and the assembling thread are the limit. */
const THREADS_MAX = 4;
/** A larger nursery for short-lived strings; with the default a fifth of the time goes into collecting them. */
const NURSERY_MB = 64;

/**
 * Reads and parses reports.
 *
 * @param descriptor The open zip file.
 * @param entries What to read, in the order in which the entries lie in the file.
 * @param receive Called with each batch and the place of its first entry, in any order.
 * @param signal Stops the work.
 * @throws The system's error when the file can't be read; the signal's reason.
 */
export const readReports = async (
  descriptor: number,
  entries: readonly ZipEntry[],
  receive: (batch: ReportBatch, first: number) => void,
  signal?: AbortSignal,
): Promise<void> => {
  const starts = Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, batch) => batch * BATCH);
  const pack = (first: number): Float64Array => packEntries(entries.slice(first, first + BATCH));
  const threads = Math.min(availableParallelism(), THREADS_MAX);
  if (threads > 1 && starts.length >= BATCHES_WORTH_THREADS) {
    await onThreads(threads, descriptor, starts, pack, receive, signal);
    return;
  }
  for (const first of starts) {
    await setImmediate();
    signal?.throwIfAborted();
    receive(readReportBatch(descriptor, pack(first)), first);
  }
};

const onThreads = async (
  threads: number,
  descriptor: number,
  starts: readonly number[],
  pack: (first: number) => Float64Array,
  receive: (batch: ReportBatch, first: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const waiting = starts.values();
  const workers: Worker[] = [];
  const runOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./report-worker.js', import.meta.url), {
        workerData: { descriptor } satisfies WorkerInput,
        resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
      });
      workers.push(worker);
      let first = 0;
      const giveNext = (): void => {
        const next = waiting.next();
        if (next.done) resolve();
        else {
          first = next.value;
          const packed = pack(first);
          worker.postMessage(packed, [packed.buffer as ArrayBuffer]);
        }
      };
      worker.on('message', (batch: ReportBatch) => {
        try {
          receive(batch, first);
          giveNext();
        } catch (error) {
          reject(error);
        }
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('a reading thread ended early')));
      giveNext();
    });
  const interrupted = new Promise<never>((_, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([interrupted, Promise.all(Array.from({ length: threads }, runOne))]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
};
