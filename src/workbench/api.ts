/** @file The page's way to its server: JSON requests, and drafts as a stream. */
import type { DraftAnswer, ErrorBody } from '../server/wire.js';
import { strings } from './strings.js';

/** An error that the user reads. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const TOKEN = 'impressionist-token';
export const setToken = (token: string): void => sessionStorage.setItem(TOKEN, token);

const headers = (): Record<string, string> => {
  const token = sessionStorage.getItem(TOKEN);
  return { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
};

const request = async (path: string, body?: unknown, signal?: AbortSignal): Promise<Response> => {
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: headers(),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'offline', strings.errors.offline);
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => undefined)) as ErrorBody | undefined;
  throw new ApiError(response.status, told?.error.code ?? 'unknown', told?.error.message ?? `HTTP ${response.status}`);
};

/** JSON from a GET, or from a POST where there is a body. */
export const ask = async <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  (await (await request(path, body, signal)).json()) as T;

/** A report as the API takes it. */
export interface Report {
  readonly findings: string;
  readonly background: string;
}

/**
 * Drafts, giving the text as it is written.
 *
 * @param onText Called with the whole text so far.
 */
export const streamDraft = async (
  report: Report,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<DraftAnswer> => {
  const response = await request('/v1/impressions', { ...report, stream: true }, signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let [held, text] = ['', ''];
  let answer: DraftAnswer | undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      if (answer !== undefined) return answer;
      throw new ApiError(0, 'offline', strings.errors.offline);
    }
    held += value;
    const messages = held.split('\n\n');
    held = messages.pop()!;
    for (const message of messages) {
      const event = /^event: (.*)$/m.exec(message)?.[1];
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data === undefined) continue;
      const content = JSON.parse(data);
      if (event === 'text') {
        text += content.text;
        onText(text);
      } else if (event === 'draft') answer = content as DraftAnswer;
      else if (event === 'error') throw new ApiError(503, content.error.code, content.error.message);
    }
  }
};
