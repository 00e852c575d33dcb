/**
 * @file A drafter in a thread of its own. ONNX Runtime holds the thread that runs it for as long as a step takes; a
 * server that must answer meanwhile drafts here. The same interface as `drafts.ts`, over messages.
 */
import '../tensors/no-telemetry.js';
import { Worker } from 'node:worker_threads';
import { Failure } from '../ground/failure.js';
import type { PromptFields } from '../reports/prompt.js';
import type { Draft, Drafter, DraftOptions, DraftPiece } from './drafts.js';
import type { Answer, Request, Started, WorkerInput } from './worker.js';

/** The id of what a thread says that can't start; requests have those from 1 on. */
const STARTING = 0;

/** Receives the answers to one request. */
type Listener = (answer: Answer | Error) => void;

/**
 * Starts a drafter in a thread of its own.
 *
 * @param directory A model directory; the thread opens it itself.
 * @param options As {@link createDrafter}'s, without functions.
 * @throws {Failure} As `openStoredModel` and `createDrafter`.
 * @example
 * const drafter = await createThreadedDrafter('runs/first/model', { weights: 'int8', batchSize: 8 });
 * const [{ impression }] = await drafter.draft([{ findings: 'The lungs are clear.', background: '' }]);
 * await drafter.release();
 */
export const createThreadedDrafter = async (
  directory: string,
  options: Omit<DraftOptions, 'onQuantising'> = {},
): Promise<Drafter> => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { directory, options } satisfies WorkerInput,
  });
  const listeners = new Map<number, Listener>();
  let counts: Drafter['counts'] = { passes: 0, tokens: 0 };
  let last = 0;
  let gone: Error | undefined;

  const end = (error: Error): void => {
    gone ??= error;
    for (const listener of listeners.values()) listener(gone);
    listeners.clear();
  };
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (said: Started | Answer) => {
      if (said.kind === 'started') resolve();
      else if (said.id === STARTING && said.kind === 'failed') reject(errorOf(said));
      else {
        counts = said.counts;
        listeners.get(said.id)?.(said);
      }
    });
    worker.on('error', (error) => {
      reject(error);
      end(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      reject(new Error('the drafting thread ended before it had started'));
      end(new Failure({ what: 'the drafter has been released' }));
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });

  /** Sends a request; answers go to `listener` until `close`. An abort is passed on. */
  const ask = (
    make: (id: number) => Request,
    listener: Listener,
    signal?: AbortSignal,
  ): { close: () => void; abort: () => void } => {
    const id = ++last;
    if (gone !== undefined) {
      queueMicrotask(() => listener(gone!));
      return { close: () => undefined, abort: () => undefined };
    }
    const abort = (): void => worker.postMessage({ kind: 'abort', id } satisfies Request);
    listeners.set(id, listener);
    worker.postMessage(make(id));
    signal?.addEventListener('abort', abort, { once: true });
    return {
      abort,
      close: () => {
        listeners.delete(id);
        signal?.removeEventListener('abort', abort);
      },
    };
  };

  const request = (
    make: (id: number) => Request,
    signal?: AbortSignal,
    progress?: (count: number) => void,
  ): Promise<readonly Draft[]> =>
    new Promise((resolve, reject) => {
      const { close } = ask(
        make,
        (answer) => {
          if (answer instanceof Error) reject(answer);
          else if (answer.kind === 'progress') progress?.(answer.count);
          else {
            close();
            if (answer.kind === 'done') resolve(answer.drafts);
            else if (answer.kind === 'failed') reject(signal?.aborted ? signal.reason : errorOf(answer));
          }
        },
        signal,
      );
    });

  return {
    draft: async (reports, finished, signal) => {
      signal?.throwIfAborted();
      return [...(await request((id) => ({ kind: 'draft', id, reports: reports.map(fields) }), signal, finished))];
    },
    stream: async function* (report, signal) {
      signal?.throwIfAborted();
      const pieces: (DraftPiece | Error)[] = [];
      let wake: () => void = () => undefined;
      const { close, abort } = ask(
        (id) => ({ kind: 'stream', id, report: fields(report) }),
        (answer) => {
          if (answer instanceof Error) pieces.push(answer);
          else if (answer.kind === 'text') pieces.push({ text: answer.text });
          else if (answer.kind === 'done') pieces.push({ draft: answer.drafts[0] });
          else if (answer.kind === 'failed') pieces.push(signal?.aborted ? reasonOf(signal) : errorOf(answer));
          wake();
        },
        signal,
      );
      let whole = false;
      try {
        while (!whole) {
          const piece = pieces.shift();
          if (piece === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            continue;
          }
          if (piece instanceof Error) throw piece;
          whole = 'draft' in piece;
          yield piece;
        }
      } finally {
        if (!whole) abort();
        close();
      }
    },
    get counts() {
      return counts;
    },
    release: async () => {
      if (gone !== undefined) return;
      const exited = new Promise<void>((resolve) => {
        worker.once('exit', () => resolve());
      });
      await request((id) => ({ kind: 'release', id }));
      await exited;
    },
  };
};

/** Only what drafting reads: a caller's example may hold more. */
const fields = ({ findings, background, similar }: PromptFields): PromptFields => ({ findings, background, similar });

const errorOf = ({ parts, message }: Extract<Answer, { kind: 'failed' }>): Error =>
  parts === undefined ? new Error(message) : new Failure(parts);

const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)));
