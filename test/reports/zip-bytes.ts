/** @file Zips made byte by byte, so that tests can get each field wrong. */
import { crc32, deflateRawSync } from 'node:zlib';

/** One entry, with what may be wrong about it. */
export interface EntryToWrite {
  readonly name: string;
  readonly content: Uint8Array;
  /** 0 stored, 8 deflated (default), others just claimed. */
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  /** The size the directory claims. */
  readonly size?: number;
  /** Changes the packed bytes. */
  readonly damage?: (packed: Buffer) => Buffer;
  /** Length of an extra field that only the local header has. */
  readonly localExtra?: number;
}

/** How the archive as a whole is written. */
export interface ZipToWrite {
  /** Sizes and offsets in Zip64 fields. */
  readonly zip64?: boolean;
  /** Bytes before the archive, which its offsets don't count. */
  readonly prefix?: Uint8Array;
  readonly comment?: string;
}

const fields = (...numbers: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Buffer => {
  const bytes = Buffer.alloc(numbers.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 8) at = bytes.writeBigUInt64LE(BigInt(value), at);
    else at = bytes.writeUIntLE(value, at, size);
  }
  return bytes;
};

const WIDE = 0xffffffff;

export const zipBytes = (entries: readonly EntryToWrite[], options: ZipToWrite = {}): Buffer => {
  const { zip64 = false, prefix = new Uint8Array(), comment = '' } = options;
  const bodies: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { content, method = 8, flags = 0, localExtra = 0, damage = (packed) => packed } = entry;
    const name = Buffer.from(entry.name);
    const packed = damage(method === 8 ? deflateRawSync(content) : Buffer.from(content));
    const crc = entry.crc ?? crc32(content);
    const size = entry.size ?? content.length;
    const start = fields([2, 20], [2, flags], [2, method], [2, 0], [2, 0], [4, crc]);
    bodies.push(
      fields([4, 0x04034b50]),
      start,
      fields([4, packed.length], [4, size], [2, name.length], [2, localExtra]),
      name,
      Buffer.alloc(localExtra),
      packed,
    );
    const extra = zip64
      ? fields([2, 9], [2, 1], [2, 0x0a0a], [2, 1], [2, 24], [8, size], [8, packed.length], [8, offset])
      : Buffer.alloc(0);
    // An unrelated field of one byte stands before the Zip64 one.
    const extraBytes = zip64
      ? Buffer.concat([extra.subarray(0, 2), fields([2, 1]), Buffer.of(7), extra.subarray(6)])
      : extra;
    directory.push(
      fields([4, 0x02014b50], [2, 20]),
      start,
      fields([4, zip64 ? WIDE : packed.length], [4, zip64 ? WIDE : size], [2, name.length], [2, extraBytes.length]),
      fields([2, 0], [2, 0], [2, 0], [4, 0], [4, zip64 ? WIDE : offset]),
      name,
      extraBytes,
    );
    offset += 30 + name.length + localExtra + packed.length;
  }
  const central = Buffer.concat(directory);
  const wideEnd = zip64
    ? Buffer.concat([
        fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]),
        fields([8, entries.length], [8, entries.length], [8, central.length], [8, offset]),
        fields([4, 0x07064b50], [4, 0], [8, offset + central.length], [4, 1]),
      ])
    : Buffer.alloc(0);
  const count = zip64 ? 0xffff : entries.length;
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, zip64 ? WIDE : central.length],
    [4, zip64 ? WIDE : offset],
    [2, comment.length],
  );
  return Buffer.concat([prefix, ...bodies, central, wideEnd, end, Buffer.from(comment)]);
};

/** A report's name in a zip of MIMIC-CXR's layout. */
export const reportEntry = (studyId: string, subjectId: string): string =>
  `files/p${Array.from(subjectId).slice(0, 2).join('')}/p${subjectId}/s${studyId}.txt`;
