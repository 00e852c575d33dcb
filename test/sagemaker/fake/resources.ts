/** @file Resources of the fake AWS: made, found, moved on from state to state. */
import { AwsError, type Resource, type State } from './state.js';

// biome-ignore lint/suspicious/noExplicitAny: requests are validated against the service model before they get here
export type Request = any;

const account = '123456789012';
export const seconds = (): number => Date.now() / 1000;
const paths: Readonly<Record<string, string>> = {
  jobs: 'training-job',
  transforms: 'transform-job',
  models: 'model',
  configs: 'endpoint-config',
  endpoints: 'endpoint',
};

export type Collection = 'jobs' | 'transforms' | 'models' | 'configs' | 'endpoints';

export const add = (state: State, kind: Collection, name: string, request: Request, coming: string[]): Resource => {
  const tags = (request.Tags ?? []) as { Key: string; Value: string }[];
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw new AwsError('ValidationException', 'duplicate tag');
  const resource: Resource = {
    request,
    arn: `arn:aws:sagemaker:${state.region}:${account}:${paths[kind]}/${name.toLowerCase()}`,
    createdAt: seconds(),
    tags,
    coming,
    past: [],
  };
  state[kind].set(name, resource);
  return resource;
};

/** A resource that is there; SageMaker says of most missing ones that it could not find them. */
export const get = (state: State, kind: Collection, name: string): Resource => {
  const resource = state[kind].get(name);
  if (resource !== undefined) return resource;
  if (kind === 'transforms') throw new AwsError('ResourceNotFound', `Could not find transform job ${name}.`);
  throw new AwsError(
    'ValidationException',
    kind === 'jobs' ? 'Requested resource not found.' : `Could not find ${paths[kind]} "${name}".`,
  );
};

export const advance = (resource: Resource): string => {
  const next = resource.coming.shift();
  if (next !== undefined) resource.past.push(next);
  return resource.past.at(-1) ?? '';
};

export const objectsBelow = (state: State, uri: string): Map<string, Buffer> => {
  const match = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri);
  const bucket = state.buckets.get(match?.[1] ?? '');
  return new Map(
    [...(bucket ?? [])].filter(([key]) => key.startsWith(match![2]!)).map(([key, { body }]) => [key, body]),
  );
};

export const invalid = (message: string): never => {
  throw new AwsError('ValidationException', message);
};
