/**
 * @file Reads entries of a zip whose places are known: stored or deflated, checked against their sizes and CRC-32.
 * Refused by name are encryption and other compressions.
 *
 * Node's zlib sets up a stream object and a native state for every call, which for a report of 500 bytes costs more
 * than inflating it. So deflated entries are inflated many at a time: framed as members of one gzip file, whose
 * members Node inflates one after the other, checking each one's CRC-32 and length itself. Only when that fails
 * are they taken one by one, to find the bad one.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.4.4 (flags), 4.4.5 (methods); RFC 1952 (gzip).
 */
import { readSync } from 'node:fs';
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib';
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

/** How many inflated bytes are handed over at once. */
const GROUP = 128 * 1024;

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
  /** Deflated entries not visited yet. Their bytes stay good: a new window is a new buffer. */
  let group: PackedEntry[] = [];
  let groupSize = 0;
  const visitGroup = (): void => {
    for (const content of inflateAll(group)) visit(content);
    group = [];
    groupSize = 0;
  };
  for (const entry of entries) {
    const packed = unreadable(entry) ?? packedBytes(entry, bytesAt);
    if ('what' in packed || entry.method === STORED) {
      visitGroup();
      visit('what' in packed ? packed : checked(entry, packed));
    } else {
      group.push({ entry, packed });
      groupSize += entry.size;
      if (groupSize >= GROUP) visitGroup();
    }
  }
  visitGroup();
};

/** An entry and its bytes as they stand in the file. */
interface PackedEntry {
  readonly entry: ZipEntry;
  readonly packed: Buffer;
}

const packedBytes = (entry: ZipEntry, bytesAt: (offset: number, length: number) => Buffer): Buffer | EntryFault => {
  const header = bytesAt(entry.offset, LOCAL_SIZE);
  if (header.length < LOCAL_SIZE || header.readUInt32LE(0) !== LOCAL) {
    return { what: 'the report is not where the directory of the zip says', fix: AGAIN };
  }
  // The local header repeats the name and has an extra field of its own, whose length only it tells.
  const start = LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
  const end = start + entry.compressedSize;
  const bytes = bytesAt(entry.offset, end);
  return bytes.length < end ? { what: 'the report is cut short', fix: AGAIN } : bytes.subarray(start, end);
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

/** The contents of deflated entries, or why there is none. */
const inflateAll = (group: readonly PackedEntry[]): (Buffer | EntryFault)[] => {
  if (group.length === 0) return [];
  const size = group.reduce((sum, { entry }) => sum + entry.size, 0);
  let contents: Buffer | undefined;
  try {
    contents = gunzipSync(asGzip(group), { chunkSize: size + 64, maxOutputLength: size + 64 });
  } catch {
    // One of them is damaged; taken singly, each tells for itself.
  }
  if (contents?.length !== size) return group.map(inflateOne);
  let end = 0;
  return group.map(({ entry }) => {
    end += entry.size;
    return contents.subarray(end - entry.size, end);
  });
};

/** Ten bytes: magic, deflate, no flags, no time, unknown system (RFC 1952, 2.3). */
const GZIP_HEADER = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const GZIP_TRAILER_SIZE = 8;

const asGzip = (group: readonly PackedEntry[]): Buffer => {
  const framing = GZIP_HEADER.length + GZIP_TRAILER_SIZE;
  const gzip = Buffer.allocUnsafe(group.reduce((sum, { packed }) => sum + packed.length + framing, 0));
  let at = 0;
  for (const { entry, packed } of group) {
    gzip.set(GZIP_HEADER, at);
    gzip.set(packed, at + GZIP_HEADER.length);
    at = gzip.writeUInt32LE(entry.crc, at + GZIP_HEADER.length + packed.length);
    at = gzip.writeUInt32LE(entry.size, at);
  }
  return gzip;
};

const inflateOne = ({ entry, packed }: PackedEntry): Buffer | EntryFault => {
  let content: Buffer;
  try {
    content = inflateRawSync(packed, { chunkSize: Math.max(64, entry.size + 1), maxOutputLength: entry.size + 1 });
  } catch {
    // zlib says no more than that the stream is broken or too long.
    return { what: 'the compressed report is damaged', fix: AGAIN };
  }
  return checked(entry, content);
};

const checked = (entry: ZipEntry, content: Buffer): Buffer | EntryFault => {
  if (content.length !== entry.size) {
    return { what: 'the report has the wrong length', got: `${content.length} of ${entry.size} bytes`, fix: AGAIN };
  }
  if (crc32(content) !== entry.crc) return { what: 'the report is damaged', got: 'another CRC-32', fix: AGAIN };
  return content;
};
