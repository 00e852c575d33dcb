/** @file Writes a small zip (deflated, no Zip64), every entry dated alike, so that the same files give the same zip. */
import { crc32, deflateRawSync } from 'node:zlib';

/** 19 March 2019, 12:00, as DOS has it. */
const TIME = 12 << 11;
const DATE = ((2019 - 1980) << 9) | (3 << 5) | 19;

const record = (numbers) => {
  const bytes = Buffer.alloc(numbers.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of numbers) at = bytes.writeUIntLE(value, at, size);
  return bytes;
};

/**
 * @param files Pairs of a name and its content.
 * @returns The zip's bytes (APPNOTE.TXT 6.3.10, 4.3.7, 4.3.12, 4.3.16).
 */
export const zip = (files) => {
  const bodies = [];
  const directory = [];
  let offset = 0;
  for (const [name, content] of files) {
    const packed = deflateRawSync(content, { level: 9 });
    const nameBytes = Buffer.from(name);
    const shared = [
      [2, 20],
      [2, 0],
      [2, 8],
      [2, TIME],
      [2, DATE],
      [4, crc32(content)],
      [4, packed.length],
      [4, content.length],
      [2, nameBytes.length],
      [2, 0],
    ];
    const local = Buffer.concat([record([[4, 0x04034b50], ...shared]), nameBytes, packed]);
    bodies.push(local);
    directory.push(
      record([[4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]),
      nameBytes,
    );
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const count = files.length;
  const end = record([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, central.length],
    [4, offset],
    [2, 0],
  ]);
  return Buffer.concat([...bodies, central, end]);
};
