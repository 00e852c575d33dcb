/**
 * @file Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): a stream of small JSON
 * messages on one answer.
 */
import type { FastifyReply } from 'fastify';

/** An open stream. */
export interface EventStream {
  /** @param event Its name; absent for a bare message, as OpenAI's and TGI's clients expect. */
  send(data: unknown, event?: string): void;
  /** Sends text as it is, e.g. `[DONE]`. */
  sendRaw(data: string): void;
  end(): void;
}

/** How often an idle stream shows that it lives, in milliseconds; proxies close what is silent. */
const KEEP_ALIVE = 15_000;

/** Turns an answer into a stream. The security headers set before are kept. */
export const openEvents = (reply: FastifyReply): EventStream => {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  const alive = setInterval(() => raw.write(': \n\n'), KEEP_ALIVE);
  raw.once('close', () => clearInterval(alive));
  const write = (text: string): void => {
    if (!raw.destroyed && !raw.writableEnded) raw.write(text);
  };
  return {
    send: (data, event) => write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`),
    sendRaw: (data) => write(`data: ${data}\n\n`),
    end: () => {
      clearInterval(alive);
      if (!raw.writableEnded) raw.end();
    },
  };
};
