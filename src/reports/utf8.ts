/**
 * @file Strict UTF-8: bytes become text only when all of them are valid, as Python's `bytes.decode('utf-8')` has it.
 * Both agree on what is valid: no overlong forms, no surrogates, nothing beyond U+10FFFF. A byte-order mark is kept as
 * U+FEFF, which is what Python does; readers of whole files drop it.
 */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { readFailure } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';

/** V8 holds no longer string; a larger file must come in pieces. */
const LARGEST_TEXT = 512 * 1024 * 1024 - 24;

/**
 * Text of UTF-8 bytes, a leading byte-order mark kept as U+FEFF.
 *
 * @param bytes The whole text.
 * @returns The text, or undefined when the bytes are not valid UTF-8.
 * @example decodeUtf8(Buffer.from('°')) // '°'
 */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : undefined;

/**
 * Line, counted from 1, on which bytes stop being valid UTF-8.
 * Decoding with replacement and encoding again changes the first invalid byte, or one of the two after it.
 */
export const firstInvalidLine = (bytes: Uint8Array): number => {
  const there = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const back = Buffer.from(there.toString('utf8'));
  let line = 1;
  for (let at = 0; at < there.length && there[at] === back[at]; at++) if (there[at] === 0x0a) line++;
  return line;
};

/**
 * Reads a file in UTF-8; a leading byte-order mark is dropped.
 *
 * @param path The file.
 * @returns Its bytes, checked to be valid UTF-8.
 * @throws {Failure} When it can't be read, is empty, larger than a string can be, or not valid UTF-8 (names the line).
 */
export const readUtf8 = async (path: string): Promise<Buffer> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw systemCode(error) === 'ERR_FS_FILE_TOO_LARGE' ? tooLarge(path) : readFailure(path, error);
  });
  if (bytes.length === 0) throw new Failure({ what: 'the file is empty', where: path, fix: 'check how it was made' });
  if (bytes.length > LARGEST_TEXT) throw tooLarge(path);
  if (!isUtf8(bytes)) {
    throw new Failure({
      what: 'not valid UTF-8',
      where: `${path} line ${firstInvalidLine(bytes)}`,
      fix: 'save the file as UTF-8',
    });
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
};

/**
 * {@link readUtf8} as a string.
 *
 * @throws {Failure} As {@link readUtf8}.
 */
export const readText = async (path: string): Promise<string> => (await readUtf8(path)).toString('utf8');

const tooLarge = (path: string): Failure =>
  new Failure({ what: 'the file is too large', where: path, got: 'more than 512 MiB', fix: 'split it' });
