/** @file Asking an endpoint, for one report or a whole file of them: what `sagemaker invoke`, `generate` and `evaluate` share. */
import { Failure } from '../../ground/failure.js';
import type { Example } from '../../reports/example.js';
import { type PromptFields, renderPrompt } from '../../reports/prompt.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { Generation } from '../../sagemaker/inference/dialect.js';
import type { Endpoint } from '../../sagemaker/inference/endpoint.js';
import { startProgress } from '../progress.js';
import { interruptible } from './interrupt.js';
import { news } from './news.js';

/** Who is asked, and how. */
export interface Asking {
  readonly clients: Clients;
  readonly endpoint: Endpoint;
  readonly generation: Generation;
  /** Tries of a request while the endpoint is busy. */
  readonly tries: number;
}

/** Requests at once, and tries of each, where the user says nothing. */
export const ASKING_DEFAULTS = { concurrency: 4, tries: 8 } as const;

/** The draft of one report. */
export const askOne = async (asking: Asking, report: PromptFields): Promise<string> => {
  const { clients, endpoint, generation, tries } = asking;
  const [{ payloadFor }, { invoke, patient }] = await Promise.all([
    import('../../sagemaker/inference/dialect.js'),
    import('../../sagemaker/inference/endpoint.js'),
  ]);
  const payload = payloadFor(endpoint.dialect, renderPrompt(endpoint.prompt, report), generation);
  return interruptible((signal) => invoke(clients, endpoint.name, payload, { ...patient, tries }, signal));
};

/** Shows the draft of one report as it is written. */
export const askStreaming = async ({ clients, endpoint, generation }: Asking, report: PromptFields): Promise<void> => {
  const [{ streamPayloadFor }, { invokeStream }] = await Promise.all([
    import('../../sagemaker/inference/dialect.js'),
    import('../../sagemaker/inference/stream.js'),
  ]);
  const payload = streamPayloadFor(endpoint.dialect, renderPrompt(endpoint.prompt, report), generation);
  await interruptible(async (signal) => {
    let started = false;
    try {
      for await (const piece of invokeStream(clients, endpoint.name, payload, signal)) {
        // The first token of a T5 begins with the space before its word.
        process.stdout.write(started ? piece : piece.trimStart());
        started ||= piece.trimStart() !== '';
      }
    } finally {
      if (started) process.stdout.write('\n');
    }
  });
};

/**
 * Drafts for every example into a file; the same call goes on where an earlier one stopped.
 *
 * @param concurrency Requests under way at once.
 * @returns How many were kept from an earlier run; undefined when the user interrupted it.
 */
export const askFile = async (
  { clients, endpoint, generation, tries }: Asking,
  examples: readonly Example[],
  out: string,
  concurrency: number,
): Promise<number | undefined> => {
  const [{ draftFile }, { patient }] = await Promise.all([
    import('../../sagemaker/inference/draft-file.js'),
    import('../../sagemaker/inference/endpoint.js'),
  ]);
  const progress = startProgress('drafting', examples.length, 'impressions');
  let interrupted = false;
  try {
    const resumed = await interruptible((signal) => {
      signal.addEventListener('abort', () => {
        interrupted = true;
      });
      return draftFile(clients, endpoint, examples, out, {
        generation,
        concurrency,
        patience: { ...patient, tries },
        progress: (written) => progress.update(written),
        signal,
      });
    });
    progress.stop();
    if (resumed > 0) news(`${resumed} of them were kept from an earlier run`);
    return resumed;
  } catch (error) {
    progress.stop();
    if (!interrupted || !(error instanceof Failure)) throw error;
    news(`impressionist: ${error.message}`);
    process.exitCode = 130;
    return undefined;
  }
};
