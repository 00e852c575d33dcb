/** @file The HTTP layer over an engine that answers at once, so that thousands of requests can be tried. */
import type { FastifyInstance } from 'fastify';
import { createChecker } from '../../src/server/checking/checker.js';
import { API_LIMITS } from '../../src/server/dialects/invocation-limits.js';
import { createDrafting } from '../../src/server/drafting/drafting.js';
import { createLedger } from '../../src/server/drafting/ledger.js';
import type { DraftEngine } from '../../src/server/engine/draft-engine.js';
import { createApp } from '../../src/server/http/app.js';
import { createMetrics } from '../../src/server/observe/metrics.js';
import { createAccess } from '../../src/server/security/access.js';

const DRAFT = 'No acute abnormality.';

export const instantEngine: DraftEngine = {
  state: 'ready',
  model: {
    name: 'instant',
    fingerprint: '0',
    promptHash: '0',
    parameters: 0,
    leansOnSimilar: false,
    directory: '/nowhere',
  },
  maxAlternatives: 8,
  pending: 0,
  draft: async (_source, _settings, { onText }) => {
    onText?.(DRAFT);
    const counts = { cutTokens: 0, inputTokens: 1, outputTokens: 1 };
    return {
      impression: DRAFT,
      truncated: false,
      candidates: [{ impression: DRAFT, truncated: false, score: 0 }],
      ...counts,
    };
  },
  close: async () => undefined,
};

/** The app, and the events of its log. */
export const fakeApp = (): { app: FastifyInstance; events: { event: string; fields: object }[] } => {
  const events: { event: string; fields: object }[] = [];
  const at = (event: string, fields: object = {}): number => events.push({ event, fields });
  const log = { info: () => undefined, warn: at, error: at };
  const metrics = createMetrics();
  const checker = createChecker();
  const app = createApp({
    engine: instantEngine,
    checker,
    drafting: createDrafting({ engine: instantEngine, checker, metrics, queueLimit: 100, timeoutMs: 1000 }),
    ledger: createLedger(),
    metrics,
    log,
    access: createAccess({ anonymous: true, loopback: true }),
    rateLimit: () => undefined,
    invocations: API_LIMITS,
    concurrent: 32,
    page: '/nowhere',
    tls: false,
  });
  return { app, events };
};
