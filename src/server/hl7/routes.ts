/** @file HL7 v2 over HTTP: the message with its impressions in the answer, or an acknowledgement that says why not. */
import { closedSignal, originOf, type Routes } from '../http/context.js';
import { readable } from '../http/errors.js';
import type { HttpFailure } from '../http/http-failure.js';
import { draftMessage, readMessage } from './drafting.js';
import { errorAck } from './endpoint-ack.js';

export const hl7Routes: Routes = (app, { drafting, log }) => {
  app.post('/hl7', { config: { scope: 'draft', errors: 'hl7' } }, async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const message = readMessage(body);
    try {
      const drafted = await draftMessage(message, drafting, originOf(request, 'hl7'), closedSignal(reply));
      return reply.type(request.headers['content-type'] ?? 'application/hl7-v2').send(drafted);
    } catch (error) {
      // With the message at hand the acknowledgement names its sender and control id.
      const failure: HttpFailure = readable(error, log, request.id);
      if (failure.retryAfter !== undefined) reply.header('retry-after', String(failure.retryAfter));
      return reply.code(failure.status).type('application/hl7-v2; charset=utf-8').send(errorAck(failure, message));
    }
  });
};
