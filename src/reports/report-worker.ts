/** @file A thread of `prepare`: reads and parses the batches of reports it is given, one after the other. */
import { parentPort } from 'node:worker_threads';
import { readReportBatch } from './report-batch.js';
import type { BatchRequest } from './report-threads.js';

parentPort?.on('message', ({ descriptor, packed }: BatchRequest) => {
  const batch = readReportBatch(descriptor, packed);
  parentPort?.postMessage(batch, [batch.texts.buffer, batch.ends.buffer as ArrayBuffer]);
});
