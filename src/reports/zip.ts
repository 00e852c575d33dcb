/**
 * @file The directory of a large zip: which of the wanted entries it holds, and where they lie.
 *
 * Why not a package: yauzl, the best kept one, takes 19 s to merely list the 227,835 entries of a zip of MIMIC-CXR's
 * size (a turn of the event loop and two reads an entry), where the official script needs 9 s for everything; the
 * packages that hold a whole zip in memory can't take an archive of many gigabytes. Understood are Zip64 and data before
 * the archive (self-extractors); a file cut short is told from one that is no zip.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 (central directory), 4.3.14–4.3.16 (its end records),
 * 4.5.3 (Zip64 extra field).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { readFailure } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import type { ZipEntry } from './zip-entries.js';

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

  /** The file's descriptor, good in every thread of the process until {@link close}. */
  get descriptor(): number {
    return this.#file.fd;
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
  async find(wanted: ReadonlySet<string>): Promise<Map<string, ZipEntry>> {
    const { bytes, shift } = await this.#centralDirectory();
    const candidates = hashSet(wanted);
    const found = new Map<string, ZipEntry>();
    for (let at = 0; at < bytes.length; ) {
      if (at + CENTRAL_SIZE > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) throw this.#damaged();
      const nameStart = at + CENTRAL_SIZE;
      const nameEnd = nameStart + bytes.readUInt16LE(at + 28);
      const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
      const next = extraEnd + bytes.readUInt16LE(at + 32);
      if (next > bytes.length) throw this.#damaged();
      let hash = 0;
      for (let place = nameStart; place < nameEnd; place++) hash = (Math.imul(hash, 31) + bytes[place]) | 0;
      if (candidates[hash & HASH_MASK] === 1) {
        const key = bytes.toString('latin1', nameStart, nameEnd);
        if (wanted.has(key)) found.set(key, entryOf(bytes.subarray(at, extraEnd), nameEnd - at, shift));
      }
      at = next;
    }
    return found;
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

/** An entry out of its record in the central directory, Zip64 extra field applied. */
const entryOf = (record: Buffer, extraStart: number, shift: number): ZipEntry => {
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
    offset: offset + shift,
    compressedSize,
    size,
    crc: record.readUInt32LE(16),
    flags: record.readUInt16LE(8),
    method: record.readUInt16LE(10),
  };
};

/** Most entries aren't wanted; a byte for every hash says so before a string is made of their name. */
const HASH_MASK = (1 << 22) - 1;

const hashSet = (keys: Iterable<string>): Uint8Array => {
  const set = new Uint8Array(HASH_MASK + 1);
  for (const key of keys) {
    let hash = 0;
    for (let place = 0; place < key.length; place++) hash = (Math.imul(hash, 31) + key.charCodeAt(place)) | 0;
    set[hash & HASH_MASK] = 1;
  }
  return set;
};
