/**
 * @file `POST /v1/completions` and `GET /v1/models` in OpenAI's shape, so that existing clients work. The prompt is the
 * model's whole input; there are no findings apart from it, so the guard has nothing to compare.
 */
import type { z } from 'zod';
import { DECODING_DEFAULTS } from '../../generation/options.js';
import type { DraftSettings, EngineDraft } from '../engine/draft-engine.js';
import { jsonBody } from './body.js';
import { closedSignal, originOf, type Routes } from './context.js';
import { errorBody, readable } from './errors.js';
import { openEvents } from './events.js';
import { HttpFailure } from './http-failure.js';
import { checked, completionsSchema } from './schemas.js';

/** Tokens read and written, as OpenAI counts them. */
const usageOf = (drafts: readonly EngineDraft[]) => {
  const prompt_tokens = drafts.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  const completion_tokens = drafts.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
};

/** Drawn only where it is asked for: a report is no story. */
const settingsOf = (input: z.output<typeof completionsSchema>): DraftSettings => {
  const topP = input.top_p ?? 1;
  const temperature = input.temperature ?? (topP < 1 ? 1 : 0);
  return {
    maxNewTokens: input.max_tokens ?? DECODING_DEFAULTS.maxNewTokens,
    ...(temperature > 0 ? { temperature, topK: 0, topP, seed: input.seed ?? undefined } : {}),
  };
};

export const completionRoutes: Routes = (app, { drafting, engine, log }) => {
  const config = { scope: 'draft' } as const;

  app.get('/v1/models', { config }, () => ({
    object: 'list',
    data:
      engine.model === undefined
        ? []
        : [{ id: engine.model.name, object: 'model', created: 0, owned_by: 'impressionist' }],
  }));

  app.post('/v1/completions', { config }, async (request, reply) => {
    const input = checked(completionsSchema, jsonBody(request.body));
    const { prompt, stream, stream_options } = input;
    if (!stream && stream_options) {
      throw new HttpFailure({
        status: 400,
        code: 'unsupported',
        what: 'stream_options without stream',
        fix: 'leave one out',
      });
    }
    const prompts = typeof prompt === 'string' ? [prompt] : prompt;
    const settings = settingsOf(input);
    const admission = drafting.admit(prompts.length);
    const signal = closedSignal(reply);
    const created = Math.floor(Date.now() / 1000);
    const common = { id: `cmpl-${request.id}`, object: 'text_completion', created, model: engine.model?.name };
    const finish = (truncated: boolean): string => (truncated ? 'length' : 'stop');
    const origin = originOf(request, 'completions');

    if (stream) {
      const events = openEvents(reply);
      const choice = (index: number, text: string, finish_reason: string | null): void =>
        events.send({ ...common, choices: [{ index, text, logprobs: null, finish_reason }] });
      const drafts: EngineDraft[] = [];
      await Promise.all(
        prompts.map(async (each, index) => {
          try {
            const wishes = { settings, signal, onText: (text: string) => choice(index, text, null) };
            const draft = await admission.complete(each, wishes, origin);
            drafts.push(draft);
            choice(index, '', finish(draft.truncated));
          } catch (error) {
            events.send(errorBody(readable(error, log, request.id), request.id));
          }
        }),
      );
      if (stream_options?.include_usage) events.send({ ...common, choices: [], usage: usageOf(drafts) });
      events.sendRaw('[DONE]');
      events.end();
      return;
    }
    const drafts = await Promise.all(prompts.map((each) => admission.complete(each, { settings, signal }, origin)));
    return {
      ...common,
      choices: drafts.map(({ impression, truncated }, index) => ({
        index,
        text: impression,
        logprobs: null,
        finish_reason: finish(truncated),
      })),
      usage: usageOf(drafts),
    };
  });
};
