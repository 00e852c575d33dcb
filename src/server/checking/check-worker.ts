/** @file The guard's thread: compares long texts, and orders drafts, which takes longer than a server's own thread may be held. */
import { parentPort } from 'node:worker_threads';
import { ordered } from '../../generation/choosing.js';
import { checkImpression } from '../../guard/check.js';
import type { GuardInput } from '../../guard/flag.js';
import type { Ordering } from './checker.js';

/** To the thread. */
export type ToCheck = { readonly id: number } & ({ readonly check: GuardInput } | { readonly order: Ordering });

/** Back under the same id: flags, or drafts in their order. */
export interface Checked {
  readonly id: number;
  readonly result: unknown;
}

parentPort!.on('message', (asked: ToCheck) => {
  const { id } = asked;
  if ('check' in asked) return parentPort!.postMessage({ id, result: checkImpression(asked.check) } satisfies Checked);
  const { candidates, leanedOn, report, by } = asked.order;
  parentPort!.postMessage({ id, result: ordered(candidates, leanedOn, report, by) } satisfies Checked);
});
