/** @file Options that several `sagemaker` commands share, and reading their values. */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import type { Generation } from '../../sagemaker/inference/dialect.js';

/** Options of every `sagemaker` command. */
export interface AccountOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly poll: number;
}

/** A number above zero. */
export const positive = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('give a number above 0');
  return value;
};

/** A number. */
export const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('give a number');
  return value;
};

/** A whole number above zero. */
export const count = (text: string): number => {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('give a whole number above 0');
  return value;
};

/** Collects `NAME=VALUE` of an option given several times. */
export const assignment = (text: string, earlier: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as NAME=VALUE');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
};

/** Collects an option given several times. */
export const several = (text: string, earlier: readonly string[] = []): string[] => [...earlier, text];

/** Adds what every `sagemaker` command takes. */
export const withAccount = (command: Command): Command =>
  command
    .option('--region <REGION>', 'AWS region (default: AWS_REGION or the profile’s)')
    .option('--profile <NAME>', 'profile of ~/.aws/config (default: AWS_PROFILE)')
    .option('--json', 'print the result as JSON')
    .addOption(
      new Option('--poll <SECONDS>', 'time between two looks at AWS')
        .env('IMPRESSIONIST_POLL_SECONDS')
        .argParser(positive)
        .default(15),
    );

/** Which model, and what of it is tolerated. */
export interface ModelOptions {
  readonly modelId?: string;
  readonly modelVersion?: string;
  readonly spec?: string;
  readonly source?: 'hub' | 'bucket';
  readonly hub?: string;
  readonly image?: string;
  readonly unlistedInstance?: boolean;
  readonly tolerateDeprecated?: boolean;
  readonly tolerateVulnerable?: boolean;
  readonly acceptEula?: boolean;
}

/** What only JumpStart's models have. */
export const onlyForJumpStart = [
  ...(['modelId', 'modelVersion', 'spec', 'source', 'hub', 'unlistedInstance'] as const),
  ...(['tolerateDeprecated', 'tolerateVulnerable', 'acceptEula'] as const),
] as const;

/** The model of the AWS sample. */
export const defaultModelId = 'huggingface-text2text-flan-t5-xl';

/** Adds the options that name a JumpStart model. */
export const withModel = (command: Command): Command =>
  command
    .option('--model-id <ID>', `JumpStart model id (default: ${defaultModelId})`)
    .option('--model-version <VERSION>', "its version, e.g. 2.2.7, '2.*' or '*' (default: the newest)")
    .option('--spec <FILE>', 'take the model’s document from a file, e.g. one an earlier run saved')
    .addOption(
      new Option('--source <SOURCE>', 'where documents are looked up (default: hub)')
        .choices(['hub', 'bucket'])
        .conflicts('spec'),
    )
    .addOption(
      new Option('--hub <NAME>', 'look in a private hub, by its name or ARN, instead of AWS’s own').conflicts([
        'spec',
        'source',
      ]),
    )
    .option('--image <URI>', 'container image instead of the document’s')
    .option('--unlisted-instance', 'try an instance type that the model does not list')
    .option('--tolerate-deprecated', 'use a version that AWS marks as deprecated')
    .option('--tolerate-vulnerable', 'use a version that depends on packages with known vulnerabilities')
    .option('--accept-eula', 'accept the licence of a gated model (Flan-T5 has none)');

/** Commander takes `--no-…` for the negation of a flag; this one has a value and negates nothing. */
const noRepeatNgram = (): Option => {
  const option = new Option('--no-repeat-ngram <N>', 'let no sequence of N tokens come twice').argParser(count);
  option.negate = false;
  return option;
};

/** Adds the options of generation. */
export const withGeneration = (command: Command): Command =>
  command
    .option('--max-new-tokens <N>', 'longest impression', count, 128)
    .option('--beams <N>', 'width of the beam search; models of version 2 have none', count, 1)
    .option('--early-stopping', 'end the beam search when enough beams have ended')
    .addOption(noRepeatNgram())
    .option('--length-penalty <X>', 'above 0 favours longer texts in beam search', number)
    .option('--repetition-penalty <X>', 'above 1 discourages repetition', positive)
    .option('--temperature <X>', 'sample with this temperature', positive)
    .option('--top-k <N>', 'sample among the N likeliest tokens', count)
    .option('--top-p <X>', 'sample among the likeliest tokens of this total probability', positive)
    .option('--seed <N>', 'seed of sampling', count)
    .option('--truncate <N>', 'cut longer inputs to N tokens at the endpoint (version 2)', count);

/** The settings of generation among other options. */
export const generationOf = (options: Generation): Generation => {
  const { maxNewTokens, beams, earlyStopping, noRepeatNgram, lengthPenalty, repetitionPenalty } = options;
  const { temperature, topK, topP, seed, truncate } = options;
  return {
    maxNewTokens,
    beams,
    earlyStopping,
    noRepeatNgram,
    lengthPenalty,
    repetitionPenalty,
    temperature,
    topK,
    topP,
    seed,
    truncate,
  };
};

/** A VPC, when any of its parts is given. */
export const vpcOf = (options: { readonly subnet?: string[]; readonly securityGroup?: string[] }) =>
  options.subnet === undefined && options.securityGroup === undefined
    ? undefined
    : { subnets: options.subnet ?? [], securityGroups: options.securityGroup ?? [] };

/** An option that must be there. */
export const required = (value: string | undefined, option: string, example: string): string => {
  if (value !== undefined && value !== '') return value;
  throw new Failure({ what: 'an option is missing', where: option, fix: `e.g. ${option} ${example}` });
};

/** Text of a file, or of standard input for `-`. */
export const textFrom = async (path: string): Promise<string> => {
  if (path !== '-') {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw readFailure(path, error);
    }
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

/**
 * Refuses options that have no meaning where they were given: none is ignored.
 *
 * @param options As commander gives them.
 * @param names Those that must not be there, by their names in `options`.
 * @param why What makes them meaningless, e.g. `--attach`.
 * @throws {Failure} For the first that is there.
 */
export const refuseUnused = <T extends object>(options: T, names: readonly (keyof T & string)[], why: string): void => {
  const found = names.find((name) => options[name] !== undefined && options[name] !== false);
  if (found === undefined) return;
  const option = `--${found.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new Failure({ what: 'this option has no meaning here', where: `${option} with ${why}`, fix: 'leave it out' });
};
