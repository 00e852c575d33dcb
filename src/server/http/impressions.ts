/** @file `POST /v1/impressions`: drafts for one report or several, at once or as a stream. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CHOICES, type ChoosingOptions, chosenBySimilar } from '../../generation/choosing.js';
import { decodingSettings, OptionFailure } from '../../generation/options.js';
import type { DraftReport, DraftWishes } from '../drafting/drafting.js';
import type { DraftSettings } from '../engine/draft-engine.js';
import type { DraftAnswer } from '../wire.js';
import { jsonBody } from './body.js';
import { closedSignal, originOf, type Routes, type ServerContext } from './context.js';
import { errorBody, readable } from './errors.js';
import { openEvents } from './events.js';
import { HttpFailure } from './http-failure.js';
import { checked, impressionsSchema } from './schemas.js';

type Input = z.output<typeof impressionsSchema>;

/** How a request's drafts are made and which of them are given. */
type Wanted = Pick<DraftWishes, 'settings' | 'choosing'>;

/** A request's wishes, where one who asks for several drafts of a model that leans on similar reports need not say how. */
const chosenFrom = (input: Input, leans: boolean): ChoosingOptions => {
  const { beams, rerank, temperature, top_k: topK, top_p: topP } = input;
  const said = { beams, rerank, temperature, topK, topP };
  return leans && input.alternatives > 1 ? chosenBySimilar(said) : said;
};

const unsupported = (what: string, got: string | undefined, fix?: string): HttpFailure =>
  new HttpFailure({ status: 400, code: 'unsupported', what, got, fix });

/**
 * What the engine is to do, from the API's names. What does not go together is refused before anything waits in the queue.
 *
 * @param leans Whether the model leans on similar reports.
 * @throws {HttpFailure} 400 `unsupported`.
 */
export const wantedFrom = (input: Input, leans: boolean): Wanted => {
  const { alternatives } = input;
  const { beams, rerank: by } = chosenFrom(input, leans);
  if (by === 'similar' && !leans)
    throw unsupported('no similar reports to order the drafts by', 'a model that leans on none', 'rerank by guard');
  if (by !== undefined && beams === 1)
    throw unsupported('no drafts to choose from', 'rerank with one beam', 'leave beams out');
  const drawn = input.temperature ?? input.top_p ?? input.top_k;
  const count = by === undefined ? alternatives : Math.max(alternatives, beams ?? CHOICES);
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
    nBest: count,
    // Several drafts are beams unless they are drawn.
    beams: beams ?? (drawn === undefined ? count : 1),
  };
  try {
    decodingSettings(settings);
  } catch (error) {
    if (!(error instanceof OptionFailure)) throw error;
    throw unsupported(error.what, error.got, error.fix);
  }
  return { settings, choosing: by && { by, count: alternatives } };
};

export const impressionRoutes: Routes = (app, context) => {
  app.post('/v1/impressions', { config: { scope: 'draft' } }, async (request, reply) => {
    const input = checked(impressionsSchema, jsonBody(request.body));
    if (input.alternatives > context.engine.maxAlternatives) {
      throw unsupported(
        'this server does not write so many drafts of one report',
        `alternatives ${input.alternatives}, at most ${context.engine.maxAlternatives}`,
        'ask for fewer',
      );
    }
    const reports: readonly DraftReport[] = 'reports' in input ? input.reports : [input];
    const wanted = wantedFrom(input, context.engine.model?.leansOnSimilar ?? false);
    if (input.stream) return stream(context, request, reply, reports, wanted);

    const one = draftOne(context, request, reply, reports, wanted);
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
  wanted: Wanted,
  onText?: (index: number, text: string) => void,
): ((index: number) => Promise<DraftAnswer>) => {
  const admission = drafting.admit(reports.length);
  const signal = closedSignal(reply);
  return async (index) => {
    const wishes = { ...wanted, signal, onText: onText && ((text: string) => onText(index, text)) };
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
  wanted: Wanted,
): Promise<void> => {
  let events: ReturnType<typeof openEvents> | undefined;
  const one = draftOne(context, request, reply, reports, wanted, (index, text) => {
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
