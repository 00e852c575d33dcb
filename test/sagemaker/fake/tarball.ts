/** @file Tar archives written by hand (POSIX ustar), so that archives no packer would write can be made, too. */

/** An entry that is more than a name and bytes. */
export interface TarEntry {
  readonly name: string;
  readonly body?: Buffer;
  /** `0` a file, `5` a folder, `2` a symbolic link, `1` a hard link. */
  readonly type?: string;
  readonly link?: string;
}

const header = ({ name, body, type = '0', link = '' }: TarEntry): Buffer => {
  const block = Buffer.alloc(512);
  const octal = (value: number, size: number): string => `${value.toString(8).padStart(size - 1, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(body?.length ?? 0, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157, 100);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

/** A tar archive of entries. */
export const tarOf = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const { body = Buffer.alloc(0) } = entry;
      return [header(entry), body, Buffer.alloc((512 - (body.length % 512)) % 512)];
    }),
    Buffer.alloc(1024),
  ]);

/** A tar archive of files. */
export const tarball = (files: ReadonlyMap<string, Buffer>): Buffer =>
  tarOf([...files].map(([name, body]) => ({ name, body })));
