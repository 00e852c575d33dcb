/**
 * @file Impressions that appear word by word: Text Generation Inference's server-sent events inside SageMaker's
 * response stream. Parts of the stream end anywhere, in the middle of a line or a letter.
 *
 * Source: SageMaker runtime API, `InvokeEndpointWithResponseStream`; Text Generation Inference, `generate_stream`.
 */
import { InvokeEndpointWithResponseStreamCommand } from '@aws-sdk/client-sagemaker-runtime';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { errorName } from '../aws/errors.js';
import type { Payload } from './dialect.js';
import { invocationFailure } from './trouble.js';

/** The `data:` lines of server-sent events, from bytes cut anywhere. */
export async function* eventData(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of parts) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
  rest += decoder.decode();
  if (rest.startsWith('data:')) yield rest.slice(5).trim();
}

interface TokenEvent {
  readonly token?: { readonly text?: string; readonly special?: boolean };
  readonly generated_text?: string | null;
  readonly error?: string;
  readonly error_type?: string;
}

const broken = (name: string, got: string, letters: number, cause?: unknown): Failure =>
  new Failure(
    {
      what: 'the stream broke off',
      where: name,
      got: `${got} after ${letters} letters`,
      fix: 'what was shown is not complete; ask again, or without --stream',
    },
    { cause },
  );

/**
 * Asks an endpoint and gives the pieces of its text as they come.
 *
 * @param payload See `streamPayloadFor`.
 * @returns The whole text, as the endpoint gives it at the end.
 * @throws {Failure} When the stream ends before the text does; what came until then is not a whole impression.
 */
export async function* invokeStream(
  { runtime }: Pick<Clients, 'runtime'>,
  name: string,
  payload: Payload,
  signal?: AbortSignal,
): AsyncGenerator<string, string> {
  let letters = 0;
  let whole: string | undefined;
  const answer = await runtime
    .send(
      new InvokeEndpointWithResponseStreamCommand({
        EndpointName: name,
        Body: Buffer.from(payload.body),
        ContentType: payload.contentType,
        Accept: payload.accept,
      }),
      { abortSignal: signal },
    )
    .catch((error: unknown) => {
      throw invocationFailure(error, name, 1);
    });

  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const event of answer.Body ?? []) {
        if (event.PayloadPart?.Bytes) yield event.PayloadPart.Bytes;
        if (event.ModelStreamError) throw event.ModelStreamError;
        if (event.InternalStreamFailure) throw event.InternalStreamFailure;
      }
    } catch (error) {
      const code = (error as { ErrorCode?: string }).ErrorCode;
      throw broken(name, [errorName(error), code].filter(Boolean).join(' '), letters, error);
    }
  }

  for await (const data of eventData(bytes())) {
    if (data === '' || data === '[DONE]') continue;
    let event: TokenEvent;
    try {
      event = JSON.parse(data) as TokenEvent;
    } catch {
      throw broken(name, 'an event cut off', letters);
    }
    if (event.error !== undefined) throw broken(name, `the model’s error ${event.error_type ?? ''}`.trim(), letters);
    if (event.token?.text && !event.token.special) {
      letters += event.token.text.length;
      yield event.token.text;
    }
    if (typeof event.generated_text === 'string') whole = event.generated_text;
  }
  if (whole === undefined) throw broken(name, 'no end', letters);
  return whole.trim();
}
