/** @file What the routes work with, put together once by {@link file://./app.ts}. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditLog } from '../audit/audit-log.js';
import type { Checker } from '../checking/checker.js';
import type { InvocationLimits } from '../dialects/invocation-limits.js';
import type { Drafting, DraftOrigin } from '../drafting/drafting.js';
import type { Ledger } from '../drafting/ledger.js';
import type { DraftEngine } from '../engine/draft-engine.js';
import type { Log } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import type { Access, Principal } from '../security/access.js';
import type { RateLimit } from '../security/rate-limit.js';
import type { Scope } from '../security/tokens.js';

/** What every route may use. */
export interface ServerContext {
  readonly engine: DraftEngine;
  readonly drafting: Drafting;
  readonly checker: Checker;
  readonly ledger: Ledger;
  readonly audit?: AuditLog;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly access: Access;
  readonly rateLimit: RateLimit;
  readonly invocations: InvocationLimits;
  /** Reports drafted at once. */
  readonly concurrent: number;
  /** Folder of evaluation reports. */
  readonly evaluations?: string;
  /** Where the built page lies. */
  readonly page: string;
  /** Whether answers carry HSTS. */
  readonly tls: boolean;
}

/** How errors of a route are told. */
export type ErrorStyle = 'api' | 'fhir' | 'tgi' | 'hl7';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Scope that a request needs; absent: open to all. */
    scope?: Scope;
    errors?: ErrorStyle;
  }
  interface FastifyRequest {
    principal: Principal;
    startedAt: number;
  }
}

/** Adds routes. */
export type Routes = (app: FastifyInstance, context: ServerContext) => void;

/** Aborted when the client goes away before the answer ended. */
export const closedSignal = (reply: FastifyReply): AbortSignal => {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the client closed the request'));
  });
  return controller.signal;
};

/** Who asks, for the audit log. */
export const originOf = (request: FastifyRequest, door: DraftOrigin['door']): DraftOrigin => ({
  user: request.principal.user,
  requestId: request.id,
  door,
});
