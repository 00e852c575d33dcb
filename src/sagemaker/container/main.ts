#!/usr/bin/env node
/**
 * @file The container's entry point: SageMaker runs `docker run IMAGE train` for a job and `docker run IMAGE serve` for an
 * endpoint or a batch transform. As process 1 it gets the signals itself. Exit 0 is a completed job (a stopped one too: what
 * it had is saved), anything else a failed one, whose reason is in `/opt/ml/output/failure`.
 */
import { Failure } from '../../ground/failure.js';
import { failureText, writeFailureFile } from './failure-file.js';
import { containerPaths } from './paths.js';

const paths = containerPaths();
const COMMANDS: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
  train: async (signal) => {
    const { trainInContainer } = await import('./train.js');
    try {
      await trainInContainer(paths, signal, (line) => console.log(line));
    } catch (error) {
      await writeFailureFile(paths, error);
      throw error;
    }
  },
  serve: async (signal) => {
    const [{ serveInContainer }, { serveSettings }] = await Promise.all([
      import('./serve.js'),
      import('./serve-settings.js'),
    ]);
    await serveInContainer(paths, serveSettings(), signal);
  },
  healthy: async () => {
    const { checkHealth } = await import('./health.js');
    await checkHealth();
  },
};

const [name = ''] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command === undefined) {
  console.error(
    `impressionist: no such command, got ${name || 'none'}, this image is run with ${Object.keys(COMMANDS).join(' or ')}`,
  );
  process.exitCode = 2;
} else {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => controller.abort());
  try {
    await command(controller.signal);
  } catch (error) {
    console.error(`impressionist: ${failureText(error)}`);
    if (!(error instanceof Failure) || (process.env.DEBUG ?? '').split(',').includes('impressionist'))
      console.error(error);
    process.exitCode = 1;
  }
  // A model that is still being opened is not waited for.
  if (name === 'serve') process.exit();
}
