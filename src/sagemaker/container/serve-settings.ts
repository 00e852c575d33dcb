/**
 * @file What SageMaker tells a serving container by its environment, and what the container tells batch transform.
 *
 * Source: Amazon SageMaker developer guide, "Use your own inference code with hosting services" and "with batch
 * transform".
 */
import { Failure } from '../../ground/failure.js';

/** How the container serves. */
export interface ServeSettings {
  readonly port: number;
  /** Set in batch transform. */
  readonly batch?: {
    /** Whether a request holds one line or several. */
    readonly strategy: 'SINGLE_RECORD' | 'MULTI_RECORD';
    readonly maxPayloadMb: number;
    readonly maxConcurrent: number;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const wholeFrom = (environment: Environment, name: string, fallback: number, most: number): number => {
  const text = environment[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new Failure({ what: 'not a usable number', where: name, got: `'${text}'`, fix: `give 0 to ${most}` });
};

/**
 * Reads the settings.
 *
 * @throws {Failure} When one of them is no number.
 */
export const serveSettings = (environment: Environment = process.env): ServeSettings => {
  const port = wholeFrom(environment, 'SAGEMAKER_BIND_TO_PORT', 8080, 65535);
  if (environment.SAGEMAKER_BATCH !== 'true') return { port };
  return {
    port,
    batch: {
      strategy: environment.SAGEMAKER_BATCH_STRATEGY === 'SINGLE_RECORD' ? 'SINGLE_RECORD' : 'MULTI_RECORD',
      maxPayloadMb: wholeFrom(environment, 'SAGEMAKER_MAX_PAYLOAD_IN_MB', 6, 100),
      maxConcurrent: wholeFrom(environment, 'SAGEMAKER_MAX_CONCURRENT_TRANSFORMS', 1, 1000),
    },
  };
};

/**
 * The answer to `GET /execution-parameters`: what batch transform uses where the job does not say.
 *
 * @param concurrent Requests the server works on at once.
 */
export const executionParameters = (concurrent: number) => ({
  MaxConcurrentTransforms: concurrent,
  BatchStrategy: 'MULTI_RECORD' as const,
  MaxPayloadInMB: 6,
});
