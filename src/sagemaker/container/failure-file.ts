/**
 * @file The reason of a failure where SageMaker looks for it. It goes into the job's description, which more people may
 * read than the data: only this program's own messages are written, which never hold report text.
 *
 * Source: Amazon SageMaker developer guide, "How Amazon SageMaker signals algorithm success and failure".
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../../ground/failure.js';
import type { ContainerPaths } from './paths.js';

/** Letters of the reason that SageMaker keeps. */
const longest = 1024;

/** A failure's text for the job's description. */
export const failureText = (error: unknown): string => {
  const name = error instanceof Error ? error.name : 'error';
  const text = error instanceof Failure ? error.message : `unexpected ${name}; see the log`;
  return text.slice(0, longest);
};

/** Writes the reason of a failure; a folder that cannot be written is only told in the log. */
export const writeFailureFile = async (paths: ContainerPaths, error: unknown): Promise<void> => {
  try {
    await mkdir(dirname(paths.failure), { recursive: true });
    await writeFile(paths.failure, failureText(error));
  } catch (second) {
    console.error(`cannot write ${paths.failure}: ${second instanceof Error ? second.message : String(second)}`);
  }
};
