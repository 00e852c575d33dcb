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
import { ByteTable } from './byte-table.js';
import type { ByteTexts } from './byte-texts.js';
import { ENTRY_COLUMNS } from './zip-entries.js';

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

/** Entries that were looked for. */
export interface FoundEntries {
  /** For each entry the place of its name in the list given. */
  readonly places: readonly number[];
  /** The entries, {@link ENTRY_COLUMNS} numbers each, in the order in which they lie in the file. */
  readonly packed: Float64Array;
}

/** A zip file open for reading. */
export class Zip {
  readonly path: string;
  /** The file's size in bytes. */
  readonly size: number;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
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
   * @param names Names of wanted entries; a name that comes twice is found once, for the first.
   * @returns The entries that are there, in the order in which they lie in the file.
   * @throws {Failure} When this is no zip, or one cut short or damaged.
   */
  async find(names: ByteTexts): Promise<FoundEntries> {
    const { bytes, shift } = await this.#centralDirectory();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const table = new ByteTable(names);
    const packed = new Float64Array(names.length * ENTRY_COLUMNS);
    /** For each name the place of its entry in `packed`, from 1; 0 while there is none. */
    const entryOfName = new Int32Array(names.length);
    const places: number[] = [];
    let lastOffset = -1;
    let inOrder = true;
    for (let at = 0; at < bytes.length; ) {
      if (at + CENTRAL_SIZE > bytes.length || view.getUint32(at, true) !== CENTRAL) throw this.#damaged();
      const nameEnd = at + CENTRAL_SIZE + view.getUint16(at + 28, true);
      const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
      if (next > bytes.length) throw this.#damaged();
      const place = table.find(bytes, at + CENTRAL_SIZE, nameEnd);
      if (place !== -1) {
        if (entryOfName[place] === 0) {
          places.push(place);
          entryOfName[place] = places.length;
        } else inOrder = false;
        const offset = packEntry(view, at, shift, packed, (entryOfName[place] - 1) * ENTRY_COLUMNS);
        inOrder &&= offset > lastOffset;
        lastOffset = offset;
      }
      at = next;
    }
    const found = { places, packed: packed.subarray(0, places.length * ENTRY_COLUMNS) };
    return inOrder ? found : byOffset(found);
  }

  /** The central directory's bytes, and by how much every offset in it is off because of data before the archive. */
  async #centralDirectory(): Promise<{ bytes: Buffer; shift: number }> {
    const tailStart = Math.max(0, this.size - END_SIZE - END_COMMENT_MAX - ZIP64_LOCATOR_SIZE);
    const tail = await this.#bytes(tailStart, this.size - tailStart);
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
        if (at < 0 || at + ZIP64_END_SIZE > this.size) continue;
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
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - from)));
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

/**
 * Packs the entry whose record in the central directory starts at a place, Zip64 extra field applied.
 *
 * @returns Where its local header stands in the file.
 */
const packEntry = (directory: DataView, at: number, shift: number, packed: Float64Array, to: number): number => {
  let compressedSize = directory.getUint32(at + 20, true);
  let size = directory.getUint32(at + 24, true);
  let offset = directory.getUint32(at + 42, true);
  if (size === 0xffffffff || compressedSize === 0xffffffff || offset === 0xffffffff) {
    const start = directory.byteOffset + at + CENTRAL_SIZE + directory.getUint16(at + 28, true);
    const wide = zip64Values(Buffer.from(directory.buffer, start, directory.getUint16(at + 30, true)));
    const widen = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? value) : value);
    size = widen(size);
    compressedSize = widen(compressedSize);
    offset = widen(offset);
  }
  packed[to] = offset + shift;
  packed[to + 1] = compressedSize;
  packed[to + 2] = size;
  packed[to + 3] = directory.getUint32(at + 16, true);
  packed[to + 4] = directory.getUint16(at + 8, true);
  packed[to + 5] = directory.getUint16(at + 10, true);
  return packed[to];
};

/** The same entries in the order in which they lie in the file. */
const byOffset = ({ places, packed }: FoundEntries): FoundEntries => {
  const order = places.map((_, index) => index);
  order.sort((a, b) => packed[a * ENTRY_COLUMNS] - packed[b * ENTRY_COLUMNS]);
  const sorted = new Float64Array(packed.length);
  order.forEach((index, to) => {
    sorted.set(packed.subarray(index * ENTRY_COLUMNS, (index + 1) * ENTRY_COLUMNS), to * ENTRY_COLUMNS);
  });
  return { places: order.map((index) => places[index]), packed: sorted };
};
