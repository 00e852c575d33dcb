/** @file The guard's thread: compares long texts, which take it longer than a server's own thread may be held. */
import { parentPort } from 'node:worker_threads';
import { checkImpression } from '../../guard/check.js';
import type { Flag, GuardInput } from '../../guard/flag.js';

/** To the thread, and back under the same id. */
export interface ToCheck {
  readonly id: number;
  readonly input: GuardInput;
}
export interface Checked {
  readonly id: number;
  readonly flags: readonly Flag[];
}

parentPort!.on('message', ({ id, input }: ToCheck) => {
  parentPort!.postMessage({ id, flags: checkImpression(input) } satisfies Checked);
});
