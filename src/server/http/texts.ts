/** @file `/v1/check` (the guard alone), `/v1/parse` (a whole report taken apart) and `/v1/feedback`. */
import { parseFreeText } from '../../reports/free-text.js';
import { editDistance } from '../drafting/ledger.js';
import { jsonBody } from './body.js';
import type { Routes } from './context.js';
import { HttpFailure } from './http-failure.js';
import { checked, checkSchema, feedbackSchema, parseSchema } from './schemas.js';

export const textRoutes: Routes = (app, { ledger, checker, audit, metrics }) => {
  const config = { scope: 'draft' } as const;

  app.post('/v1/check', { config }, async (request) => ({
    flags: await checker.check(checked(checkSchema, jsonBody(request.body))),
  }));
  app.post('/v1/parse', { config }, (request) => parseFreeText(checked(parseSchema, jsonBody(request.body)).text));

  app.post('/v1/feedback', { config }, async (request, reply) => {
    const { draft_id, action, flags, text, acknowledged = [] } = checked(feedbackSchema, jsonBody(request.body));
    const draft = ledger.find(draft_id);
    if (draft === undefined || draft.user !== request.principal.user) {
      throw new HttpFailure({
        status: 404,
        code: 'unknown_draft',
        what: 'no such draft of yours in the last hours',
        fix: 'draft again',
      });
    }
    const leaves = action === 'accept' || action === 'copy';
    if (leaves && text === undefined) {
      throw new HttpFailure({
        status: 400,
        code: 'invalid_request',
        what: `${action} needs the text`,
        fix: 'send it as text',
      });
    }
    const { findings, background } = draft;
    const final =
      text === undefined || !leaves
        ? undefined
        : { text, flags: await checker.check({ findings, background, impression: text }) };
    const open = final?.flags.filter(({ kind, severity }) => severity === 'hard' && !acknowledged.includes(kind)) ?? [];
    if (open.length > 0) {
      throw new HttpFailure({
        status: 409,
        code: 'flags_unacknowledged',
        what: 'the text has hard flags that were not acknowledged',
        got: [...new Set(open.map(({ kind }) => kind))].join(', '),
        fix: 'change the text, or acknowledge them',
      });
    }
    metrics.feedback.inc({ action });
    await audit
      ?.append({
        kind: 'feedback',
        body: {
          draft: draft_id,
          action,
          user: request.principal.user,
          requestId: request.id,
          flags,
          acknowledged,
          ...(final === undefined
            ? {}
            : {
                digest: audit.digest(final.text),
                words: final.text.split(/\s+/).filter(Boolean).length,
                editedWords: editDistance(draft.impression, final.text),
                finalFlags: final.flags.map(({ kind, severity }) => ({ kind, severity })),
              }),
        },
        texts:
          action === 'accept' && final !== undefined ? { draft: draft_id, parts: { accepted: final.text } } : undefined,
      })
      .catch((error: unknown) => {
        throw new HttpFailure(
          {
            status: 503,
            code: 'audit_unwritable',
            what: 'the audit log cannot be written',
            fix: 'try again',
            retryAfter: 5,
          },
          { cause: error },
        );
      });
    return reply.code(201).send({ recorded: audit !== undefined });
  });
};
