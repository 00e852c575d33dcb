/**
 * @file The guard without holding the server up: texts of ordinary length are compared at once, within a few
 * milliseconds; longer ones on a thread of their own, since the guard's time grows with the texts. Ordering drafts compares
 * many texts, and is always done there.
 */
import { Worker } from 'node:worker_threads';
import type { Borrowed } from '../../generation/agreement.js';
import type { Reranking } from '../../generation/choosing.js';
import type { Candidate } from '../../generation/drafts.js';
import { checkImpression } from '../../guard/check.js';
import type { Flag, GuardInput } from '../../guard/flag.js';
import type { PromptFields } from '../../reports/prompt.js';
import type { SimilarImpression } from '../../reports/similar.js';
import { HttpFailure } from '../http/http-failure.js';
import type { Checked, ToCheck } from './check-worker.js';

/** Drafts of one report to be put in order. */
export interface Ordering {
  readonly candidates: readonly Candidate[];
  readonly leanedOn: readonly SimilarImpression[];
  readonly report: PromptFields;
  readonly by: Reranking;
}

/** Compares impressions with findings, and drafts with each other. */
export interface Checker {
  /** @throws {HttpFailure} 503 `draft_lost` when the thread was lost over this text. */
  check(input: GuardInput): Promise<readonly Flag[]>;
  /**
   * @returns The drafts, and by similar reports the impressions of these too, the best first.
   * @throws {HttpFailure} As {@link Checker.check}.
   */
  order(ordering: Ordering): Promise<readonly (Candidate | Borrowed)[]>;
  close(): Promise<void>;
}

/** Characters of findings and impression together up to which the comparison takes a few milliseconds. */
const AT_ONCE = 2500;

/** @example const checker = createChecker(); const flags = await checker.check({ findings, impression }); */
export const createChecker = (): Checker => {
  const going = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let worker: Worker | undefined;
  let lastId = 0;

  /** Started when first needed, and again after it was lost. */
  const thread = (): Worker => {
    if (worker !== undefined) return worker;
    const started = new Worker(new URL('./check-worker.js', import.meta.url));
    started.on('message', ({ id, result }: Checked) => {
      going.get(id)?.resolve(result as never);
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

  const ask = <Result>(task: { check: GuardInput } | { order: Ordering }): Promise<Result> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      going.set(id, { resolve, reject });
      thread().postMessage({ id, ...task } satisfies ToCheck);
    });

  return {
    check: (input) =>
      input.findings.length + input.impression.length <= AT_ONCE
        ? Promise.resolve(checkImpression(input))
        : ask({ check: input }),
    order: (ordering) => ask({ order: ordering }),
    close: async () => {
      await worker?.terminate();
    },
  };
};
