/**
 * @file SageMaker's hosting contract: `GET /ping`, `GET /execution-parameters` and `POST /invocations`, the latter in both
 * dialects of JumpStart's Flan-T5 containers, as plain text (`application/x-text`), and as JSON Lines for batch transform,
 * where a record of each line answers with a line in its place.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodingSettings, OptionFailure } from '../../generation/options.js';
import { isObject } from '../../reports/json.js';
import type { Admission } from '../drafting/drafting.js';
import type { DraftSettings } from '../engine/draft-engine.js';
import { jsonOf, textBody } from '../http/body.js';
import { closedSignal, originOf, type Routes, type ServerContext } from '../http/context.js';
import { readable } from '../http/errors.js';
import { openEvents } from '../http/events.js';
import { HttpFailure } from '../http/http-failure.js';
import { checked } from '../http/schemas.js';
import { executionParameters } from './invocation-limits.js';
import { scriptSchema, scriptSettings, tgiSchema, tgiSettings } from './schemas.js';

/** Settings that go together. @throws {HttpFailure} 422. */
const honoured = (settings: DraftSettings): DraftSettings => {
  try {
    decodingSettings(settings);
    return settings;
  } catch (error) {
    if (!(error instanceof OptionFailure)) throw error;
    const { what, got, fix } = error;
    throw new HttpFailure({ status: 422, code: 'unsupported', what, got, fix }, { cause: error });
  }
};

/** A prepared request: how many places it takes, and what answers it. */
interface Invocation {
  readonly places: number;
  answer(admission: Admission): Promise<unknown>;
}

export const dialectRoutes: Routes = (app, context) => {
  const { engine, drafting, invocations } = context;
  const ready = (): boolean => engine.state === 'ready' && !drafting.draining;

  app.get('/ping', (_request, reply) => reply.code(ready() ? 200 : 503).send());

  app.get('/execution-parameters', () => executionParameters(context.concurrent));

  const config = { scope: 'draft', errors: 'tgi' } as const;
  app.post('/invocations', { config, bodyLimit: invocations.bytes }, async (request, reply) => {
    const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    const body = textBody(request.body);
    const completing = completionsFor(request, closedSignal(reply));
    const prepare = preparing(completing);
    if (type === 'application/x-text') {
      const settings = honoured({});
      const [draft] = await completing([body], settings)(drafting.admit(1));
      return { generated_text: draft.impression };
    }
    if (type === 'application/jsonlines') {
      const lines = body.split(/\r?\n/).filter((line) => line.trim() !== '');
      if (lines.length > invocations.lines) {
        throw new HttpFailure({
          status: 413,
          code: 'too_large',
          what: 'too many lines',
          got: `${lines.length}, at most ${invocations.lines}`,
          fix: 'send fewer at once',
        });
      }
      const all = lines.map((line, index) => atLine(index + 1, () => prepare(jsonOf(line))));
      const admission = drafting.admit(all.reduce((sum, { places }) => sum + places, 0));
      const answers = await Promise.all(all.map(({ answer }) => answer(admission)));
      return reply.type('application/jsonlines').send(answers.map((each) => `${JSON.stringify(each)}\n`).join(''));
    }
    const input = jsonOf(body);
    if (isObject(input) && input.stream === true) return stream(context, request, reply, input);
    const invocation = prepare(input);
    return invocation.answer(drafting.admit(invocation.places));
  });
};

/** What is wrong with a line, with its number. */
const atLine = <T>(number: number, prepare: () => T): T => {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const { status, code, what, where, got, fix, details } = error;
    const line = `line ${number} of the body`;
    const parts = { status, code, what, where: where === undefined ? line : `${where} in ${line}`, got, fix, details };
    throw new HttpFailure(parts, { cause: error });
  }
};

type Completions = ReturnType<typeof completionsFor>;

const completionsFor =
  (request: FastifyRequest, signal: AbortSignal) =>
  (prompts: readonly string[], settings: DraftSettings) =>
  (admission: Admission) =>
    Promise.all(prompts.map((each) => admission.complete(each, { settings, signal }, originOf(request, 'sagemaker'))));

/** Tells the dialect by the prompt's field. */
const preparing =
  (completions: Completions) =>
  (input: unknown): Invocation => {
    if (isObject(input) && 'text_inputs' in input) {
      const script = checked(scriptSchema, input);
      const settings = honoured(scriptSettings(script));
      const prompts = typeof script.text_inputs === 'string' ? [script.text_inputs] : script.text_inputs;
      return {
        places: prompts.length,
        answer: async (admission) => {
          const drafts = await completions(prompts, settings)(admission);
          const generated_texts = drafts.flatMap(({ candidates }) => candidates.map(({ impression }) => impression));
          return script.id === undefined ? { generated_texts } : { id: script.id, generated_texts };
        },
      };
    }
    const tgi = checked(tgiSchema, input);
    if (tgi.stream)
      throw new HttpFailure({
        status: 422,
        code: 'unsupported',
        what: 'a line cannot be streamed',
        fix: 'leave stream out',
      });
    const settings = honoured(tgiSettings(tgi));
    checkTruncate(tgi.parameters.truncate);
    return {
      places: 1,
      answer: async (admission) => {
        const [{ impression, truncated, outputTokens, inputTokens }] = await completions(
          [tgi.inputs],
          settings,
        )(admission);
        const details = {
          finish_reason: truncated ? 'length' : 'eos_token',
          generated_tokens: outputTokens,
          seed: tgi.parameters.seed ?? null,
          prefill: [],
          tokens: [],
          input_length: inputTokens,
        };
        return [{ generated_text: impression, ...(tgi.parameters.details === true ? { details } : {}) }];
      },
    };
  };

/** Longer inputs are cut by the server's own limit; another one cannot be had for one request. */
const checkTruncate = (truncate: number | null | undefined): void => {
  if (truncate === undefined || truncate === null) return;
  throw new HttpFailure({
    status: 422,
    code: 'unsupported',
    what: 'truncate cannot be set',
    where: 'parameters.truncate',
    fix: 'leave it out; the server cuts at its own limit',
  });
};

/** TGI's stream: a message for each piece of text, the last with the whole. */
const stream = async (
  { drafting, log }: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  input: unknown,
): Promise<void> => {
  const tgi = checked(tgiSchema, input);
  checkTruncate(tgi.parameters.truncate);
  const settings = honoured(tgiSettings(tgi));
  const admission = drafting.admit(1);
  const signal = closedSignal(reply);
  const events = openEvents(reply);
  let number = 0;
  const piece = (text: string, generated_text: string | null, details: object | null): void =>
    events.send({ index: ++number, token: { id: 0, text, logprob: 0, special: text === '' }, generated_text, details });
  try {
    const wishes = { settings, signal, onText: (text: string) => piece(text, null, null) };
    const { impression, truncated, outputTokens } = await admission.complete(
      tgi.inputs,
      wishes,
      originOf(request, 'sagemaker'),
    );
    const finish_reason = truncated ? 'length' : 'eos_token';
    piece('', impression, { finish_reason, generated_tokens: outputTokens, seed: tgi.parameters.seed ?? null });
  } catch (error) {
    events.send({ error: readable(error, log, request.id).message, error_type: 'generation' });
  }
  events.end();
};
