/**
 * @file Reads entries of a zip whose places are known: stored or deflated, checked against their sizes and CRC-32.
 * Refused by name are encryption and other compressions.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.4.4 (flags), 4.4.5 (methods).
 */
import { readSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import type { FailureParts } from '../ground/failure.js';

/** An entry as the central directory describes it. */
export interface ZipEntry {
  /** Where its local header stands in the file. */
  readonly offset: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly crc: number;
  readonly flags: number;
  readonly method: number;
}

/** Why one entry can't be used; the rest of the zip may be sound. */
export type EntryFault = Pick<FailureParts, 'what' | 'got' | 'fix'>;

const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x1;

/** No report comes near this; an entry that claims more is damaged, and is not inflated. */
const LARGEST_ENTRY = 64 * 1024 * 1024;
/** How much of the file is read at once; entries that lie close together come with one read. */
const WINDOW = 256 * 1024;

const AGAIN = 'download the zip again';

/**
 * Reads entries one after the other, fastest in the order in which they lie in the file.
 *
 * @param descriptor The open zip file.
 * @param entries What to read.
 * @param visit Called for each entry in turn with its content (good until the call returns), or why there is none.
 * @throws The system's error when the file can't be read; whatever `visit` throws.
 */
export const readEntries = (
  descriptor: number,
  entries: readonly ZipEntry[],
  visit: (content: Buffer | EntryFault) => void,
): void => {
  let window: Buffer = Buffer.alloc(0);
  let windowStart = 0;
  /** The file from an offset on, `length` bytes or more unless it ends before. */
  const bytesAt = (offset: number, length: number): Buffer => {
    if (offset < windowStart || offset + length > windowStart + window.length) {
      window = readBytes(descriptor, offset, Math.max(length, WINDOW));
      windowStart = offset;
    }
    return window.subarray(offset - windowStart);
  };
  for (const entry of entries) {
    const fault = unreadable(entry);
    if (fault !== undefined) {
      visit(fault);
      continue;
    }
    const header = bytesAt(entry.offset, LOCAL_SIZE);
    if (header.length < LOCAL_SIZE || header.readUInt32LE(0) !== LOCAL) {
      visit({ what: 'the report is not where the directory of the zip says', fix: AGAIN });
      continue;
    }
    // The local header repeats the name and has an extra field of its own, whose length only it tells.
    const start = LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
    const end = start + entry.compressedSize;
    visit(extract(entry, bytesAt(entry.offset, end).subarray(start, end)));
  }
};

const readBytes = (descriptor: number, from: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, from + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
};

const unreadable = ({ flags, method, size, compressedSize }: ZipEntry): EntryFault | undefined => {
  if ((flags & ENCRYPTED) !== 0) return { what: 'the report is encrypted', fix: 'decrypt the zip first' };
  if (method !== STORED && method !== DEFLATED) {
    return {
      what: 'the report is compressed in an unknown way',
      got: `method ${method}`,
      fix: 'pack the zip again with the usual deflate',
    };
  }
  if (size > LARGEST_ENTRY || compressedSize > LARGEST_ENTRY) {
    return { what: 'the report is too long', got: 'more than 64 MiB', fix: AGAIN };
  }
  return undefined;
};

const extract = (entry: ZipEntry, packed: Buffer): Buffer | EntryFault => {
  if (packed.length < entry.compressedSize) return { what: 'the report is cut short', fix: AGAIN };
  const content = entry.method === STORED ? packed : inflate(packed, entry.size);
  if (content === undefined) return { what: 'the compressed report is damaged', fix: AGAIN };
  if (content.length !== entry.size) {
    return { what: 'the report has the wrong length', got: `${content.length} of ${entry.size} bytes`, fix: AGAIN };
  }
  if (crc32(content) !== entry.crc) return { what: 'the report is damaged', got: 'another CRC-32', fix: AGAIN };
  return content;
};

/** Inflated bytes; undefined when they are no deflate stream, or one longer than `size`. */
const inflate = (packed: Buffer, size: number): Buffer | undefined => {
  try {
    return inflateRawSync(packed, { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1 });
  } catch {
    // zlib says no more than that the stream is broken, which the caller reports with the entry's name.
    return undefined;
  }
};
