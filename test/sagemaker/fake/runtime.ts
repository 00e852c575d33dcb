/** @file SageMaker's runtime: endpoints that answer in the dialect of their image, whole or as a stream. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { askContainer, containerOf, modelError } from './container.js';
import { modelStreamError, payloadPart } from './event-stream.js';
import { AwsError, type Resource, type State, strike } from './state.js';

/** What a container answers to one request object. */
export const answerOf = (state: State, image: string, request: Record<string, unknown>): unknown => {
  if (/tgi/.test(image)) {
    const { inputs, parameters = {} } = request as { inputs?: unknown; parameters?: Record<string, unknown> };
    if (typeof inputs !== 'string') {
      throw modelError(422, JSON.stringify({ error: 'missing field `inputs`', error_type: 'validation' }));
    }
    const known = [
      'max_new_tokens',
      'do_sample',
      'temperature',
      'top_k',
      'top_p',
      'repetition_penalty',
      'seed',
      'truncate',
    ];
    const odd = Object.keys(parameters).find((name) => !known.includes(name));
    if (odd !== undefined) throw modelError(422, JSON.stringify({ error: `unknown ${odd}`, error_type: 'validation' }));
    if (inputs.length > 4000 && parameters.truncate === undefined) {
      const error = 'Input validation error: `inputs` must have less than 1024 tokens. Given: 1400';
      throw modelError(422, JSON.stringify({ error, error_type: 'validation' }));
    }
    return [{ generated_text: state.behaviour.answer(inputs) }];
  }
  const { text_inputs: prompt } = request;
  const known = [
    'id',
    'text_inputs',
    'max_length',
    'num_return_sequences',
    'num_beams',
    'early_stopping',
    'no_repeat_ngram_size',
    'do_sample',
    'temperature',
    'top_k',
    'top_p',
    'seed',
  ];
  const odd = Object.keys(request).find((name) => !known.includes(name));
  if (typeof prompt !== 'string' || odd !== undefined) throw modelError(400, `bad payload ${odd}: ${prompt}`);
  return { generated_texts: [state.behaviour.answer(prompt)] };
};

/** The model behind an endpoint. */
export const imageBehind = (state: State, name: string): string => {
  const endpoint = state.endpoints.get(name);
  if (endpoint === undefined || endpoint.past.at(-1) !== 'InService') {
    throw new AwsError('ValidationError', `Endpoint ${name} of account 123456789012 not found.`);
  }
  const config = state.configs.get(String(endpoint.request.EndpointConfigName)) as Resource;
  const [variant] = config.request.ProductionVariants as { ModelName: string }[];
  const model = state.models.get(variant!.ModelName) as Resource;
  return (model.request.PrimaryContainer as { Image: string }).Image;
};

/** Server-sent events as Text Generation Inference writes them. */
const sse = (text: string): Buffer => {
  const words = text.split(/(?<= )/);
  const events = words.map((word, index) => ({
    index: index + 1,
    token: { id: index, text: word, logprob: -0.1, special: false },
    generated_text: null as string | null,
    details: null,
  }));
  events.push({
    index: words.length + 1,
    token: { id: 1, text: '</s>', logprob: 0, special: true } as (typeof events)[0]['token'],
    generated_text: text,
    details: null,
  });
  return Buffer.from(events.map((event) => `data:${JSON.stringify(event)}\n\n`).join(''));
};

const jsonOr = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString());
  } catch {
    return body.toString();
  }
};

/** Hands a request to the real container, and its answer back, whole or as a stream. */
const throughContainer = async (
  container: string,
  { headers }: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  streaming: boolean,
): Promise<void> => {
  const accept = String(headers[streaming ? 'x-amzn-sagemaker-accept' : 'accept'] ?? 'application/json');
  const answer = await askContainer(container, body, String(headers['content-type']), accept);
  const type = answer.headers.get('content-type') ?? '';
  if (!streaming) {
    response.writeHead(200, { 'content-type': type, 'x-amzn-invoked-production-variant': 'AllTraffic' });
    response.end(Buffer.from(await answer.arrayBuffer()));
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-sagemaker-content-type': type,
  });
  for await (const chunk of answer.body!) response.write(payloadPart(Buffer.from(chunk)));
  response.end();
};

/** Answers a runtime request. */
export const serveRuntime = async (
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> => {
  const match = /^\/endpoints\/([^/]+)\/(invocations(?:-response-stream)?)$/.exec(request.url ?? '');
  if (match === null) throw new AwsError('UnknownOperationException', request.url ?? '', 404);
  const name = decodeURIComponent(match[1]!);
  const streaming = match[2] !== 'invocations';
  const operation = streaming ? 'InvokeEndpointWithResponseStream' : 'InvokeEndpoint';
  const input = jsonOr(body) as Record<string, unknown>;
  state.seen.push({ operation, input, headers: request.headers });
  strike(state, operation);
  const image = imageBehind(state, name);
  const container = containerOf(state, image);
  if (container !== undefined) return throughContainer(container, request, response, body, streaming);
  if (request.headers['content-type'] !== 'application/json') throw modelError(415, 'unsupported media type');
  const answer = answerOf(state, image, streaming ? { ...input, stream: undefined } : input);
  if (!streaming) {
    response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-invoked-production-variant': 'AllTraffic' });
    response.end(JSON.stringify(answer));
    return;
  }
  if (input.stream !== true) throw modelError(422, 'stream is not set');
  const [{ generated_text: text }] = answer as [{ generated_text: string }];
  const bytes = sse(text);
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-sagemaker-content-type': 'text/event-stream',
  });
  // Cut at odd places: in the middle of lines and of letters.
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 37) pieces.push(bytes.subarray(at, at + 37));
  const { stream } = state.behaviour;
  const sent = stream === 'whole' ? pieces : pieces.slice(0, Math.ceil(pieces.length / 2));
  for (const piece of sent) response.write(payloadPart(piece));
  if (stream === 'error event') response.write(modelStreamError('StreamBroken'));
  if (stream === 'broken') setTimeout(() => response.destroy(), 50);
  else response.end();
};
