/**
 * @file HL7 v2 over MLLP (HL7 v2.5.1 implementation guide, appendix C: 0x0B … 0x1C 0x0D). The answer to a message is
 * its acknowledgement and then, on the same connection, the message with its impressions; or, where a receiver is
 * configured, the drafted message goes there, and the sender is told AA once that receiver has taken it.
 */
import { randomUUID } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { acknowledge } from '../../reports/hl7/acknowledgement.js';
import type { Hl7Message } from '../../reports/hl7/message.js';
import type { Drafting } from '../drafting/drafting.js';
import { readable } from '../http/errors.js';
import { HttpFailure } from '../http/http-failure.js';
import type { Log } from '../observe/log.js';
import { addressList } from '../security/addresses.js';
import { draftMessage, readMessage } from './drafting.js';
import { controlId, errorAck } from './endpoint-ack.js';

const START = 0x0b;
const END = Buffer.from([0x1c, 0x0d]);
/** Largest message, in bytes. */
const FRAME_MAX = 1 << 20;
/** A frame that was begun must be complete after so long; an idle connection may stay open longer. */
const FRAME_TIME = 30_000;
const IDLE_TIME = 3_600_000;
/** Most connections at once. */
const CONNECTIONS_MAX = 256;

/** Where MLLP listens and what becomes of drafted messages. */
export interface MllpOptions {
  readonly host: string;
  readonly port: number;
  /** Addresses and networks that may connect; empty: all that reach the port. */
  readonly allowed: readonly string[];
  /** Where drafted messages go; absent: back to the sender, behind the acknowledgement. */
  readonly forward?: { readonly host: string; readonly port: number };
}

/** A message in its frame. */
export const frame = (message: Uint8Array): Buffer => Buffer.concat([Buffer.of(START), message, END]);

/** Takes frames out of a stream of bytes. What stands between frames is dropped. */
export const createDeframer = (): ((chunk: Buffer) => { frames: Buffer[]; open: boolean; tooLarge: boolean }) => {
  let held: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    held.push(chunk);
    size += chunk.length;
    const frames: Buffer[] = [];
    // Only a chunk with the end's first byte can complete a frame, or one that continues it.
    let bytes = chunk.includes(END[1]) || size > FRAME_MAX ? Buffer.concat(held) : undefined;
    for (;;) {
      if (bytes === undefined) break;
      const start = bytes.indexOf(START);
      const end = start < 0 ? -1 : bytes.indexOf(END, start);
      if (end < 0) {
        held = start < 0 ? [] : [bytes.subarray(start)];
        size = held[0]?.length ?? 0;
        break;
      }
      frames.push(bytes.subarray(start + 1, end));
      bytes = bytes.subarray(end + END.length);
    }
    return { frames, open: size > 0, tooLarge: size > FRAME_MAX };
  };
};

/** Sends a message and waits for its acknowledgement. @throws {HttpFailure} 503 when it is not taken. */
const forward = (message: Buffer, { host, port }: { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (): void => {
      socket.destroy();
      reject(
        new HttpFailure({
          status: 503,
          code: 'not_forwarded',
          what: 'the receiver did not take the draft',
          fix: 'see that it is up',
        }),
      );
    };
    const deframe = createDeframer();
    const socket = connect({ host, port }, () => socket.write(frame(message)));
    socket.setTimeout(FRAME_TIME, failed);
    socket.on('error', failed).on('close', failed);
    socket.on('data', (chunk) => {
      const [answer] = deframe(chunk).frames;
      if (answer === undefined) return;
      if (!/\rMSA.(AA|CA)/.test(answer.toString('latin1'))) return failed();
      socket.end();
      resolve();
    });
  });

/**
 * Starts listening.
 *
 * @throws {Failure} When an allowed address is none.
 */
export const listenMllp = async (options: MllpOptions, drafting: Drafting, log: Log): Promise<Server> => {
  const allowed = addressList(options.allowed, '--mllp-allow');
  const admits = (socket: Socket): boolean => options.allowed.length === 0 || allowed(socket.remoteAddress ?? '');

  const answer = async (bytes: Buffer, user: string, signal: AbortSignal): Promise<Buffer[]> => {
    const requestId = randomUUID();
    const started = performance.now();
    let message: Hl7Message | undefined;
    let outcome = 'AA';
    try {
      message = readMessage(bytes);
      const drafted = await draftMessage(message, drafting, { user, requestId, door: 'hl7' }, signal);
      const taken = acknowledge(message, 'AA', controlId());
      if (options.forward === undefined) return [taken, drafted];
      await forward(drafted, options.forward);
      return [taken];
    } catch (error) {
      const failure = readable(error, log, requestId);
      outcome = failure.code;
      return [errorAck(failure, message)];
    } finally {
      log.info('mllp', { request: requestId, outcome, ms: Math.round(performance.now() - started) });
    }
  };

  const serve = (socket: Socket): void => {
    const closed = new AbortController();
    const deframe = createDeframer();
    const user = `mllp:${socket.remoteAddress}`;
    let turn = Promise.resolve();
    socket.setTimeout(IDLE_TIME, () => socket.destroy());
    // A slow sender's bytes keep a socket from being idle, so an open frame has a clock of its own.
    let clock: NodeJS.Timeout | undefined;
    socket.on('data', (chunk) => {
      const { frames, open, tooLarge } = deframe(chunk);
      if (!open || frames.length > 0) {
        clearTimeout(clock);
        clock = undefined;
      }
      if (open) clock ??= setTimeout(() => socket.destroy(), FRAME_TIME);
      for (const bytes of frames) {
        // One after the other, as they came: HL7's sequence of acknowledgements.
        turn = turn.then(async () => {
          if (closed.signal.aborted) return;
          for (const each of await answer(bytes, user, closed.signal)) socket.write(frame(each));
        });
      }
      if (tooLarge) {
        const failure = new HttpFailure({ status: 413, code: 'too_large', what: 'the message is too large' });
        socket.end(frame(errorAck(failure)));
        socket.pause();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(clock);
      closed.abort(new Error('the client closed the connection'));
    });
  };

  const server = createServer((socket) => (admits(socket) ? serve(socket) : socket.destroy()));
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve(server));
  });
};
