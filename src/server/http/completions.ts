/**
 * @file `POST /v1/completions` and `GET /v1/models` in OpenAI's shape, so that existing clients work. The prompt is the
 * model's whole input; there are no findings apart from it, so the guard has nothing to compare.
 */
import { jsonBody } from './body.js';
import { closedSignal, originOf, type Routes } from './context.js';
import { errorBody, readable } from './errors.js';
import { openEvents } from './events.js';
import { checked, completionsSchema } from './schemas.js';

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
    const { prompt, max_tokens, temperature, top_p, seed, stream } = checked(completionsSchema, jsonBody(request.body));
    const prompts = typeof prompt === 'string' ? [prompt] : prompt;
    const drawn = temperature !== undefined && temperature > 0;
    const settings = {
      maxNewTokens: max_tokens,
      ...(drawn ? { temperature, topK: 0, topP: top_p, seed } : {}),
    };
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
      await Promise.all(
        prompts.map(async (each, index) => {
          try {
            const wishes = { settings, signal, onText: (text: string) => choice(index, text, null) };
            const { truncated } = await admission.complete(each, wishes, origin);
            choice(index, '', finish(truncated));
          } catch (error) {
            events.send(errorBody(readable(error, log, request.id), request.id));
          }
        }),
      );
      events.sendRaw('[DONE]');
      events.end();
      return;
    }
    const drafts = await Promise.all(prompts.map((each) => admission.complete(each, { settings, signal }, origin)));
    const sum = (count: (draft: (typeof drafts)[number]) => number): number =>
      drafts.reduce((all, each) => all + count(each), 0);
    const [prompt_tokens, completion_tokens] = [sum((each) => each.inputTokens), sum((each) => each.outputTokens)];
    return {
      ...common,
      choices: drafts.map(({ impression, truncated }, index) => ({
        index,
        text: impression,
        logprobs: null,
        finish_reason: finish(truncated),
      })),
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    };
  });
};
