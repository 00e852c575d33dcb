/**
 * @file AWS's event stream encoding, written from its specification: prelude, headers, payload, two checksums.
 * Source: https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { crc32 } from 'node:zlib';

/** One message with text headers. */
export const eventMessage = (headers: Readonly<Record<string, string>>, payload: Buffer): Buffer => {
  const encoded = Object.entries(headers).map(([name, value]) => {
    const text = Buffer.from(value);
    const bytes = Buffer.alloc(1 + name.length + 3 + text.length);
    bytes.writeUInt8(name.length, 0);
    bytes.write(name, 1, 'latin1');
    bytes.writeUInt8(7, 1 + name.length); // a text
    bytes.writeUInt16BE(text.length, 2 + name.length);
    text.copy(bytes, 4 + name.length);
    return bytes;
  });
  const head = Buffer.concat(encoded);
  const total = 12 + head.length + payload.length + 4;
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(total, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const sum = Buffer.alloc(4);
  const whole = Buffer.concat([prelude, head, payload]);
  sum.writeUInt32BE(crc32(whole));
  return Buffer.concat([whole, sum]);
};

/** A part of a payload. */
export const payloadPart = (bytes: Buffer): Buffer =>
  eventMessage(
    { ':message-type': 'event', ':event-type': 'PayloadPart', ':content-type': 'application/octet-stream' },
    bytes,
  );

/** The model's error in the middle of a stream. */
export const modelStreamError = (code: string): Buffer =>
  eventMessage(
    { ':message-type': 'exception', ':exception-type': 'ModelStreamError', ':content-type': 'application/json' },
    Buffer.from(JSON.stringify({ Message: 'the stream broke', ErrorCode: code })),
  );
