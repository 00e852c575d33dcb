/**
 * @file A folder as a door: a text file that appears in `in/` is drafted for, its impression appears in `out/` under
 * the same name, and the file moves to `done/`, or to `failed/` beside a note that says why. It is looked at in
 * intervals, since notices of changes do not come from network shares. A file counts once it has stopped growing.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { writeFailure, writeWhole } from '../../ground/durable.js';
import { parseFreeText } from '../../reports/free-text.js';
import type { Drafting } from '../drafting/drafting.js';
import { draftMessage, readMessage } from '../hl7/drafting.js';
import { readable } from '../http/errors.js';
import { HttpFailure } from '../http/http-failure.js';
import { TEXT_MAX } from '../http/schemas.js';
import type { Log } from '../observe/log.js';

const INTERVAL = 500;
/** Largest file, in bytes. */
const FILE_MAX = 1 << 20;
/** Errors that go by: the file stays and is tried again. */
const PASSING = new Set([429, 503]);

/** A running watcher. */
export interface FolderWatch {
  stop(): Promise<void>;
}

/**
 * Starts watching; the folders are made where they are missing.
 *
 * @param folder Where `in`, `out`, `done` and `failed` stand. `.txt` files are reports as text, `.hl7` files ORU^R01.
 * @throws {Failure} When the folders cannot be made.
 */
export const watchFolder = async (folder: string, drafting: Drafting, log: Log): Promise<FolderWatch> => {
  const place = (name: string): string => join(folder, name);
  for (const name of ['in', 'out', 'done', 'failed']) {
    await mkdir(place(name), { recursive: true }).catch((error: unknown) => {
      throw writeFailure(place(name), error);
    });
  }
  const stopping = new AbortController();
  const sizes = new Map<string, number>();

  const draft = async (name: string): Promise<void> => {
    const source = join(place('in'), name);
    const requestId = randomUUID();
    const origin = { user: 'folder', requestId, door: 'folder' } as const;
    try {
      const bytes = await readFile(source);
      const result =
        extname(name).toLowerCase() === '.hl7'
          ? await draftMessage(readMessage(bytes), drafting, origin, stopping.signal)
          : await draftText(bytes, origin);
      await writeWhole(join(place('out'), name), result);
      await rename(source, join(place('done'), name));
      log.info('folder', { request: requestId, outcome: 'drafted' });
    } catch (error) {
      if (stopping.signal.aborted) return;
      const failure = readable(error, log, requestId);
      log.warn('folder', { request: requestId, outcome: failure.code });
      if (PASSING.has(failure.status)) return;
      await writeWhole(join(place('failed'), `${name}.error.txt`), `${failure.message}\n`);
      await rename(source, join(place('failed'), name));
    }
  };

  const draftText = async (bytes: Buffer, origin: Parameters<typeof draftMessage>[2]): Promise<string> => {
    const { findings, background } = parseFreeText(new TextDecoder('utf-8').decode(bytes));
    if (findings === '')
      throw new HttpFailure({ status: 422, code: 'no_findings', what: 'the report has no findings' });
    if (findings.length > TEXT_MAX.findings || background.length > TEXT_MAX.background) {
      throw new HttpFailure({ status: 422, code: 'too_large', what: 'the report is too long' });
    }
    const answer = await drafting
      .admit(1)
      .draft({ findings, background }, { settings: {}, signal: stopping.signal }, origin);
    return `${answer.impression}\n`;
  };

  const look = async (): Promise<void> => {
    const names = (await readdir(place('in'))).filter((name) => /\.(txt|hl7)$/i.test(name) && !name.startsWith('.'));
    for (const name of [...sizes.keys()]) if (!names.includes(name)) sizes.delete(name);
    for (const name of names) {
      if (stopping.signal.aborted) return;
      const found = await stat(join(place('in'), name)).catch(() => undefined);
      if (found === undefined || !found.isFile() || found.size > FILE_MAX) continue;
      const settled = sizes.get(name) === found.size && found.size > 0;
      sizes.set(name, found.size);
      if (settled) await draft(name);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look().catch((error: unknown) => void readable(error, log, 'folder'));
      await setTimeout(INTERVAL, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort(new Error('the watcher stops'));
      await running;
    },
  };
};
