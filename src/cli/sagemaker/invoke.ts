/** @file `impressionist sagemaker invoke`: drafts from an endpoint, one or a whole file of them. */
import { Command, Option } from 'commander';
import { Failure } from '../../ground/failure.js';
import { readExamples } from '../../reports/dataset.js';
import { renderPrompt } from '../../reports/prompt.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { Generation } from '../../sagemaker/inference/dialect.js';
import type { Endpoint } from '../../sagemaker/inference/endpoint.js';
import { startProgress } from '../progress.js';
import { interruptible } from './interrupt.js';
import { news, result } from './news.js';
import { type AccountOptions, count, generationOf, textFrom, withAccount, withGeneration } from './options.js';

interface InvokeOptions extends AccountOptions, Generation {
  readonly background?: string;
  readonly data?: string;
  readonly out?: string;
  readonly stream?: boolean;
  readonly prompt?: string;
  readonly dialect?: 'script' | 'tgi';
  readonly concurrency: number;
  readonly tries: number;
}

const refuse = (what: string, where: string, fix: string): never => {
  throw new Failure({ what, where, fix });
};

const whole = async (clients: Clients, endpoint: Endpoint, options: InvokeOptions, text: string): Promise<void> => {
  const { payloadFor, streamPayloadFor } = await import('../../sagemaker/inference/dialect.js');
  const prompt = renderPrompt(endpoint.prompt, { findings: text.trim(), background: options.background ?? '' });
  const generation = generationOf(options);
  if (!options.stream) {
    const { invoke, patient } = await import('../../sagemaker/inference/endpoint.js');
    const payload = payloadFor(endpoint.dialect, prompt, generation);
    const impression = await interruptible((signal) =>
      invoke(clients, endpoint.name, payload, { ...patient, tries: options.tries }, signal),
    );
    result(options.json, { endpoint: endpoint.name, impression }, impression);
    return;
  }
  if (options.json) refuse('a stream is text, not JSON', '--stream', 'leave --json or --stream out');
  const { invokeStream } = await import('../../sagemaker/inference/stream.js');
  const payload = streamPayloadFor(endpoint.dialect, prompt, generation);
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

const file = async (
  clients: Clients,
  endpoint: Endpoint,
  options: InvokeOptions,
  data: string,
  out: string,
): Promise<void> => {
  const { draftFile } = await import('../../sagemaker/inference/draft-file.js');
  const { patient } = await import('../../sagemaker/inference/endpoint.js');
  const examples = await readExamples(data, { impressions: 'optional' });
  const progress = startProgress('drafting', examples.length, 'impressions');
  let resumed: number;
  try {
    resumed = await interruptible((signal) =>
      draftFile(clients, endpoint, examples, out, {
        generation: generationOf(options),
        concurrency: options.concurrency,
        patience: { ...patient, tries: options.tries },
        progress: (written) => progress.update(written),
        signal,
      }),
    );
  } finally {
    progress.stop();
  }
  if (resumed > 0) news(`${resumed} of them were kept from an earlier run`);
  result(
    options.json,
    { endpoint: endpoint.name, predictions: out, written: examples.length, resumed },
    `${examples.length} impressions written to ${out}`,
  );
};

const run = async (name: string, text: string | undefined, options: InvokeOptions): Promise<void> => {
  const { data, out } = options;
  if (data !== undefined && text !== undefined) refuse('findings and a file of findings', '--data', 'give one of them');
  if ((data === undefined) !== (out === undefined)) refuse('--data and --out belong together', '--out', 'give both');
  if (data !== undefined && options.stream) refuse('a file is not streamed', '--stream', 'leave it out');
  if (data !== undefined && options.background !== undefined) {
    refuse('the file has the background', '--background', 'leave it out');
  }
  const [{ connect }, { findEndpoint }] = await Promise.all([
    import('../../sagemaker/aws/clients.js'),
    import('../../sagemaker/inference/endpoint.js'),
  ]);
  const clients = await connect(options);
  const endpoint = await findEndpoint(clients, { name, dialect: options.dialect, prompt: options.prompt });
  if (data !== undefined && out !== undefined) await file(clients, endpoint, options, data, out);
  else {
    const findings = text === undefined || text === '-' ? await textFrom('-') : text;
    if (findings.trim() === '')
      refuse('no findings', 'TEXT', 'give the findings, or - to read them from standard input');
    await whole(clients, endpoint, options, findings);
  }
};

/** The `sagemaker invoke` command. */
export const invokeCommand = (): Command =>
  withGeneration(
    withAccount(
      new Command('invoke')
        .description('Draft impressions with an endpoint, in the prompt its model learned.')
        .argument('ENDPOINT', 'its name')
        .argument('[TEXT]', 'the findings, or - for standard input'),
    )
      .option('--background <TEXT>', 'indication, history, technique, comparison')
      .option('--data <DATA>', 'draft for every example of a file')
      .option('--out <PREDICTIONS>', 'where to, as JSON Lines; run again to go on after an interruption')
      .option('--stream', 'show the text as it is written (models of version 2)')
      .option('--prompt <TEMPLATE>', 'prompt, if the endpoint does not carry it')
      .addOption(new Option('--dialect <DIALECT>', 'how it is spoken to').choices(['script', 'tgi']))
      .option('--concurrency <N>', 'requests at once', count, 4)
      .option('--tries <N>', 'tries of a request while the endpoint is busy', count, 8),
  ).action(run);
