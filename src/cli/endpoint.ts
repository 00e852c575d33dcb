/**
 * @file `--endpoint` of `generate` and `evaluate`: a SageMaker endpoint in the place of a local model, asked in the prompt its
 * model learned. What only a local model takes is a usage error.
 */
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { Failure } from '../ground/failure.js';
import type { Example } from '../reports/example.js';
import type { Generation } from '../sagemaker/inference/dialect.js';
import type { DraftingOptions } from './drafting.js';
import { ASKING_DEFAULTS, type Asking, askFile, askOne, askStreaming } from './sagemaker/asking.js';
import { wholeNumber } from './values.js';

/** The options as commander gives them. */
export interface EndpointOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly dialect?: 'script' | 'tgi';
  readonly concurrency?: number;
  readonly tries?: number;
  readonly truncate?: number;
}

/** What of a command's options matters at an endpoint. */
type AskingOptions = EndpointOptions & DraftingOptions;

/** What goes with `--endpoint` only. */
const ENDPOINT_ONLY = ['region', 'profile', 'dialect', 'concurrency', 'tries', 'truncate'] as const;

/** What an endpoint decides itself, or its dialects cannot say. */
const LOCAL_ONLY: readonly string[] = [
  ...([
    'adapter',
    'similarReports',
    'maxInputTokens',
    'minNewTokens',
    'copyTokens',
  ] satisfies (keyof DraftingOptions)[]),
  ...(['batchSize', 'weights', 'device', 'memory', 'threads'] satisfies (keyof DraftingOptions)[]),
  ...['nBest', 'rerank'],
];

/** Adds `--endpoint` and what goes with it. */
export const addEndpointOptions = (command: Command): Command =>
  command
    .optionsGroup('With a SageMaker endpoint:')
    .option('--endpoint <name>', 'endpoint to draft with, in the place of a model')
    .option('--region <region>', 'AWS region (default: AWS_REGION or the profile’s)')
    .option('--profile <name>', 'profile of ~/.aws/config (default: AWS_PROFILE)')
    .addOption(
      new Option('--dialect <dialect>', 'how it is spoken to (default: what it carries)').choices(['script', 'tgi']),
    )
    .option('--concurrency <n>', `requests at once (default: ${ASKING_DEFAULTS.concurrency})`, wholeNumber(1))
    .option('--tries <n>', `tries of a request while it is busy (default: ${ASKING_DEFAULTS.tries})`, wholeNumber(1))
    .option('--truncate <n>', 'cut longer inputs to n tokens at the endpoint (models of version 2)', wholeNumber(1));

const misuse = (command: Command, message: string): never => command.error(`error: ${message}`, { exitCode: 2 });

/** The first of some options that the user gave, by its name on the command line. */
const givenOf = (command: Command, names: readonly string[]): string | undefined =>
  command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  )?.long;

/**
 * Refuses options that do not go with what drafts.
 *
 * @param command Ends the process with exit code 2 on a usage error.
 */
export const checkEndpointOptions = (command: Command): void => {
  const { endpoint, earlyStopping } = command.opts<AskingOptions>();
  if (endpoint === undefined) {
    const unused = givenOf(command, ENDPOINT_ONLY);
    if (unused !== undefined) misuse(command, `${unused} is for drafting with --endpoint, leave it out`);
    return;
  }
  const local = givenOf(command, LOCAL_ONLY);
  if (local !== undefined) misuse(command, `${local} is for drafting with --model, an endpoint has no such setting`);
  if (earlyStopping === 'never')
    misuse(command, '--early-stopping never is for --model, an endpoint takes true or false');
};

/** The settings of drafting in the endpoint's words; those of {@link LOCAL_ONLY} were not given. */
const generationFrom = (options: AskingOptions): Generation => {
  const { maxNewTokens = 128, beams = 1, earlyStopping, noRepeatNgram, lengthPenalty, repetitionPenalty } = options;
  const { temperature, topK, topP, seed, truncate } = options;
  return {
    maxNewTokens,
    beams,
    earlyStopping: earlyStopping === 'never' ? undefined : earlyStopping,
    noRepeatNgram: noRepeatNgram === 0 ? undefined : noRepeatNgram,
    ...{ lengthPenalty, repetitionPenalty, temperature, topK, topP, seed, truncate },
  };
};

/**
 * Finds the endpoint and checks that it can do what the options ask for.
 *
 * @param command Ends the process with exit code 2 when it can't.
 * @throws {Failure} When there is no such endpoint, or nothing tells how to ask it.
 */
const askingFor = async (options: AskingOptions, command: Command): Promise<Asking> => {
  const [{ connect }, { findEndpoint }, { requestObject, streamPayloadFor }, { decodingSettings }, { chosenPrompt }] =
    await Promise.all([
      import('../sagemaker/aws/clients.js'),
      import('../sagemaker/inference/endpoint.js'),
      import('../sagemaker/inference/dialect.js'),
      import('../generation/options.js'),
      import('./prompt.js'),
    ]);
  const generation = generationFrom(options);
  const orMisuse = (check: () => unknown): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      misuse(command, error.message);
    }
  };
  const { truncate: _, ...decoding } = generation;
  orMisuse(() => decodingSettings(decoding));
  const clients = await connect(options);
  const prompt = await chosenPrompt(options);
  const endpoint = await findEndpoint(clients, {
    name: options.endpoint!,
    dialect: options.dialect,
    prompt: prompt?.template,
  });
  const streams = command.opts<{ stream?: boolean }>().stream === true;
  orMisuse(() => (streams ? streamPayloadFor : requestObject)(endpoint.dialect, '', generation));
  return { clients, endpoint, generation, tries: options.tries ?? ASKING_DEFAULTS.tries };
};

/**
 * Drafts for examples with the endpoint into a file, or goes on with it.
 *
 * @returns False when the user interrupted it.
 */
export const draftAtEndpoint = async (
  examples: readonly Example[],
  out: string,
  options: AskingOptions,
  command: Command,
): Promise<boolean> => {
  const asking = await askingFor(options, command);
  return (await askFile(asking, examples, out, options.concurrency ?? ASKING_DEFAULTS.concurrency)) !== undefined;
};

/** What `generate` was asked for, its own usage errors found. */
interface Wanted {
  readonly findings?: string;
  readonly background: string;
  readonly data?: string;
  readonly out?: string;
  readonly stream?: boolean;
  readonly json?: boolean;
}

/** `generate --endpoint`: one report, whole or as it is written, or a file of them. */
export const generateAtEndpoint = async (wanted: Wanted, options: AskingOptions, command: Command): Promise<void> => {
  const { data, out } = wanted;
  if (data !== undefined && out !== undefined) {
    const { readExamples } = await import('../reports/dataset.js');
    const examples = await readExamples(data, { impressions: 'optional' });
    if (await draftAtEndpoint(examples, out, options, command))
      console.error(`${examples.length.toLocaleString('en')} drafts written to ${out}`);
    return;
  }
  const asking = await askingFor(options, command);
  const given = wanted.findings === '-' ? await text(process.stdin) : wanted.findings!;
  const report = { findings: given.trim(), background: wanted.background };
  if (wanted.stream) return askStreaming(asking, report);
  const impression = await askOne(asking, report);
  console.log(wanted.json ? JSON.stringify({ impression }) : impression);
};
