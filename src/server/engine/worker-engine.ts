/**
 * @file Drafting in processes of their own. Requests wait here and not there, so that a lost process takes only the
 * drafts with it that it had begun; those are answered with {@link EngineLost}, the others go to its successor.
 *
 * Processes and not processes: ONNX Runtime ends the whole process when a process is ended in the middle of a run, or when it
 * runs out of memory there. Weights are mapped from their file, so that several processes share them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Failure, type FailureParts } from '../../ground/failure.js';
import {
  type DraftControl,
  type DraftEngine,
  type DraftSettings,
  type DraftSource,
  type EngineDraft,
  EngineLost,
  type EngineState,
  type ModelIdentity,
} from './draft-engine.js';
import type { DraftWorkerInput, FromWorker, ToWorker } from './worker-messages.js';

/** How many processes draft, and with what. */
export interface WorkerEngineOptions extends DraftWorkerInput {
  /** Drafting processes, each with the model's weights of its own. */
  readonly workers: number;
  /** Told of a lost process and of its successor, for the log. */
  readonly onEvent?: (event: 'worker_lost' | 'worker_restarted') => void;
}

interface Job {
  readonly id: number;
  readonly source: DraftSource;
  readonly settings: DraftSettings;
  readonly control: DraftControl;
  readonly resolve: (draft: EngineDraft) => void;
  readonly reject: (error: unknown) => void;
  begun: boolean;
}

interface Seat {
  worker: ChildProcess | undefined;
  ready: boolean;
  readonly jobs: Map<number, Job>;
  /** Losses in a row, for the pause before the next start. */
  losses: number;
}

/** Most drafts of one report; each is a beam that is decoded beside the others. */
const ALTERNATIVES_MAX = 8;
const WORKER = fileURLToPath(new URL('./draft-worker.js', import.meta.url));
/** Longest wait for accepted drafts when an engine is closed, in milliseconds. */
const CLOSING_MAX = 120_000;
/** Pause before a lost process is replaced, in milliseconds, doubled with every loss in a row up to the last. */
const PAUSE = { first: 50, last: 10_000 } as const;

/**
 * Starts drafting processes.
 *
 * @returns An engine all of whose processes have warmed up.
 * @throws {Failure} When the model can't be opened.
 * @example const engine = await startWorkerEngine({ model: 'runs/first/model', workers: 1, threads: 2, ... });
 */
export const startWorkerEngine = async (options: WorkerEngineOptions): Promise<DraftEngine> => {
  const { workers, onEvent, ...input } = options;
  // Twice what is decoded together: the process refills its batch without asking back.
  const capacity = input.batchSize * 2;
  const waiting: Job[] = [];
  const seats: Seat[] = Array.from({ length: workers }, () => ({
    worker: undefined,
    ready: false,
    jobs: new Map<number, Job>(),
    losses: 0,
  }));
  let model: ModelIdentity | undefined;
  let closing = false;
  let closed = false;
  let lastId = 0;
  let drained = (): void => undefined;

  /** A batch ends as a burst; its drafts are answered one a turn of the event loop, so that other requests get theirs. */
  const ending: (() => void)[] = [];

  const pending = (): number => waiting.length + ending.length + seats.reduce((sum, { jobs }) => sum + jobs.size, 0);

  /** What cannot be told any more is settled by the process's end. */
  const tell = ({ worker }: Seat, message: ToWorker): void => {
    if (worker?.connected) worker.send(message, () => undefined);
  };

  const dispatch = (): void => {
    while (waiting.length > 0) {
      const [seat] = seats
        .filter(({ ready, jobs }) => ready && jobs.size < capacity)
        .sort((a, b) => a.jobs.size - b.jobs.size);
      if (seat === undefined) return;
      const job = waiting.shift()!;
      seat.jobs.set(job.id, job);
      const { id, source, settings, control } = job;
      const message: ToWorker = { kind: 'draft', id, source, settings, streams: control.onText !== undefined };
      tell(seat, message);
    }
  };

  const endNext = (): void => {
    ending.shift()?.();
    if (ending.length > 0) setImmediate(endNext);
    else if (pending() === 0) drained();
  };
  const settle = (seat: Seat, id: number, end: (job: Job) => void): void => {
    const job = seat.jobs.get(id);
    if (job === undefined) return; // cancelled meanwhile
    seat.jobs.delete(id);
    dispatch();
    ending.push(() => end(job));
    if (ending.length === 1) setImmediate(endNext);
  };

  const hear = (seat: Seat, message: FromWorker): void => {
    switch (message.kind) {
      case 'begun': {
        const job = seat.jobs.get(message.id);
        if (job !== undefined) {
          job.begun = true;
          job.control.onBegin?.();
        }
        return;
      }
      case 'text':
        seat.jobs.get(message.id)?.control.onText?.(message.text);
        return;
      case 'draft':
        settle(seat, message.id, ({ resolve }) => resolve(message.draft));
        return;
      case 'refused':
        settle(seat, message.id, ({ reject }) => reject(new Failure(message.failure)));
        return;
      case 'broken':
        settle(seat, message.id, ({ reject }) => reject(new EngineLost()));
        return;
    }
  };

  /** Resolves once the process is warm. */
  const open = (seat: Seat): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(WORKER, {
        serialization: 'advanced',
        // Its standard error could quote what it was reading.
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      const start: ToWorker = { kind: 'start', input };
      worker.send(start);
      seat.worker = worker;
      let unusable: FailureParts | undefined;
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          model = message.model;
          seat.ready = true;
          resolve();
          dispatch();
        } else if (message.kind === 'unusable') unusable = message.failure;
        else {
          if (message.kind === 'draft') seat.losses = 0;
          hear(seat, message);
        }
      });
      worker.on('error', () => undefined);
      worker.once('exit', () => {
        const wasReady = seat.ready;
        seat.ready = false;
        seat.worker = undefined;
        if (unusable !== undefined) reject(new Failure(unusable));
        else if (!wasReady) reject(new EngineLost());
        else if (!closed) lost(seat);
      });
    });

  const lost = (seat: Seat): void => {
    onEvent?.('worker_lost');
    const jobs = [...seat.jobs.values()];
    seat.jobs.clear();
    waiting.unshift(...jobs.filter(({ begun }) => !begun));
    for (const job of jobs) if (job.begun) job.reject(new EngineLost());
    if (pending() === 0) drained();
    dispatch();
    restart(seat);
  };

  const restart = (seat: Seat): void => {
    const pause = Math.min(PAUSE.first * 2 ** seat.losses++, PAUSE.last);
    setTimeout(() => {
      if (closed) return;
      open(seat).then(
        () => onEvent?.('worker_restarted'),
        () => restart(seat),
      );
    }, pause).unref();
  };

  const state = (): EngineState => {
    if (closed) return 'closed';
    if (seats.some(({ ready }) => ready)) return 'ready';
    return model === undefined ? 'starting' : 'restarting';
  };

  const close = async (): Promise<void> => {
    closing = true;
    if (pending() > 0 && !closed) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        drained = resolve;
        timer = setTimeout(resolve, CLOSING_MAX);
      });
      clearTimeout(timer);
    }
    closed = true;
    for (const seat of seats) {
      seat.worker?.kill('SIGKILL');
      for (const { reject } of seat.jobs.values()) reject(new EngineLost());
      seat.jobs.clear();
    }
  };

  const draft = (source: DraftSource, settings: DraftSettings, control: DraftControl): Promise<EngineDraft> =>
    new Promise((resolve, reject) => {
      if (closing) return reject(new EngineLost());
      if (control.signal.aborted) return reject(control.signal.reason);
      const id = ++lastId;
      const cancel = (): void => {
        const place = waiting.findIndex((job) => job.id === id);
        if (place >= 0) waiting.splice(place, 1);
        for (const seat of seats) {
          if (seat.jobs.delete(id)) tell(seat, { kind: 'cancel', id });
        }
        reject(control.signal.reason);
        if (pending() === 0) drained();
        dispatch();
      };
      control.signal.addEventListener('abort', cancel, { once: true });
      const free = (): void => control.signal.removeEventListener('abort', cancel);
      const freeing =
        <T>(end: (value: T) => void) =>
        (value: T): void => {
          free();
          end(value);
        };
      waiting.push({ id, source, settings, control, resolve: freeing(resolve), reject: freeing(reject), begun: false });
      dispatch();
    });

  try {
    await Promise.all(seats.map(open));
  } catch (error) {
    closing = true;
    await close();
    throw error;
  }
  return {
    get state() {
      return state();
    },
    get model() {
      return model;
    },
    get pending() {
      return pending();
    },
    maxAlternatives: ALTERNATIVES_MAX,
    draft,
    close,
  };
};
