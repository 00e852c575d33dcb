#!/usr/bin/env node
/**
 * @file The container's entry point: SageMaker runs `docker run IMAGE train` for a job. As process 1 it gets the signals
 * itself. Exit 0 is a completed job (a stopped one too: what it had is saved), anything else a failed one, whose reason
 * is in `/opt/ml/output/failure`.
 */
import { Failure } from '../../ground/failure.js';
import { failureText, writeFailureFile } from './failure-file.js';
import { containerPaths } from './paths.js';
import { trainInContainer } from './train.js';

const train = async (): Promise<void> => {
  const paths = containerPaths();
  const controller = new AbortController();
  process.on('SIGTERM', () => controller.abort());
  process.on('SIGINT', () => controller.abort());
  try {
    await trainInContainer(paths, controller.signal, (line) => console.log(line));
  } catch (error) {
    console.error(`impressionist: ${failureText(error)}`);
    if (!(error instanceof Failure) || (process.env.DEBUG ?? '').split(',').includes('impressionist'))
      console.error(error);
    await writeFailureFile(paths, error);
    process.exitCode = 1;
  }
};

const [command] = process.argv.slice(2);
if (command === 'train') await train();
else {
  console.error(`impressionist: no such command, got ${command ?? 'none'}, this image is run with train`);
  process.exitCode = 2;
}
