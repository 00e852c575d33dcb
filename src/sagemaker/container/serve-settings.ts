/**
 * @file What SageMaker, and whoever made the endpoint (`sagemaker deploy --env NAME=VALUE`), tell a serving container by
 * its environment.
 *
 * Source: Amazon SageMaker developer guide, "Use your own inference code with hosting services" and "with batch
 * transform".
 */
import { Failure } from '../../ground/failure.js';

/** How weights are held. */
const WEIGHTS = ['float32', 'int8', 'int4'] as const;

/** How the container serves. */
export interface ServeSettings {
  readonly port: number;
  /** Drafting processes. */
  readonly workers: number;
  readonly weights: (typeof WEIGHTS)[number];
  readonly maxInputTokens: number;
  /** The user to become when the container was started as root. */
  readonly user?: string;
  /** Set in batch transform. */
  readonly batch?: {
    /** Longest request; 0 for no limit. */
    readonly maxPayloadMb: number;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const wholeFrom = (environment: Environment, name: string, fallback: number, least: number, most: number): number => {
  const text = environment[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Failure({ what: 'not a usable number', where: name, got: `'${text}'`, fix: `give ${least} to ${most}` });
};

const weightsFrom = (environment: Environment, name: string): ServeSettings['weights'] => {
  const text = environment[name];
  if (text === undefined || text === '') return 'float32';
  const known = WEIGHTS.find((each) => each === text);
  if (known !== undefined) return known;
  throw new Failure({ what: 'no such weights', where: name, got: `'${text}'`, fix: `give ${WEIGHTS.join(' or ')}` });
};

/**
 * Reads the settings.
 *
 * @throws {Failure} When one of them cannot be used.
 * @example serveSettings({ SAGEMAKER_BIND_TO_PORT: '9000' }).port // 9000
 */
export const serveSettings = (environment: Environment = process.env): ServeSettings => {
  const settings = {
    port: wholeFrom(environment, 'SAGEMAKER_BIND_TO_PORT', 8080, 0, 65535),
    workers: wholeFrom(environment, 'SAGEMAKER_MODEL_SERVER_WORKERS', 1, 1, 256),
    weights: weightsFrom(environment, 'IMPRESSIONIST_WEIGHTS'),
    maxInputTokens: wholeFrom(environment, 'IMPRESSIONIST_MAX_INPUT_TOKENS', 896, 2, 1_000_000),
    user: environment.IMPRESSIONIST_SERVE_AS || undefined,
  };
  if (environment.SAGEMAKER_BATCH !== 'true') return settings;
  return { ...settings, batch: { maxPayloadMb: wholeFrom(environment, 'SAGEMAKER_MAX_PAYLOAD_IN_MB', 6, 0, 100) } };
};
