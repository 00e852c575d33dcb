/**
 * @file Reads named entries out of a large zip fast, in little memory. Only the central directory and the named
 * entries are read, in the order in which they lie in the file.
 *
 * Why not a package: yauzl, the best kept one, takes 19 s to merely list the 227,835 entries of a zip of MIMIC-CXR's
 * size (one event-loop turn and two reads an entry), which the whole work here does in a tenth; the packages that
 * hold a whole zip in memory can't take an archive of many gigabytes. What is read: stored and deflated entries, Zip64,
 * data before the archive (self-extractors). What is refused by name: encryption, other compressions, a file cut
 * short, sizes or CRC-32 that don't fit.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory),
 * 4.3.14–4.3.16 (ends of central directory), 4.5.3 (Zip64 extra field).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { readFailure } from '../ground/durable.js';
import { Failure, type FailureParts, systemCode } from '../ground/failure.js';

/** An entry of the central directory. */
export interface ZipEntry {
  /** Its name's bytes, one UTF-16 unit each (see {@link entryKey}). */
  readonly key: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header stands in the file. */
  readonly offset: number;
}

/** Why one entry can't be read; the rest of the zip may be sound. */
export type EntryFault = Pick<FailureParts, 'what' | 'got' | 'fix'>;

const END = 0x06054b50;
const END_SIZE = 22;
const END_COMMENT_MAX = 0xffff;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_LOCATOR_SIZE = 20;
const ZIP64_END = 0x06064b50;
const ZIP64_END_SIZE = 56;
const CENTRAL = 0x02014b50;
const CENTRAL_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x1;

/** No report comes near this; an entry that claims more is damaged, and is not inflated. */
const LARGEST_ENTRY = 64 * 1024 * 1024;
/** How much of the file is read at once; entries that lie close together come with one read. */
const WINDOW = 256 * 1024;

/** The key of an entry's name: its UTF-8 bytes as one character each, so that directory bytes needn't be decoded. */
export const entryKey = (name: string): string => Buffer.from(name).toString('latin1');

/** A zip file open for reading. */
export class Zip {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #size: number;

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  /**
   * Opens a zip file; {@link close} it in the end.
   *
   * @throws {Failure} When it can't be opened or is empty.
   */
  static async open(path: string): Promise<Zip> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'r');
      const status = await file.stat();
      if (!status.isFile()) {
        throw new Failure({
          what: 'cannot read',
          where: path,
          got: status.isDirectory() ? 'a folder' : 'something that is not a plain file',
          fix: 'name the zip of reports',
        });
      }
      if (status.size === 0) {
        throw new Failure({ what: 'the zip is empty', where: path, got: '0 bytes', fix: 'download it again' });
      }
      return new Zip(path, file, status.size);
    } catch (error) {
      await file?.close();
      throw readFailure(path, error);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /**
   * Finds entries by name. Of several entries with one name the last counts, as in Python's `zipfile`.
   *
   * @param wanted Keys of names, from {@link entryKey}.
   * @returns The entries that are there, by key.
   * @throws {Failure} When this is no zip, or one cut short or damaged.
   */
  async find(wanted: Pick<ReadonlySet<string>, 'has'>): Promise<Map<string, ZipEntry>> {
    const directory = await this.#centralDirectory();
    const found = new Map<string, ZipEntry>();
    const { bytes, shift } = directory;
    for (let at = 0; at < bytes.length; ) {
      if (at + CENTRAL_SIZE > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) throw this.#damaged();
      const nameEnd = at + CENTRAL_SIZE + bytes.readUInt16LE(at + 28);
      const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
      const next = extraEnd + bytes.readUInt16LE(at + 32);
      if (next > bytes.length) throw this.#damaged();
      const key = bytes.toString('latin1', at + CENTRAL_SIZE, nameEnd);
      if (wanted.has(key)) found.set(key, this.#entry(key, bytes.subarray(at, extraEnd), nameEnd - at, shift));
      at = next;
    }
    return found;
  }

  /**
   * Reads entries in the order in which they lie in the file, which is the fast one, whatever the order given.
   *
   * @param entries What to read; its places are what `visit` is told.
   * @param visit Called with an entry's place and its content (good until the call returns), or why it can't be read.
   * @param signal Stops the reading.
   * @throws {Failure} When the file itself can't be read; whatever `visit` throws; the signal's reason.
   */
  async read(
    entries: readonly ZipEntry[],
    visit: (place: number, content: Buffer | EntryFault) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const order = entries.map((_, place) => place).sort((a, b) => entries[a].offset - entries[b].offset);
    let window: Buffer = Buffer.alloc(0);
    let windowStart = 0;
    for (const place of order) {
      const entry = entries[place];
      const fault = unreadable(entry);
      if (fault !== undefined) {
        visit(place, fault);
        continue;
      }
      // The local header repeats the name and adds an extra field whose length only it tells, so a second look may be due.
      let need = LOCAL_SIZE + entry.key.length + entry.compressedSize;
      for (;;) {
        const from = entry.offset - windowStart;
        if (from < 0 || from + need > window.length) {
          signal?.throwIfAborted();
          windowStart = entry.offset;
          window = await this.#bytes(windowStart, Math.max(need, WINDOW));
        }
        const bytes = window.subarray(entry.offset - windowStart);
        const start =
          bytes.length < LOCAL_SIZE ? LOCAL_SIZE : LOCAL_SIZE + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
        if (start + entry.compressedSize > bytes.length && need < start + entry.compressedSize) {
          need = start + entry.compressedSize;
          continue;
        }
        visit(place, extract(entry, bytes, start));
        break;
      }
    }
  }

  /** The central directory's bytes, and by how much every offset in it is off because of data before the archive. */
  async #centralDirectory(): Promise<{ bytes: Buffer; shift: number }> {
    const tailStart = Math.max(0, this.#size - END_SIZE - END_COMMENT_MAX - ZIP64_LOCATOR_SIZE);
    const tail = await this.#bytes(tailStart, this.#size - tailStart);
    const end = endRecord(tail);
    if (end === undefined) throw await this.#notZip();
    let size = tail.readUInt32LE(end + 12);
    let offset = tail.readUInt32LE(end + 16);
    let directoryEnd = tailStart + end;
    const locator = end - ZIP64_LOCATOR_SIZE;
    if (locator >= 0 && tail.readUInt32LE(locator) === ZIP64_LOCATOR) {
      // The record stands right before its locator; where the locator says, unless data precede the archive.
      const stated = Number(tail.readBigUInt64LE(locator + 8));
      for (const at of [tailStart + locator - ZIP64_END_SIZE, stated]) {
        if (at < 0 || at + ZIP64_END_SIZE > this.#size) continue;
        const record = await this.#bytes(at, ZIP64_END_SIZE);
        if (record.readUInt32LE(0) !== ZIP64_END) continue;
        size = Number(record.readBigUInt64LE(40));
        offset = Number(record.readBigUInt64LE(48));
        directoryEnd = at;
        break;
      }
    }
    const shift = directoryEnd - size - offset;
    if (shift < 0 || directoryEnd - size < 0) throw this.#damaged();
    return { bytes: await this.#bytes(directoryEnd - size, size), shift };
  }

  /** An entry out of its record in the central directory, Zip64 extra field applied. */
  #entry(key: string, record: Buffer, extraStart: number, shift: number): ZipEntry {
    let size = record.readUInt32LE(24);
    let compressedSize = record.readUInt32LE(20);
    let offset = record.readUInt32LE(42);
    if (size === 0xffffffff || compressedSize === 0xffffffff || offset === 0xffffffff) {
      const wide = zip64Values(record.subarray(extraStart));
      const widen = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? value) : value);
      size = widen(size);
      compressedSize = widen(compressedSize);
      offset = widen(offset);
    }
    return {
      key,
      flags: record.readUInt16LE(8),
      method: record.readUInt16LE(10),
      crc: record.readUInt32LE(16),
      compressedSize,
      size,
      offset: offset + shift,
    };
  }

  /** Bytes of the file; fewer than asked for only at its end. */
  async #bytes(from: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#size - from)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file
        .read(bytes, filled, bytes.length - filled, from + filled)
        .catch((error: unknown) => {
          if (systemCode(error) === undefined) throw error;
          throw new Failure(
            { what: 'cannot read', where: this.path, got: String(systemCode(error)), fix: 'check the disk' },
            { cause: error },
          );
        });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async #notZip(): Promise<Failure> {
    const magic = await this.#bytes(0, 4);
    const begun = magic.length === 4 && magic.readUInt32LE(0) === LOCAL;
    return new Failure({
      what: begun ? 'the zip is cut short' : 'not a zip file',
      where: this.path,
      got: begun ? 'no directory at its end' : undefined,
      fix: begun ? 'download it again' : 'name the zip of reports, e.g. mimic-cxr-reports.zip',
    });
  }

  #damaged(): Failure {
    return new Failure({
      what: 'the zip is damaged',
      where: this.path,
      got: 'a directory that does not fit the file',
      fix: 'download it again',
    });
  }
}

/** Where the end-of-directory record stands in the last bytes of a file: the last whose comment fits behind it. */
const endRecord = (tail: Buffer): number | undefined => {
  for (let at = tail.length - END_SIZE; at >= 0; at--) {
    if (tail.readUInt32LE(at) === END && at + END_SIZE + tail.readUInt16LE(at + 20) <= tail.length) return at;
  }
  return undefined;
};

/** The 64-bit values of a Zip64 extra field: those of size, compressed size, offset that did not fit 32 bits. */
const zip64Values = (extra: Buffer): number[] => {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const field = extra.subarray(at + 4, at + 4 + length);
      return [0, 8, 16]
        .filter((place) => place + 8 <= field.length)
        .map((place) => Number(field.readBigUInt64LE(place)));
    }
    at += 4 + length;
  }
  return [];
};

const AGAIN = 'download the zip again';

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

/** An entry's content out of the bytes from its local header on. */
const extract = (entry: ZipEntry, bytes: Buffer, start: number): Buffer | EntryFault => {
  const end = start + entry.compressedSize;
  const nameEnd = LOCAL_SIZE + entry.key.length;
  if (
    end > bytes.length ||
    bytes.readUInt32LE(0) !== LOCAL ||
    nameEnd > start ||
    bytes.toString('latin1', LOCAL_SIZE, nameEnd) !== entry.key
  ) {
    return { what: 'the report is not where the directory of the zip says', fix: AGAIN };
  }
  const packed = bytes.subarray(start, end);
  const content = entry.method === STORED ? packed : inflate(packed, entry.size);
  if (content === undefined) return { what: 'the compressed report is damaged', fix: AGAIN };
  if (content.length !== entry.size) {
    return { what: 'the report has the wrong length', got: `${content.length} of ${entry.size} bytes`, fix: AGAIN };
  }
  if (crc32(content) !== entry.crc) return { what: 'the report is damaged', got: 'another CRC-32', fix: AGAIN };
  return content;
};

/** Inflated bytes, one more than `size` at most; undefined when they are no deflate stream. */
const inflate = (packed: Buffer, size: number): Buffer | undefined => {
  try {
    return inflateRawSync(packed, { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1 });
  } catch {
    // zlib says no more than that the stream is broken, which the caller reports with the entry's name.
    return undefined;
  }
};
