/**
 * @file A whole file of findings written by an endpoint, several at a time, so that scoring an endpoint is like
 * scoring a local model. What is written is kept as it comes; the same command takes up where it broke off.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { writeFailure } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';
import type { Example } from '../../reports/example.js';
import { type Prediction, writePredictions } from '../../reports/predictions.js';
import { renderPrompt } from '../../reports/prompt.js';
import type { Clients } from '../aws/clients.js';
import { type Generation, payloadFor } from './dialect.js';
import { type Endpoint, invoke, type Patience, patient } from './endpoint.js';

/** How a file is drafted. */
export interface DraftFileOptions {
  readonly generation: Generation;
  /** Requests under way at once. */
  readonly concurrency: number;
  readonly patience?: Patience;
  /** Told how many are written. */
  readonly progress?: (written: number) => void;
  readonly signal?: AbortSignal;
}

/** The unfinished file beside `out`. */
export const unfinishedName = (out: string): string => `${out}.unfinished`;

/** What must not change between two runs that make one file. */
const fingerprint = (examples: readonly Example[], endpoint: Endpoint, generation: Generation): string => {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([endpoint.name, endpoint.dialect, endpoint.prompt.template, generation]));
  for (const { studyId, findings, background } of examples)
    hash.update(JSON.stringify([studyId, findings, background]));
  return hash.digest('hex');
};

/** Reads what an earlier run wrote; a last line that was cut off is left out. */
const readUnfinished = async (path: string, print: string, count: number): Promise<Map<number, string>> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return new Map();
    throw error;
  }
  const whole = text.split('\n').slice(0, -1);
  const values = whole.map((line) => {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      return {};
    }
  });
  if (values[0]?.made_from !== print) {
    throw new Failure({
      what: 'an unfinished file of other findings or settings is in the way',
      where: path,
      fix: 'remove it to begin anew, or give another --out',
    });
  }
  const done = new Map<number, string>();
  for (const { index, impression } of values.slice(1)) {
    if (typeof index === 'number' && index < count && typeof impression === 'string') done.set(index, impression);
  }
  return done;
};

/**
 * Writes an impression for every example with an endpoint, to `out`, in the data's order.
 *
 * @param out A JSON Lines file of predictions; until it is whole, `OUT.unfinished` grows beside it.
 * @throws {Failure} When the endpoint fails for good; the same call goes on where it stopped.
 * @returns How many were taken over from an earlier run.
 */
export const draftFile = async (
  clients: Pick<Clients, 'runtime'>,
  endpoint: Endpoint,
  examples: readonly Example[],
  out: string,
  options: DraftFileOptions,
): Promise<number> => {
  const { generation, concurrency, signal } = options;
  const unfinished = unfinishedName(out);
  const print = fingerprint(examples, endpoint, generation);
  const done = await readUnfinished(unfinished, print, examples.length);
  const resumed = done.size;
  let file: FileHandle | undefined;
  try {
    file = await open(unfinished, 'w');
    await file.writeFile(`${JSON.stringify({ made_from: print })}\n`);
    for (const [index, impression] of done) await file.writeFile(`${JSON.stringify({ index, impression })}\n`);
    options.progress?.(done.size);

    const waiting = examples.keys();
    const stop = new AbortController();
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const work = async (): Promise<void> => {
      for (const index of waiting) {
        if (done.has(index)) continue;
        if (either.aborted) return;
        const payload = payloadFor(endpoint.dialect, renderPrompt(endpoint.prompt, examples[index]!), generation);
        const impression = await invoke(clients, endpoint.name, payload, options.patience ?? patient, either);
        done.set(index, impression);
        await file!.appendFile(`${JSON.stringify({ index, impression })}\n`);
        options.progress?.(done.size);
      }
    };
    const workers = Array.from({ length: Math.max(1, concurrency) }, () =>
      work().catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
    );
    const results = await Promise.allSettled(workers);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    // The first error stopped the others, which then say "interrupted".
    const first = errors.find((error) => !(error instanceof Failure && error.what === 'interrupted')) ?? errors[0];
    if (first !== undefined || done.size < examples.length) throw unfinishedFailure(first, done.size, examples.length);
  } catch (error) {
    throw writeFailure(unfinished, error);
  } finally {
    await file?.close();
  }
  await writePredictions(
    out,
    examples.map(({ studyId }, index): Prediction => ({ studyId, impression: done.get(index)! })),
  );
  await rm(unfinished, { force: true });
  return resumed;
};

const unfinishedFailure = (error: unknown, done: number, count: number): unknown => {
  if (error !== undefined && !(error instanceof Failure)) return error;
  const parts = error ?? { what: 'interrupted' };
  const goOn = `${done} of ${count} are kept: the same command goes on from there`;
  return new Failure(
    {
      what: parts.what,
      where: 'where' in parts ? parts.where : undefined,
      got: 'got' in parts ? parts.got : undefined,
      fix: 'fix' in parts && parts.fix ? `${parts.fix}; ${goOn}` : goOn,
    },
    { cause: error },
  );
};
