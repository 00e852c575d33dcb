/** @file A thread of `prepare`: reads and parses the batches of reports it is given, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { readReportBatch } from './report-batch.js';

/** What the thread is started with. */
export interface WorkerInput {
  /** The zip file, opened by the main thread. */
  readonly descriptor: number;
}

const { descriptor } = workerData as WorkerInput;

parentPort?.on('message', (packed: Float64Array) => {
  const batch = readReportBatch(descriptor, packed);
  parentPort?.postMessage(batch, [batch.texts.buffer as ArrayBuffer, batch.ends.buffer as ArrayBuffer]);
});
