/** @file `impressionist sagemaker invoke`: drafts from an endpoint, one or a whole file of them. */
import { Command, Option } from 'commander';
import { Failure } from '../../ground/failure.js';
import { readExamples } from '../../reports/dataset.js';
import type { Generation } from '../../sagemaker/inference/dialect.js';
import { ASKING_DEFAULTS, type Asking, askFile, askOne, askStreaming } from './asking.js';
import { result } from './news.js';
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

const whole = async (asking: Asking, options: InvokeOptions, text: string): Promise<void> => {
  const report = { findings: text.trim(), background: options.background ?? '' };
  if (!options.stream) {
    const impression = await askOne(asking, report);
    result(options.json, { endpoint: asking.endpoint.name, impression }, impression);
    return;
  }
  if (options.json) refuse('a stream is text, not JSON', '--stream', 'leave --json or --stream out');
  await askStreaming(asking, report);
};

const file = async (asking: Asking, options: InvokeOptions, data: string, out: string): Promise<void> => {
  const examples = await readExamples(data, { impressions: 'optional' });
  const resumed = await askFile(asking, examples, out, options.concurrency);
  if (resumed === undefined) return;
  result(
    options.json,
    { endpoint: asking.endpoint.name, predictions: out, written: examples.length, resumed },
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
  const asking: Asking = { clients, endpoint, generation: generationOf(options), tries: options.tries };
  if (data !== undefined && out !== undefined) await file(asking, options, data, out);
  else {
    const findings = text === undefined || text === '-' ? await textFrom('-') : text;
    if (findings.trim() === '')
      refuse('no findings', 'TEXT', 'give the findings, or - to read them from standard input');
    await whole(asking, options, findings);
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
      .option('--concurrency <N>', 'requests at once', count, ASKING_DEFAULTS.concurrency)
      .option('--tries <N>', 'tries of a request while the endpoint is busy', count, ASKING_DEFAULTS.tries),
  ).action(run);
