/** @file Waiting between two looks at something that takes its time, cut short when the user interrupts. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits.
 *
 * @param seconds How long; fractions count.
 * @param signal Ends the wait early, without an error.
 */
export const pause = async (seconds: number, signal?: AbortSignal): Promise<void> => {
  await sleep(seconds * 1000, undefined, { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
};
