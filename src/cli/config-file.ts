/**
 * @file A command's options from a JSON file: the same names as the flags, without dashes before them. A run's `run.json`
 * holds such settings under `config` and is taken as it is. What is given on the command line wins.
 */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { readFailure } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';

/**
 * Reads a file's settings into a command.
 *
 * @param apart Settings that are not options of the command; they are returned.
 * @throws {Failure} When the file is no JSON object, or a setting is unknown or has a wrong value.
 * @example const { data } = await applyConfig(command, 'recipe.json', ['data']);
 */
export const applyConfig = async (
  command: Command,
  path: string,
  apart: readonly string[],
): Promise<Record<string, unknown>> => {
  const settings = await readSettings(path);
  const returned: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (apart.includes(name)) {
      returned[name] = value;
      continue;
    }
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (option === undefined || name === 'config') {
      const known = command.options.map(({ long }) => long?.slice(2)).join(', ');
      throw new Failure({ what: 'unknown setting', where: path, got: name, fix: `use the options’ names: ${known}` });
    }
    if (givenInstead(command, option)) continue;
    command.setOptionValueWithSource(option.attributeName(), understood(option, value, path), 'config');
  }
  return returned;
};

/** Whether the command line has this option, or another one that excludes it. */
const givenInstead = (command: Command, option: Option): boolean => {
  const fromCommandLine = (attribute: string): boolean => command.getOptionValueSource(attribute) === 'cli';
  const excluding = command.options.filter(
    (other) =>
      conflictsOf(other).includes(option.attributeName()) || conflictsOf(option).includes(other.attributeName()),
  );
  return fromCommandLine(option.attributeName()) || excluding.some((other) => fromCommandLine(other.attributeName()));
};

/** Commander keeps what an option excludes to itself, without a type. */
const conflictsOf = (option: Option): readonly string[] =>
  (option as Option & { conflictsWith?: readonly string[] }).conflictsWith ?? [];

const understood = (option: Option, value: unknown, path: string): unknown => {
  const wrong = (fix: string): Failure =>
    new Failure({
      what: 'wrong value of a setting',
      where: `${option.long?.slice(2)} in ${path}`,
      got: JSON.stringify(value),
      fix,
    });
  if (option.isBoolean()) {
    if (typeof value !== 'boolean') throw wrong('write true or false');
    return option.negate ? !value : value;
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong('write a number or a text');
  try {
    return option.parseArg ? option.parseArg(String(value), undefined) : String(value);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong(error.message);
    throw error;
  }
};

const readSettings = async (path: string): Promise<Record<string, unknown>> => {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Failure({ what: 'not JSON', where: path, fix: 'write {"option": value, …}' }, { cause: error });
    throw readFailure(path, error);
  }
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(json)) throw new Failure({ what: 'no settings', where: path, fix: 'write {"option": value, …}' });
  return isObject(json.config) ? json.config : json;
};
