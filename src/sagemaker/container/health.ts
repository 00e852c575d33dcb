/**
 * @file The image's own health check, for Docker hosts; SageMaker asks `/ping` itself. The same image trains, where nothing
 * listens and nothing is wrong.
 */
import { readFile } from 'node:fs/promises';
import { Failure } from '../../ground/failure.js';
import { serveSettings } from './serve-settings.js';

/** What the container was started for: the words of its process 1. */
const startedWith = (): Promise<string[]> =>
  readFile('/proc/1/cmdline', 'utf8').then(
    (text) => text.split('\0'),
    () => ['serve'],
  );

/**
 * Asks the server of this container whether it is ready.
 *
 * @param words What the container was started with; default: process 1's own.
 * @throws {Failure} When it serves and is not ready.
 */
export const checkHealth = async (words?: readonly string[]): Promise<void> => {
  if (!(words ?? (await startedWith())).includes('serve')) return;
  const url = `http://127.0.0.1:${serveSettings().port}/ping`;
  const status = await fetch(url).then(
    (response) => response.status,
    () => undefined,
  );
  if (status !== 200)
    throw new Failure({ what: 'not ready', where: url, got: status ? `HTTP ${status}` : 'no answer' });
};
