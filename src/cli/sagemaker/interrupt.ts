/**
 * @file Ctrl-C while something runs at AWS: it goes on there and costs money, so that the user is asked. Without a
 * terminal to ask on, the program leaves and says how to come back.
 */
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { Option } from 'commander';

/** What an interruption means. */
export type OnInterrupt = 'ask' | 'stop' | 'leave';

/** What is done then. */
export type Decision = 'stop' | 'leave' | 'continue';

/** The option by which a user decides beforehand. */
export const interruptOption = (thing: string): Option =>
  new Option('--on-interrupt <WHAT>', `on Ctrl-C: ask, stop the ${thing}, or leave it running`)
    .choices(['ask', 'stop', 'leave'])
    .default('ask');

/**
 * Asks what to do.
 *
 * @param question What runs and what it means.
 * @param input Where the answer comes from.
 * @param output Where the question goes.
 */
export const askDecision = async (question: string, input: Readable, output: Writable): Promise<Decision> => {
  const lines = createInterface({ input, output });
  // Ctrl-C on the question itself: leave. Closing ends the loop below.
  lines.on('SIGINT', () => lines.close());
  const ask = (): void => {
    output.write(`${question} [s]top it, [l]eave it running, [c]ontinue watching? `);
  };
  try {
    ask();
    for await (const line of lines) {
      const answer = line.trim().toLowerCase();
      const decision = (['stop', 'leave', 'continue'] as const).find(
        (word) => answer !== '' && word.startsWith(answer),
      );
      if (decision !== undefined) return decision;
      ask();
    }
    return 'leave';
  } finally {
    lines.close();
  }
};

/** Decides by the option, or by asking when there is a terminal. */
export const decide = async (wish: OnInterrupt, question: string): Promise<Decision> => {
  if (wish !== 'ask') return wish;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return 'leave';
  return askDecision(question, process.stdin, process.stderr);
};

/**
 * Runs something that Ctrl-C (or a polite kill) may cut short. A second one ends the program at once.
 *
 * @param run Is given a signal; returns soon after it fires.
 */
export const interruptible = async <T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await run(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
};
