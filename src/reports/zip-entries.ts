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

/** How many numbers stand for an entry when many are handed on: {@link ZipEntry}'s, in its order. */
export const ENTRY_COLUMNS = 6;

/** An entry as the central directory describes it. */
interface ZipEntry {
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
 * @param packed What to read, {@link ENTRY_COLUMNS} numbers an entry, all exact in a double.
 * @param visit Called for each entry in turn with its content (good until the call returns), or why there is none.
 * @throws The system's error when the file can't be read; whatever `visit` throws.
 */
export const readEntries = (
  descriptor: number,
  packed: Float64Array,
  visit: (content: Buffer | EntryFault) => void,
): void => {
  const window = new Window(descriptor);
  const group = new DeflatedGroup();
  for (let at = 0; at < packed.length; at += ENTRY_COLUMNS) {
    const entry = unpack(packed, at);
    const fault = unreadable(entry) ?? window.show(entry);
    if (fault === undefined && entry.method === DEFLATED) {
      group.add(entry, window.bytes, window.start);
      if (group.size >= GROUP) group.visitAll(visit);
    } else {
      group.visitAll(visit);
      visit(fault ?? checked(entry, window.bytes.subarray(window.start, window.start + entry.compressedSize)));
    }
  }
  group.visitAll(visit);
};

const unpack = (packed: Float64Array, at: number): ZipEntry => ({
  offset: packed[at],
  compressedSize: packed[at + 1],
  size: packed[at + 2],
  crc: packed[at + 3],
  flags: packed[at + 4],
  method: packed[at + 5],
});

/** A part of the zip file in memory. */
class Window {
  bytes: Buffer = Buffer.alloc(0);
  /** Where in `bytes` the packed content of the entry shown starts. */
  start = 0;
  readonly #descriptor: number;
  /** Where in the file `bytes` starts. */
  #offset = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Makes an entry's packed content stand in `bytes` from `start` on; returns why it can't. */
  show(entry: ZipEntry): EntryFault | undefined {
    const header = this.#reach(entry.offset, LOCAL_SIZE);
    if (header === -1 || this.bytes.readUInt32LE(header) !== LOCAL) {
      return { what: 'the report is not where the directory of the zip says', fix: AGAIN };
    }
    // The local header repeats the name and has an extra field of its own, whose length only it tells.
    const before = LOCAL_SIZE + this.bytes.readUInt16LE(header + 26) + this.bytes.readUInt16LE(header + 28);
    const local = this.#reach(entry.offset, before + entry.compressedSize);
    if (local === -1) return { what: 'the report is cut short', fix: AGAIN };
    this.start = local + before;
    return undefined;
  }

  /** Where in `bytes` a stretch of the file starts, read if need be; -1 when the file ends before it does. */
  #reach(offset: number, length: number): number {
    if (offset < this.#offset || offset + length > this.#offset + this.bytes.length) {
      this.bytes = readBytes(this.#descriptor, offset, Math.max(length, WINDOW));
      this.#offset = offset;
    }
    return length > this.bytes.length ? -1 : offset - this.#offset;
  }
}

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

/** Ten bytes: magic, deflate, no flags, no time, unknown system (RFC 1952, 2.3). */
const GZIP_HEADER = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const GZIP_TRAILER_SIZE = 8;

/** Deflated entries waiting to be inflated together, framed as a gzip file's members. */
class DeflatedGroup {
  /** How many bytes they inflate to. */
  size = 0;
  #entries: ZipEntry[] = [];
  #gzip = Buffer.alloc(2 * GROUP);
  /** Where the next member goes. */
  #end = 0;

  /** Takes in an entry whose packed content starts at a place in some bytes. */
  add(entry: ZipEntry, bytes: Buffer, start: number): void {
    const content = this.#end + GZIP_HEADER.length;
    const trailer = content + entry.compressedSize;
    if (trailer + GZIP_TRAILER_SIZE > this.#gzip.length) {
      const larger = Buffer.alloc(2 * (trailer + GZIP_TRAILER_SIZE));
      this.#gzip.copy(larger, 0, 0, this.#end);
      this.#gzip = larger;
    }
    const gzip = this.#gzip;
    for (let at = 0; at < GZIP_HEADER.length; at++) gzip[this.#end + at] = GZIP_HEADER[at];
    bytes.copy(gzip, content, start, start + entry.compressedSize);
    gzip.writeUInt32LE(entry.crc, trailer);
    gzip.writeUInt32LE(entry.size, trailer + 4);
    this.#end = trailer + GZIP_TRAILER_SIZE;
    this.#entries.push(entry);
    this.size += entry.size;
  }

  /** Tells the contents in the order of adding, or why there is none, and forgets them. */
  visitAll(visit: (content: Buffer | EntryFault) => void): void {
    const contents = this.#inflate();
    let from = 0;
    let member = 0;
    for (const entry of this.#entries) {
      if (contents === undefined) {
        const start = member + GZIP_HEADER.length;
        visit(inflateOne(entry, this.#gzip.subarray(start, start + entry.compressedSize)));
        member = start + entry.compressedSize + GZIP_TRAILER_SIZE;
      } else {
        visit(contents.subarray(from, from + entry.size));
        from += entry.size;
      }
    }
    this.#entries = [];
    this.#end = 0;
    this.size = 0;
  }

  /** All contents together; undefined when one of them is damaged and each must tell for itself. */
  #inflate(): Buffer | undefined {
    if (this.#entries.length === 0) return undefined;
    const limits = { chunkSize: this.size + 64, maxOutputLength: this.size + 64 };
    try {
      const contents = gunzipSync(this.#gzip.subarray(0, this.#end), limits);
      return contents.length === this.size ? contents : undefined;
    } catch {
      return undefined;
    }
  }
}

const inflateOne = (entry: ZipEntry, packed: Buffer): Buffer | EntryFault => {
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
