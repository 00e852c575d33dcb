/** @file The HTTP server: what holds for every request (limits, headers, access, errors, log), then the routes. */
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { API_LIMITS } from '../dialects/invocation-limits.js';
import { dialectRoutes } from '../dialects/routes.js';
import { fhirRoutes } from '../fhir/routes.js';
import { hl7Routes } from '../hl7/routes.js';
import { takeBytes } from './body.js';
import { completionRoutes } from './completions.js';
import type { ServerContext } from './context.js';
import { readable, sendError } from './errors.js';
import { healthRoutes } from './health.js';
import { HttpFailure } from './http-failure.js';
import { impressionRoutes } from './impressions.js';
import { libraryRoutes } from './library.js';
import { openApiRoutes } from './openapi.js';
import { pageRoutes } from './page.js';
import { textRoutes } from './texts.js';

/** Bounds of a connection. */
const LIMITS = {
  bodyBytes: API_LIMITS.bytes,
  /** A request's headers, and a whole request, must have come after so long, in milliseconds: slow senders. */
  headersMs: 5000,
  requestMs: 30_000,
  keepAliveMs: 30_000,
  connections: 2048,
} as const;

/** Nothing but the page's own files, no framing, no inline code, no referrer. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/**
 * Builds the server; it does not listen yet.
 *
 * @param tls Certificate and key; absent for plain HTTP.
 * @example const app = createApp(context); await app.listen({ port: 8080, host: '127.0.0.1' });
 */
export const createApp = (context: ServerContext, tls?: Pick<ServerOptions, 'cert' | 'key'>): FastifyInstance => {
  const { access, rateLimit, metrics, log } = context;
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    genReqId: () => randomUUID(),
    // Requests that reach a closing server are answered by our own 503.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: 100 },
    frameworkErrors: (error, request, reply) => {
      reply.headers(SECURITY_HEADERS);
      sendError(request as FastifyRequest, reply as unknown as FastifyReply, readable(error, log, request.id));
    },
    ...(tls === undefined
      ? {}
      : { https: { ...tls, headersTimeout: LIMITS.headersMs, connectionsCheckingInterval: 1000 } }),
    ...(tls === undefined ? { http: { headersTimeout: LIMITS.headersMs, connectionsCheckingInterval: 1000 } } : {}),
  }) as unknown as FastifyInstance;
  app.server.maxConnections = LIMITS.connections;

  takeBytes(app);
  app.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now();
    reply.headers(SECURITY_HEADERS).header('x-request-id', request.id).header('cache-control', 'no-store');
    if (context.tls) reply.header('strict-transport-security', 'max-age=31536000');
    access.checkOrigin(request.method, request.headers);
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    request.principal = await access.authenticate({ headers: request.headers, address: request.ip });
    if (!request.principal.scopes.includes(scope)) {
      throw new HttpFailure({
        status: 403,
        code: 'forbidden',
        what: 'the token has not this scope',
        got: `needs ${scope}`,
      });
    }
    if (scope === 'draft') rateLimit(request.principal.user);
  });
  app.addHook('onResponse', async (request, reply) => finish(request, reply));
  app.setErrorHandler((error, request, reply) => sendError(request, reply, readable(error, log, request.id)));
  app.setNotFoundHandler((request, reply) => {
    const failure = new HttpFailure({
      status: 404,
      code: 'not_found',
      what: 'no such resource',
      fix: 'see /openapi.json',
    });
    sendError(request, reply, failure);
  });

  /** One line a request: the route's pattern, never the path that was sent. */
  const finish = (request: FastifyRequest, reply: FastifyReply): void => {
    const route = request.routeOptions?.url ?? 'unknown';
    const seconds = (performance.now() - request.startedAt) / 1000;
    const status = reply.raw.destroyed && !reply.raw.writableFinished ? 499 : reply.statusCode;
    metrics.requests.inc({ route, status });
    metrics.requestSeconds.observe({ route }, seconds);
    log.info('request', {
      request: request.id,
      method: request.method,
      route,
      status,
      ms: Math.round(seconds * 1000),
      user: request.principal?.user,
    });
  };

  const routes = [
    healthRoutes,
    impressionRoutes,
    textRoutes,
    completionRoutes,
    dialectRoutes,
    fhirRoutes,
    hl7Routes,
    libraryRoutes,
    openApiRoutes,
    pageRoutes,
  ];
  for (const add of routes) add(app, context);
  return app;
};
