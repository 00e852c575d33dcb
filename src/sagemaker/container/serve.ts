/**
 * @file Serving inside a SageMaker container: the server of `impressionist serve` over the model in `/opt/ml/model`, with
 * the bounds of SageMaker's requests. SageMaker alone reaches the port, so that no credentials are asked for; whoever runs
 * the image elsewhere guards the port himself.
 *
 * Source: Amazon SageMaker developer guide, "Use your own inference code with hosting services" and "with batch
 * transform".
 */
import type { InvocationLimits } from '../../server/dialects/invocation-limits.js';
import { jsonLog, type Log } from '../../server/observe/log.js';
import { startServer } from '../../server/serve.js';
import { leaveRoot } from './leave-root.js';
import type { ContainerPaths } from './paths.js';
import type { ServeSettings } from './serve-settings.js';

const MB = 1 << 20;
/** Largest request that SageMaker passes on to an endpoint, in megabytes. */
const ENDPOINT_MB = 25;
/** Largest request of batch transform where the job sets no limit. */
const BATCH_MB = 100;
/** SageMaker waits so long for an endpoint's answer, in milliseconds, and in batch transform at most so long. */
const ANSWER_MS = { endpoint: 60_000, batch: 3600_000 };
/** SageMaker kills a serving container 30 seconds after SIGTERM. */
const DRAIN_MS = 25_000;
/** Reports drafted together by one process. */
const BATCH_SIZE = 32;
/** Drafts accepted and not yet answered; beyond, an endpoint answers 429, which its clients wait out. */
const QUEUE = 512;

/** A batch job's request is taken whole, however many lines it has: to refuse it would fail the job. */
const limitsOf = ({ batch }: ServeSettings): InvocationLimits =>
  batch === undefined
    ? { bytes: ENDPOINT_MB * MB, lines: QUEUE }
    : { bytes: (batch.maxPayloadMb || BATCH_MB) * MB, lines: Number.POSITIVE_INFINITY };

/** SageMaker asks after its health every few seconds; only bad news is worth a line. */
const withoutPings = (log: Log): Log => ({
  ...log,
  info: (event, fields) => {
    if (fields?.route !== '/ping' || fields.status !== 200) log.info(event, fields);
  },
});

/**
 * Serves until it is stopped; requests that were accepted by then are answered.
 *
 * @param paths See `containerPaths`.
 * @param signal Stops it; while the model is still being opened, at once.
 * @throws {Failure} When there is no usable model, or the port is taken.
 */
export const serveInContainer = async (
  paths: ContainerPaths,
  settings: ServeSettings,
  signal: AbortSignal,
): Promise<void> => {
  leaveRoot(settings.user);
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const { port, workers, weights, maxInputTokens, batch } = settings;
  const starting = startServer({
    engine: { model: paths.model, workers, weights, maxInputTokens, batchSize: BATCH_SIZE, device: 'cpu' },
    host: '0.0.0.0',
    port,
    allowAnonymous: true,
    rateLimit: 0,
    queueLimit: batch === undefined ? QUEUE : Number.POSITIVE_INFINITY,
    timeoutMs: batch === undefined ? ANSWER_MS.endpoint : ANSWER_MS.batch,
    drainMs: DRAIN_MS,
    invocations: limitsOf(settings),
    log: withoutPings(jsonLog()),
  });
  const server = await Promise.race([starting, stopped]);
  if (server === undefined) return;
  await stopped;
  await server.close();
};
