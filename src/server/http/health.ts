/** @file `/healthz` (the process answers), `/readyz` (it takes drafts), `/metrics`, and what the page asks first. */
import { version } from '../../ground/version.js';
import type { ServerInfo } from '../wire.js';
import type { Routes } from './context.js';

export const healthRoutes: Routes = (app, { engine, drafting, audit, metrics }) => {
  const faults = (): string[] => [
    ...(engine.state === 'ready' ? [] : [`model ${engine.state}`]),
    ...(drafting.draining ? ['draining'] : []),
    ...(audit === undefined || audit.writable ? [] : ['audit log unwritable']),
  ];

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const found = faults();
    return reply
      .code(found.length === 0 ? 200 : 503)
      .send({ status: found.length === 0 ? 'ready' : 'unready', faults: found });
  });
  app.get('/metrics', { config: { scope: 'metrics' } }, async (_request, reply) => {
    metrics.ready.set(faults().length === 0 ? 1 : 0);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  app.get(
    '/v1/server',
    { config: { scope: 'draft' } },
    (request): ServerInfo => ({
      version,
      ready: faults().length === 0,
      model: engine.model === undefined ? null : { name: engine.model.name, fingerprint: engine.model.fingerprint },
      user: request.principal.user,
      max_alternatives: engine.maxAlternatives,
      audit: audit !== undefined,
    }),
  );
};
