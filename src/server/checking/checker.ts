/**
 * @file The guard without holding the server up: texts of ordinary length are compared at once, within a few
 * milliseconds; longer ones on a thread of their own, since the guard's time grows with the texts.
 */
import { Worker } from 'node:worker_threads';
import { checkImpression } from '../../guard/check.js';
import type { Flag, GuardInput } from '../../guard/flag.js';
import { HttpFailure } from '../http/http-failure.js';
import type { Checked, ToCheck } from './check-worker.js';

/** Compares impressions with findings. */
export interface Checker {
  /** @throws {HttpFailure} 503 `draft_lost` when the thread was lost over this text. */
  check(input: GuardInput): Promise<readonly Flag[]>;
  close(): Promise<void>;
}

/** Characters of findings and impression together up to which the comparison takes a few milliseconds. */
const AT_ONCE = 2500;

/** @example const checker = createChecker(); const flags = await checker.check({ findings, impression }); */
export const createChecker = (): Checker => {
  const going = new Map<number, { resolve: (flags: readonly Flag[]) => void; reject: (error: Error) => void }>();
  let worker: Worker | undefined;
  let lastId = 0;

  /** Started with the first long text, and again after it was lost. */
  const thread = (): Worker => {
    if (worker !== undefined) return worker;
    const started = new Worker(new URL('./check-worker.js', import.meta.url));
    started.on('message', ({ id, flags }: Checked) => {
      going.get(id)?.resolve(flags);
      going.delete(id);
    });
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      const what = 'the checking thread was lost';
      for (const { reject } of going.values()) {
        reject(new HttpFailure({ status: 503, code: 'draft_lost', what, fix: 'send it again', retryAfter: 1 }));
      }
      going.clear();
    });
    started.unref();
    worker = started;
    return started;
  };

  return {
    check: (input) => {
      if (input.findings.length + input.impression.length <= AT_ONCE) return Promise.resolve(checkImpression(input));
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        going.set(id, { resolve, reject });
        thread().postMessage({ id, input } satisfies ToCheck);
      });
    },
    close: async () => {
      await worker?.terminate();
    },
  };
};
