/**
 * @file Drafting many requests together. Requests that wait are begun as one batch; several batches stand beside each
 * other and are stepped in turns, so that a request that comes late begins at the next token instead of waiting for
 * the longest draft before it. A row ends for itself, and a cancelled row leaves its batch at the next token.
 */
import { setImmediate } from 'node:timers/promises';
import type { Decoder, DecodingBatch } from '../../generation/decoder.js';
import { argmax, type LogitsProcessor, logitsProcessors } from '../../generation/processors.js';
import type { DraftSettings } from './draft-engine.js';

/** One draft to be decoded. */
export interface Row {
  readonly input: readonly number[];
  readonly settings: DraftSettings;
  /** Called when its batch begins. */
  begun(): void;
  /** Called with every token id so far (the start token left out), the newest last. */
  grown(ids: readonly number[]): void;
  /** Called once at the end. */
  ended(ids: readonly number[], truncated: boolean): void;
  failed(error: unknown): void;
}

/** How much is decoded at once. */
export interface RowLimits {
  /** Rows begun together. */
  readonly batchRows: number;
  /** Batches that stand beside each other. */
  readonly batches: number;
}

/** Takes rows and decodes them. */
export interface RowDecoding {
  add(row: Row): void;
  /** Stops a row; none of its callbacks is called any more. */
  cancel(row: Row): void;
}

interface Going {
  readonly row: Row;
  readonly sequence: number[];
  readonly processors: readonly LogitsProcessor[];
  ended: boolean;
}

interface LiveBatch {
  readonly decoding: DecodingBatch;
  members: Going[];
}

/**
 * Starts decoding rows with one decoder.
 *
 * @example const rows = decodeRows(decoder, { batchRows: 32, batches: 4 }); rows.add(row);
 */
export const decodeRows = (decoder: Decoder, limits: RowLimits): RowDecoding => {
  const { eosTokenId, decoderStartTokenId, padTokenId } = decoder.config;
  const waiting: Row[] = [];
  const cancelled = new WeakSet<Row>();
  let live: LiveBatch[] = [];
  let running = false;

  const begin = async (): Promise<void> => {
    const rows = waiting.splice(0, limits.batchRows).filter((row) => !cancelled.has(row));
    if (rows.length === 0) return;
    for (const row of rows) row.begun();
    try {
      const decoding = await decoder.begin(rows.map(({ input }) => input));
      const members = rows.map((row) => ({
        row,
        sequence: [decoderStartTokenId],
        processors: logitsProcessors(row.settings, eosTokenId),
        ended: false,
      }));
      live.push({ decoding, members });
    } catch (error) {
      for (const row of rows) if (!cancelled.has(row)) row.failed(error);
    }
  };

  const step = async (batch: LiveBatch): Promise<void> => {
    for (const member of batch.members) if (cancelled.has(member.row)) member.ended = true;
    leave(batch);
    if (batch.members.length === 0) return;
    try {
      const last = batch.members.map(({ ended, sequence }) => (ended ? padTokenId : sequence.at(-1)!));
      const logits = await batch.decoding.next(last);
      for (const [place, member] of batch.members.entries()) {
        if (!member.ended) choose(member, logits[place]);
      }
    } catch (error) {
      for (const { row, ended } of batch.members) if (!ended && !cancelled.has(row)) row.failed(error);
      batch.members = [];
    }
  };

  const choose = (member: Going, logits: Float32Array): void => {
    const { row, sequence, processors } = member;
    for (const process of processors) process(logits, sequence);
    const token = argmax(logits);
    sequence.push(token);
    const full = sequence.length - 1 >= row.settings.maxNewTokens;
    member.ended = token === eosTokenId || full;
    if (cancelled.has(row)) return;
    const ids = sequence.slice(1);
    if (member.ended) row.ended(ids, token !== eosTokenId);
    else row.grown(ids);
  };

  /** Ended rows cost as much as others, so they leave once they are half of the batch. */
  const leave = (batch: LiveBatch): void => {
    const going = batch.members.flatMap(({ ended }, place) => (ended ? [] : [place]));
    if (going.length > 0 && going.length <= batch.members.length / 2) batch.decoding.keep(going);
    else if (going.length > 0) return;
    batch.members = going.map((place) => batch.members[place]);
  };

  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0 || live.length > 0) {
      // Messages come in between two steps: new requests and cancellations.
      await setImmediate();
      if (waiting.length > 0 && live.length < limits.batches) await begin();
      for (const batch of live) await step(batch);
      live = live.filter(({ members }) => members.some(({ ended }) => !ended));
    }
    running = false;
  };

  return {
    add: (row) => {
      waiting.push(row);
      if (!running) void run();
    },
    cancel: (row) => {
      cancelled.add(row);
      const place = waiting.indexOf(row);
      if (place >= 0) waiting.splice(place, 1);
    },
  };
};
