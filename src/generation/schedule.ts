/**
 * @file Continuous batching: inputs wait in a queue for a lane, every step decodes all lanes together, and as soon as
 * some have ended their places are filled again. Inputs of different callers share the lanes; each gets the outputs
 * that it would get alone.
 */
import { setImmediate } from 'node:timers/promises';
import { Failure } from '../ground/failure.js';
import type { Decoder } from './decoder.js';
import { Lanes } from './lanes.js';
import type { Decoded, Search } from './search.js';

/** This share of the lanes must be free before a long queue is asked, so that refills are encoded together. */
const REFILL_SHARE = 1 / 8;

/** What is to be decoded. */
export interface Job {
  /** Token ids with the end token. */
  readonly input: readonly number[];
  readonly search: Search;
  readonly signal?: AbortSignal;
  /** Called after each step that settled tokens, with all settled so far. */
  readonly onTokens?: (ids: readonly number[]) => void;
}

interface Waiting extends Job {
  readonly resolve: (outputs: Decoded[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** Decodes jobs, up to a number of them together. */
export class Scheduler {
  readonly #decoder: Decoder;
  readonly #most: number;
  #lanes: Lanes;
  #waiting: Waiting[] = [];
  /** The job in each lane. */
  #active: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param most Inputs decoded together. */
  constructor(decoder: Decoder, most: number) {
    this.#decoder = decoder;
    this.#most = most;
    this.#lanes = new Lanes(decoder);
  }

  /** Bytes of keys and values held at present. */
  get bytes(): number {
    return this.#lanes.bytes;
  }

  /**
   * Queues a job.
   *
   * @returns Its outputs, best first.
   * @throws The signal's reason once it is aborted.
   */
  submit(job: Job): Promise<Decoded[]> {
    if (this.#closed) return Promise.reject(new Failure({ what: 'the drafter has been released' }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...job, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Lets what is running end, refuses what is waiting, and frees the decoder. */
  async release(): Promise<void> {
    this.#closed = true;
    const refused = this.#waiting.splice(0);
    for (const { reject } of refused) reject(new Failure({ what: 'the drafter has been released' }));
    await this.#running;
    await this.#decoder.release();
  }

  async #run(): Promise<void> {
    // Whatever is submitted in the same turn starts together.
    await setImmediate();
    try {
      while (this.#waiting.length + this.#active.length > 0) {
        this.#dropAborted();
        await this.#refill();
        if (this.#active.length > 0) await this.#step();
        // ONNX Runtime holds this thread during a step: between two, whatever else waits gets its turn.
        await setImmediate();
      }
    } catch (error) {
      for (const { reject } of [...this.#active, ...this.#waiting]) reject(error);
      this.#active = [];
      this.#waiting = [];
    } finally {
      this.#lanes = new Lanes(this.#decoder);
      this.#running = undefined;
    }
  }

  #dropAborted(): void {
    this.#waiting = this.#waiting.filter(({ signal, reject }) => {
      if (signal?.aborted) reject(signal.reason);
      return !signal?.aborted;
    });
    for (let lane = this.#active.length - 1; lane >= 0; lane--) {
      const { signal, reject } = this.#active[lane];
      if (!signal?.aborted) continue;
      reject(signal.reason);
      this.#vacate(lane);
    }
  }

  async #refill(): Promise<void> {
    const free = this.#most - this.#active.length;
    // One that waits alone starts at once; of many, some together.
    const together = Math.min(this.#waiting.length, Math.max(1, Math.ceil(this.#most * REFILL_SHARE)));
    if (this.#waiting.length === 0 || free < together) return;
    const starting = this.#waiting.splice(0, free);
    this.#active.push(...starting);
    await this.#lanes.add(starting.map(({ input }) => input));
  }

  async #step(): Promise<void> {
    const scores = await this.#lanes.step(this.#active.map(({ search }) => search.queries()));
    const ended: number[] = [];
    for (const [lane, job] of this.#active.entries()) {
      const survivors = job.search.take(scores[lane]);
      if (survivors === undefined) ended.push(lane);
      else this.#lanes.follow(lane, survivors);
      if (job.onTokens !== undefined) job.onTokens(job.search.settled());
    }
    for (const lane of ended.reverse()) {
      const { search, resolve } = this.#active[lane];
      this.#vacate(lane);
      resolve(search.outputs());
    }
  }

  /** Frees a lane; as in {@link Lanes.remove} the last one takes its place. */
  #vacate(lane: number): void {
    this.#lanes.remove(lane);
    const last = this.#active.pop()!;
    if (lane < this.#active.length) this.#active[lane] = last;
  }
}
