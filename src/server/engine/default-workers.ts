/** @file How many processes draft where nobody says: as many as keep the processor's cores busy. */
import { availableParallelism } from 'node:os';
import { draftsWithOneThread } from '../../generation/prepare.js';
import { Failure } from '../../ground/failure.js';
import { locateModel } from '../../models/open.js';
import { readConfig } from '../../t5/config.js';

/**
 * One process for each core where each drafts with one thread, since a model as small as `tiny` has no use for more; else one,
 * whose threads are on all cores.
 *
 * @param model A model as `serve` takes it.
 * @param threads Threads of a process, if somebody says.
 * @example await defaultWorkers('runs/first/model', undefined)
 */
export const defaultWorkers = async (model: string, threads: number | undefined): Promise<number> => {
  if (threads !== undefined) return 1;
  try {
    return draftsWithOneThread(await readConfig(await locateModel(model))) ? availableParallelism() : 1;
  } catch (error) {
    // An adapter has no configuration of its own; what is wrong with a model its process says.
    if (error instanceof Failure) return 1;
    throw error;
  }
};
