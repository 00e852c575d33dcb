/** @file `POST /v1/impressions`: drafts for one report or several, at once or as a stream. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { decodingSettings, OptionFailure } from '../../generation/options.js';
import type { DraftReport } from '../drafting/drafting.js';
import type { DraftSettings } from '../engine/draft-engine.js';
import type { DraftAnswer } from '../wire.js';
import { jsonBody } from './body.js';
import { closedSignal, originOf, type Routes, type ServerContext } from './context.js';
import { errorBody, readable } from './errors.js';
import { openEvents } from './events.js';
import { HttpFailure } from './http-failure.js';
import { checked, impressionsSchema, type settingsShape } from './schemas.js';

type Input = z.output<typeof impressionsSchema>;

/**
 * The engine's settings from the API's names. What does not go together is refused before anything waits in the queue.
 *
 * @throws {HttpFailure} 400 `unsupported`.
 */
export const settingsFrom = (input: Pick<Input, keyof typeof settingsShape>, alternatives: number): DraftSettings => {
  const drawn = input.temperature ?? input.top_p ?? input.top_k;
  const settings: DraftSettings = {
    maxNewTokens: input.max_new_tokens,
    minNewTokens: input.min_new_tokens,
    noRepeatNgram: input.no_repeat_ngram,
    repetitionPenalty: input.repetition_penalty,
    temperature: input.temperature,
    topK: input.top_k,
    topP: input.top_p,
    seed: input.seed,
    lengthPenalty: input.length_penalty,
    earlyStopping: input.early_stopping,
    nBest: alternatives,
    // Alternatives are beams unless they are drawn.
    beams: input.beams ?? (drawn === undefined ? alternatives : 1),
  };
  try {
    decodingSettings(settings);
  } catch (error) {
    if (!(error instanceof OptionFailure)) throw error;
    const { what, got, fix } = error;
    throw new HttpFailure({ status: 400, code: 'unsupported', what, got, fix }, { cause: error });
  }
  return settings;
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
    const settings = settingsFrom(input, input.alternatives);
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
  let events: ReturnType<typeof openEvents> | undefined;
  const one = draftOne(context, request, reply, reports, settings, (index, text) => {
    events?.send({ index, text }, 'text');
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
