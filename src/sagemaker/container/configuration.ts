/**
 * @file What SageMaker tells a training container in `/opt/ml/input/config`: hyperparameters, channels, hosts. The files
 * may be missing, as when the container runs elsewhere.
 *
 * Source: Amazon SageMaker developer guide, "How Amazon SageMaker provides training information".
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readFailure } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';
import type { ContainerPaths } from './paths.js';

const hyperparametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const channelsSchema = z.record(z.string(), z.looseObject({ TrainingInputMode: z.string().optional() }));
const resourcesSchema = z.looseObject({
  current_host: z.string().default('algo-1'),
  hosts: z.array(z.string()).default(['algo-1']),
});

/** What a training container is told. */
export interface ContainerConfiguration {
  /** Values as text, JSON's quotes taken off. */
  readonly hyperparameters: Readonly<Record<string, string>>;
  /** Names of the channels. */
  readonly channels: readonly string[];
  readonly host: string;
  readonly hosts: readonly string[];
}

const readJson = async <T>(path: string, schema: z.ZodType<T>, missing: T): Promise<T> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return missing;
    throw readFailure(path, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure({ what: 'not JSON', where: path, fix: 'mount the folder as SageMaker does' }, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure({
    what: 'not what SageMaker writes here',
    where: path,
    got: parsed.error.issues[0]?.message,
    fix: 'mount the folder as SageMaker does',
  });
};

/** `"\"3\""` → `3`: AWS's SDK writes some values as JSON texts. */
const plain = (value: string | number | boolean): string => {
  const text = String(value);
  if (!/^".*"$/s.test(text)) return text;
  try {
    const inner: unknown = JSON.parse(text);
    return typeof inner === 'string' ? inner : text;
  } catch {
    return text;
  }
};

/**
 * Reads what SageMaker tells a training container.
 *
 * @throws {Failure} When a file is damaged, a channel is a pipe, or there are several machines.
 */
export const readConfiguration = async (paths: ContainerPaths): Promise<ContainerConfiguration> => {
  const hyperparameters = await readJson(paths.hyperparameters, hyperparametersSchema, {});
  const channels = await readJson(paths.inputDataConfig, channelsSchema, {});
  const { current_host: host, hosts } = await readJson(paths.resourceConfig, resourcesSchema, {
    current_host: 'algo-1',
    hosts: ['algo-1'],
  });
  for (const [name, { TrainingInputMode: mode }] of Object.entries(channels)) {
    if (mode !== 'Pipe') continue;
    throw new Failure({
      what: 'a channel that is a pipe cannot be read',
      where: `channel ${name}`,
      fix: 'create the job with TrainingInputMode File or FastFile',
    });
  }
  if (hosts.length > 1) {
    throw new Failure({
      what: 'this container trains on one machine',
      where: 'resourceconfig.json',
      got: `${hosts.length} machines`,
      fix: 'create the job with InstanceCount 1',
    });
  }
  return {
    hyperparameters: Object.fromEntries(Object.entries(hyperparameters).map(([name, value]) => [name, plain(value)])),
    channels: Object.keys(channels),
    host,
    hosts,
  };
};
