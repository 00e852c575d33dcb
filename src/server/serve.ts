/** @file The server as a whole: its parts started in order, reloaded, and stopped without dropping what was accepted. */
import { stat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Failure, systemCode } from '../ground/failure.js';
import { version } from '../ground/version.js';
import { type AuditLog, openAuditLog } from './audit/audit-log.js';
import { createChecker } from './checking/checker.js';
import { API_LIMITS, type InvocationLimits } from './dialects/invocation-limits.js';
import { createDrafting } from './drafting/drafting.js';
import { createLedger } from './drafting/ledger.js';
import { reloadable } from './engine/reloadable.js';
import { startWorkerEngine } from './engine/worker-engine.js';
import type { DraftWorkerInput } from './engine/worker-messages.js';
import { type FolderWatch, watchFolder } from './folder/watch.js';
import { listenMllp, type MllpOptions } from './hl7/mllp.js';
import { createApp } from './http/app.js';
import { jsonLog, type Log } from './observe/log.js';
import { createMetrics } from './observe/metrics.js';
import { createAccess } from './security/access.js';
import { rateLimit } from './security/rate-limit.js';
import { readTls, type TlsFiles } from './security/tls.js';
import { readTokens, tokensOf } from './security/tokens.js';

/** All that can be set. */
export interface ServeOptions {
  readonly engine: DraftWorkerInput & { readonly workers: number };
  readonly host: string;
  readonly port: number;
  readonly tokens?: string;
  readonly proxy?: { readonly header: string; readonly addresses: readonly string[] };
  /** Serve without credentials although others than this machine can reach the port. */
  readonly allowAnonymous: boolean;
  readonly tls?: TlsFiles;
  /** Requests a minute of one user; 0: no limit. */
  readonly rateLimit: number;
  readonly queueLimit: number;
  readonly timeoutMs: number;
  /** Bounds of SageMaker's requests; default: as of all others. */
  readonly invocations?: InvocationLimits;
  /** Longest wait for accepted drafts at the end, in milliseconds. */
  readonly drainMs: number;
  readonly audit?: {
    readonly path: string;
    readonly storeText: boolean;
    readonly retentionDays?: number;
    readonly limitBytes?: number;
  };
  readonly evaluations?: string;
  readonly mllp?: MllpOptions;
  readonly folder?: string;
  readonly log?: Log;
}

/** A running server. */
export interface RunningServer {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly mllpPort?: number;
  /** Opens the model directory, and certificate and key, anew and changes over to them; all, or none where one fails. */
  reload(): Promise<void>;
  /** Refuses new requests, answers the accepted ones, and ends. */
  close(): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Whether a host is reached from this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

const openRefusal = (host: string, option: string): Failure =>
  new Failure({
    what: 'others could draft and read without credentials',
    where: option,
    got: host,
    fix: 'give --tokens FILE or --trusted-proxy, or say --allow-anonymous where something else guards the port',
  });

/** Access is decided before anything is loaded. @throws {Failure} When the server would stand open by mistake. */
const checkExposure = ({ host, tokens, proxy, allowAnonymous, mllp }: ServeOptions): void => {
  if (!isLoopback(host) && tokens === undefined && proxy === undefined && !allowAnonymous)
    throw openRefusal(host, '--host');
  if (mllp !== undefined && !isLoopback(mllp.host) && mllp.allowed.length === 0 && !allowAnonymous) {
    throw new Failure({
      what: 'MLLP knows no credentials, and others could reach it',
      where: '--mllp-host',
      got: mllp.host,
      fix: 'name the senders with --mllp-allow ADDRESS',
    });
  }
};

const listenFailure = (error: unknown, host: string, port: number): unknown => {
  const code = systemCode(error);
  const got = {
    EADDRINUSE: 'it is in use',
    EACCES: 'no permission',
    EADDRNOTAVAIL: 'no such address here',
    ENOTFOUND: 'no such name',
    EAI_AGAIN: 'no such name',
  }[code ?? ''];
  if (got === undefined) return error;
  return new Failure(
    { what: 'cannot listen', where: `${host}:${port}`, got, fix: 'choose another --port or --host' },
    { cause: error },
  );
};

/**
 * Starts a server. It listens at once, so that health checks are answered, and is ready when the model is warm.
 *
 * @returns Once it is ready.
 * @throws {Failure} When the port is taken, the model or the audit log cannot be opened, or access is not decided.
 */
export const startServer = async (options: ServeOptions): Promise<RunningServer> => {
  checkExposure(options);
  const { evaluations } = options;
  if (evaluations !== undefined && !(await stat(evaluations).catch(() => undefined))?.isDirectory())
    throw new Failure({ what: 'no such folder', where: '--evaluations', got: evaluations, fix: 'check the path' });
  const log = options.log ?? jsonLog();
  const metrics = createMetrics();
  const { workers, ...input } = options.engine;
  const onEvent = (event: 'worker_lost' | 'worker_restarted'): void => {
    metrics.workers.inc({ event });
    log.warn(event);
  };
  const engine = reloadable(() => startWorkerEngine({ ...input, workers, onEvent }));
  const tls = options.tls && (await readTls(options.tls));
  if (options.tokens !== undefined && (await readTokens(options.tokens)).every(({ revoked }) => revoked !== undefined))
    log.warn('no_tokens', { fix: 'impressionist token add NAME --tokens FILE; until then nobody is let in' });
  const access = createAccess({
    tokens: options.tokens === undefined ? undefined : await tokensOf(options.tokens),
    proxy: options.proxy,
    anonymous: options.allowAnonymous || (options.tokens === undefined && options.proxy === undefined),
    loopback: isLoopback(options.host),
  });
  const audit: AuditLog | undefined =
    options.audit &&
    (await openAuditLog(options.audit, (writable, why) => {
      if (writable) log.info('audit_writable');
      else log.error('audit_unwritable', { why });
    }));
  const checker = createChecker();
  const drafting = createDrafting({
    engine,
    checker,
    audit,
    metrics,
    queueLimit: options.queueLimit,
    timeoutMs: options.timeoutMs,
  });
  const app = createApp(
    {
      engine,
      checker,
      drafting,
      ledger: createLedger(),
      audit,
      metrics,
      log,
      access,
      rateLimit: rateLimit(options.rateLimit),
      invocations: options.invocations ?? API_LIMITS,
      concurrent: workers * input.batchSize,
      evaluations,
      page: fileURLToPath(new URL('../workbench', import.meta.url)),
      tls: tls !== undefined,
    },
    tls && { cert: tls.cert, key: tls.key },
  );
  let mllp: Server | undefined;
  let folder: FolderWatch | undefined;
  /** What the audit log is told of the model. */
  const modelRecord = () => {
    const { name, fingerprint, promptHash, parameters } = engine.model!;
    return { name, fingerprint, promptHash, parameters };
  };
  const stop = async (): Promise<void> => {
    await folder?.stop();
    mllp?.close();
    await app.close();
    await engine.close();
    await checker.close();
    await audit?.close();
    metrics.stop();
  };

  try {
    const url = await app.listen({ host: options.host, port: options.port }).catch((error: unknown) => {
      throw listenFailure(error, options.host, options.port);
    });
    log.info('listening', { url, certificate: tls?.validTo.toISOString() });
    await engine.reload();
    log.info('ready', { model: engine.model!.name, fingerprint: engine.model!.fingerprint });
    await audit?.append({ kind: 'start', body: { version, model: modelRecord(), storeText: audit.storesText } });
    if (options.mllp !== undefined) {
      const { host, port } = options.mllp;
      mllp = await listenMllp(options.mllp, drafting, log).catch((error: unknown) => {
        throw listenFailure(error, host, port);
      });
    }
    if (options.folder !== undefined) folder = await watchFolder(options.folder, drafting, log);
    const address = mllp?.address();
    return {
      url,
      mllpPort: typeof address === 'object' && address !== null ? address.port : undefined,
      reload: async () => {
        const renewed = options.tls && (await readTls(options.tls));
        await engine.reload();
        // Connections that are open keep the certificate they began with.
        if (renewed !== undefined && app.server instanceof TlsServer) app.server.setSecureContext(renewed);
        log.info('reloaded', {
          model: engine.model!.name,
          fingerprint: engine.model!.fingerprint,
          certificate: renewed?.validTo.toISOString(),
        });
        await audit?.append({ kind: 'reload', body: { model: modelRecord() } });
      },
      close: async () => {
        log.info('draining');
        // New requests are told 503 while the accepted ones are answered; then connections close.
        let timer: NodeJS.Timeout | undefined;
        const limit = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, options.drainMs);
        });
        await Promise.race([drafting.drain(), limit]);
        clearTimeout(timer);
        app.server.closeIdleConnections();
        const late = setTimeout(() => app.server.closeAllConnections(), 1000);
        await audit?.append({ kind: 'stop', body: {} }).catch(() => undefined);
        await stop();
        clearTimeout(late);
        log.info('stopped');
      },
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
};
