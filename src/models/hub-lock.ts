/**
 * @file One process at a time for a piece of work, on one machine or on a shared disk: an SQLite file, empty for ever, whose
 * exclusive transaction is the lock. The system itself frees it when its owner ends, killed or not, so that no lock is ever
 * stale and no owner has to prove that it lives. Python's `huggingface_hub` has files of other names beside it, locked by
 * `flock`, which Node can't take; see `hub.ts` for what keeps the two apart.
 * Source: https://sqlite.org/lockingv3.html.
 */
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure, systemCode } from '../ground/failure.js';
import { makeFolder } from './hub-cache.js';

/** How often a lock that another one has is asked for, in milliseconds. */
const ASK_AGAIN = 200;

/**
 * Does `work` while no other process does work under the same lock.
 *
 * @param path The lock's file; made with its folder, and left there.
 * @param onWait Told once, when another process has the lock.
 * @returns What `work` returns.
 * @throws {Failure} When the file can't be made, or its file system knows no locks.
 * @example await withLock('cache/.locks/weights.lock', () => download(), () => console.error('waiting'));
 */
export const withLock = async <Result>(
  path: string,
  work: () => Promise<Result>,
  onWait?: () => void,
): Promise<Result> => {
  await makeFolder(dirname(path));
  // Loaded here: whoever has the model already needs no database.
  const { default: Database } = await import('libsql');
  let told = false;
  for (;;) {
    let database: InstanceType<typeof Database> | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database?.close();
      const code = systemCode(error);
      if (!code?.startsWith('SQLITE_')) throw error;
      if (!code.startsWith('SQLITE_BUSY')) {
        throw new Failure(
          {
            what: 'the model cache can’t be locked against other downloads',
            where: path,
            got: code,
            fix: 'set HF_HUB_CACHE to a folder on a disk of this machine that you may write to',
          },
          { cause: error },
        );
      }
      if (!told) onWait?.();
      told = true;
      await pause(ASK_AGAIN);
      continue;
    }
    try {
      return await work();
    } finally {
      database.close();
    }
  }
};
