/** @file `POST /v1/impressions`: drafts for one report or several, at once or as a stream. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { DraftReport } from '../drafting/drafting.js';
import type { DraftSettings } from '../engine/draft-engine.js';
import type { DraftAnswer } from '../wire.js';
import { jsonBody } from './body.js';
import { closedSignal, originOf, type Routes, type ServerContext } from './context.js';
import { errorBody, readable } from './errors.js';
import { growth, openEvents } from './events.js';
import { HttpFailure } from './http-failure.js';
import { checked, impressionsSchema } from './schemas.js';

type Settings = Pick<
  z.output<typeof impressionsSchema>,
  'max_new_tokens' | 'min_new_tokens' | 'no_repeat_ngram' | 'repetition_penalty'
>;

/** The engine's settings from the API's names. */
export const settingsFrom = (input: Settings): DraftSettings => {
  if (input.min_new_tokens > input.max_new_tokens) {
    throw new HttpFailure({
      status: 400,
      code: 'invalid_request',
      what: 'min_new_tokens is above max_new_tokens',
      got: `${input.min_new_tokens} and ${input.max_new_tokens}`,
      fix: 'lower the one or raise the other',
    });
  }
  return {
    maxNewTokens: input.max_new_tokens,
    minNewTokens: input.min_new_tokens,
    noRepeatNgram: input.no_repeat_ngram,
    repetitionPenalty: input.repetition_penalty,
  };
};

export const impressionRoutes: Routes = (app, context) => {
  app.post('/v1/impressions', { config: { scope: 'draft' } }, async (request, reply) => {
    const input = checked(impressionsSchema, jsonBody(request.body));
    if (input.alternatives > context.engine.maxAlternatives) {
      throw new HttpFailure({
        status: 400,
        code: 'unsupported',
        what: 'this server does not write so many drafts of one report',
        got: `alternatives ${input.alternatives}, at most ${context.engine.maxAlternatives}`,
        fix: 'ask for fewer',
      });
    }
    const reports: readonly DraftReport[] = 'reports' in input ? input.reports : [input];
    const settings = settingsFrom(input);
    if (input.stream) return stream(context, request, reply, reports, settings);

    const one = draftOne(context, request, reply, reports, settings);
    if (!('reports' in input)) return one(0);
    const results = await Promise.all(
      reports.map((_, index) =>
        one(index).catch((error: unknown) => {
          const failure = readable(error, context.log, request.id);
          // What concerns the whole request is its answer; what concerns one report stands in its place.
          if (failure.status !== 422) throw failure;
          return errorBody(failure, request.id);
        }),
      ),
    );
    return { results };
  });
};

/** Takes the places for all reports, then drafts each when called. */
const draftOne = (
  { drafting, ledger }: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  reports: readonly DraftReport[],
  settings: DraftSettings,
  onText?: (index: number, text: string) => void,
): ((index: number) => Promise<DraftAnswer>) => {
  const admission = drafting.admit(reports.length);
  const signal = closedSignal(reply);
  return async (index) => {
    const wishes = { settings, signal, onText: onText && ((text: string) => onText(index, text)) };
    const report = reports[index];
    const answer = await admission.draft(report, wishes, originOf(request, 'api'));
    ledger.remember(answer.id, { user: request.principal.user, ...report, impression: answer.impression });
    return answer;
  };
};

const stream = async (
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  reports: readonly DraftReport[],
  settings: DraftSettings,
): Promise<void> => {
  const grown = reports.map(growth);
  let events: ReturnType<typeof openEvents> | undefined;
  const one = draftOne(context, request, reply, reports, settings, (index, text) => {
    const added = grown[index](text);
    if (added !== '') events?.send({ index, text: added }, 'text');
  });
  events = openEvents(reply);
  const open = events;
  await Promise.all(
    reports.map(async (_, index) => {
      try {
        open.send({ index, ...(await one(index)) }, 'draft');
      } catch (error) {
        open.send({ index, ...errorBody(readable(error, context.log, request.id), request.id) }, 'error');
      }
    }),
  );
  open.send({}, 'end');
  open.end();
};
