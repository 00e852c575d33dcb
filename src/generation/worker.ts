/**
 * @file What runs in a drafting thread: a drafter, its requests and answers as messages. Started by `threaded.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Failure, type FailureParts } from '../ground/failure.js';
import { openStoredModel } from '../models/stored.js';
import type { PromptFields } from '../reports/prompt.js';
import { createDrafter, type Draft, type Drafter, type DraftOptions } from './drafts.js';

/** What a drafting thread is started with. */
export interface WorkerInput {
  readonly directory: string;
  readonly options: Omit<DraftOptions, 'onQuantising'>;
}

/** What it is asked. `id` names the request; an abort names the one it ends. */
export type Request =
  | { readonly kind: 'draft'; readonly id: number; readonly reports: readonly PromptFields[] }
  | { readonly kind: 'stream'; readonly id: number; readonly report: PromptFields }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'release'; readonly id: number };

/** What it says. Every answer carries the counts so far. */
export type Answer = { readonly id: number; readonly counts: Drafter['counts'] } & (
  | { readonly kind: 'progress'; readonly count: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly drafts: readonly Draft[] }
  | { readonly kind: 'failed'; readonly parts?: FailureParts; readonly message: string }
);

/** Said once by a thread that stands, or can't. */
export type Started = { readonly kind: 'started' } | Extract<Answer, { kind: 'failed' }>;

/** An error as a message: a {@link Failure} keeps its parts. */
const failed = (error: unknown) => {
  const parts: FailureParts | undefined =
    error instanceof Failure ? { what: error.what, where: error.where, got: error.got, fix: error.fix } : undefined;
  return { kind: 'failed', parts, message: error instanceof Error ? error.message : String(error) } as const;
};

const serve = async (port: NonNullable<typeof parentPort>, { directory, options }: WorkerInput): Promise<void> => {
  let drafter: Drafter;
  try {
    drafter = await createDrafter(await openStoredModel(directory), options);
  } catch (error) {
    port.postMessage({ ...failed(error), id: 0, counts: { passes: 0, tokens: 0 } } satisfies Started);
    return;
  }
  const running = new Map<number, AbortController>();
  const answer = (id: number, what: object): void => port.postMessage({ id, counts: { ...drafter.counts }, ...what });

  const work = async (request: Request, signal: AbortSignal): Promise<void> => {
    const { id } = request;
    if (request.kind === 'draft') {
      const drafts = await drafter.draft(request.reports, (count) => answer(id, { kind: 'progress', count }), signal);
      answer(id, { kind: 'done', drafts });
    } else if (request.kind === 'stream') {
      for await (const piece of drafter.stream(request.report, signal)) {
        answer(id, 'text' in piece ? { kind: 'text', text: piece.text } : { kind: 'done', drafts: [piece.draft] });
      }
    } else if (request.kind === 'release') {
      await drafter.release();
      answer(id, { kind: 'done', drafts: [] });
      port.close();
    }
  };
  port.on('message', (request: Request) => {
    if (request.kind === 'abort') {
      running.get(request.id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(request.id, controller);
    work(request, controller.signal)
      .catch((error: unknown) => answer(request.id, failed(error)))
      .finally(() => running.delete(request.id));
  });
  port.postMessage({ kind: 'started' } satisfies Started);
};

if (parentPort !== null) await serve(parentPort, workerData as WorkerInput);
