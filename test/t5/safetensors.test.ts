/** @file Reading and writing safetensors files, sound and damaged ones. */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { openSafetensors, type Tensor32, writeSafetensors } from '../../src/t5/safetensors.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safetensors-'));
});

/** A file from a header (object or raw text) and body bytes. */
const fileOf = async (
  header: unknown,
  body: Uint8Array = new Uint8Array(),
  name = 'a.safetensors',
): Promise<string> => {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  const path = join(directory, name);
  await writeFile(path, Buffer.concat([start, json, body]));
  return path;
};

const readAll = async (path: string): Promise<Map<string, Tensor32>> => {
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor32>();
  for (const name of file.names) tensors.set(name, await file.read(name));
  await file.close();
  return tensors;
};

describe('reading', () => {
  it('reads what the reference implementation wrote, and tells where each tensor lies', async () => {
    const path = 'test/fixtures/t5/gated/model.safetensors';
    const weights = await openSafetensors('test/fixtures/t5/gated');
    expect(weights.names).toHaveLength(52);
    expect(weights.metadata).toEqual({ format: 'pt' });
    const entry = weights.entry('shared.weight');
    expect(entry).toMatchObject({ dtype: 'F32', shape: [384, 32], file: path, length: 384 * 32 * 4 });
    const { shape, data } = await weights.read('shared.weight');
    expect(shape).toEqual([384, 32]);
    const bytes = await readFile(path);
    expect(data[0]).toBe(bytes.readFloatLE(entry.offset));
    expect(data.at(-1)).toBe(bytes.readFloatLE(entry.offset + entry.length - 4));
    await weights.close();
  });

  it('converts the other floating-point types', async () => {
    const halves = Uint8Array.from([0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c, 0x00, 0x7e]);
    const brains = Uint8Array.from([0x80, 0x3f, 0x49, 0xc0]);
    const doubles = new Uint8Array(Float64Array.from([0.1]).buffer);
    const path = await fileOf(
      {
        half: { dtype: 'F16', shape: [6], data_offsets: [0, 12] },
        brain: { dtype: 'BF16', shape: [2, 1], data_offsets: [12, 16] },
        double: { dtype: 'F64', shape: [], data_offsets: [16, 24] },
      },
      Buffer.concat([halves, brains, doubles]),
    );
    const tensors = await readAll(path);
    expect([...tensors.get('half')!.data]).toEqual([1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY, Number.NaN]);
    expect([...tensors.get('brain')!.data]).toEqual([1, -3.140625]);
    expect([...tensors.get('double')!.data]).toEqual([Math.fround(0.1)]);
  });

  it('refuses integers where numbers to compute with are expected, and unknown names', async () => {
    const path = await fileOf({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8));
    const file = await openSafetensors(path);
    await expect(file.read('ids')).rejects.toThrow(/ids is not of a floating-point type.*I64/);
    await expect(file.read('other')).rejects.toThrow(/no tensor other/);
    expect(() => file.entry('other')).toThrow(Failure);
    expect(file.has('ids')).toBe(true);
    await file.close();
  });

  const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
  it.each<[string, unknown, number, RegExp]>([
    ['garbage', 'not json', 0, /damaged safetensors header/],
    ['a list', '[]', 0, /no JSON object/],
    ['a tensor of the wrong size', { a: f32([2], 0, 4) }, 4, /tensor a does not fit its shape/],
    ['a shape whose product overflows', { a: f32([2 ** 40, 2 ** 40], 0, 4) }, 4, /tensor a does not fit its shape/],
    ['a negative size', { a: f32([-1], 0, 4) }, 4, /tensor a has no valid shape/],
    ['offsets beyond the end', { a: f32([2], 0, 8) }, 4, /tensor a lies beyond the end.*truncated/],
    ['offsets in the wrong order', { a: f32([1], 4, 0) }, 4, /tensor a has no valid data_offsets/],
    ['overlapping tensors', { a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8, /tensor b overlaps/],
    ['a gap', { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, /before tensor b belong to no tensor/],
    ['bytes left over', { a: f32([1], 0, 4) }, 12, /behind the last tensor.*8 of them/],
    ['an unknown type', { a: { dtype: 'toString', shape: [1], data_offsets: [0, 4] } }, 4, /unknown type.*toString/],
    ['a description that is none', { a: 3 }, 0, /tensor a is not described/],
    ['metadata that is no table of texts', { __metadata__: { a: 1 } }, 0, /__metadata__/],
    [
      'a name that stands twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /a stands twice/,
    ],
  ])('refuses %s', async (_, header, bodyLength, message) => {
    const path = await fileOf(header, new Uint8Array(bodyLength));
    await expect(openSafetensors(path)).rejects.toThrow(Failure);
    await expect(openSafetensors(path)).rejects.toThrow(message);
    await expect(openSafetensors(path)).rejects.toThrow(path);
  });

  it('refuses a file cut anywhere', async () => {
    const whole = await readFile('test/fixtures/t5/relu/model.safetensors');
    const path = join(directory, 'cut.safetensors');
    for (const length of [0, 7, 8, 100, 5000, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      await expect(openSafetensors(path)).rejects.toThrow(Failure);
    }
  });

  it('refuses a header too long to be one', async () => {
    const path = join(directory, 'a.safetensors');
    await writeFile(path, Buffer.from('this is some text and no safetensors file'));
    await expect(openSafetensors(path)).rejects.toThrow(/not a safetensors file.*a header of/);
  });

  it('never throws anything but a Failure, whatever the header', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.object()), fc.nat(16), async (header, length) => {
        const path = await fileOf(header, new Uint8Array(length));
        await openSafetensors(path).then(
          (file) => file.close(),
          (error) => expect(error).toBeInstanceOf(Failure),
        );
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe('a sharded model', () => {
  const one: Tensor32 = { shape: [1], data: Float32Array.of(1) };
  const two: Tensor32 = { shape: [2], data: Float32Array.of(2, 3) };
  const index = (map: unknown) =>
    writeFile(
      join(directory, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: { total_size: 12 }, weight_map: map }),
    );

  it('is read as one', async () => {
    await writeSafetensors(join(directory, 'model-00001-of-00002.safetensors'), { a: one });
    await writeSafetensors(join(directory, 'model-00002-of-00002.safetensors'), { b: two });
    await index({ b: 'model-00002-of-00002.safetensors', a: 'model-00001-of-00002.safetensors' });
    expect(await readAll(directory)).toEqual(new Map(Object.entries({ a: one, b: two })));
    const weights = await openSafetensors(join(directory, 'model.safetensors.index.json'));
    expect(weights.entry('b').file).toBe(join(directory, 'model-00002-of-00002.safetensors'));
    expect(weights.metadata).toEqual({ total_size: '12' });
    await weights.close();
  });

  it('is refused when a shard is missing, lacks a tensor, or lies elsewhere', async () => {
    await writeSafetensors(join(directory, 'x.safetensors'), { a: one });
    await index({ a: 'x.safetensors', b: 'y.safetensors' });
    await expect(openSafetensors(directory)).rejects.toThrow(/no such file.*y\.safetensors/);
    await index({ a: 'x.safetensors', b: 'x.safetensors' });
    await expect(openSafetensors(directory)).rejects.toThrow(/no tensor b in its shard.*x\.safetensors/);
    await index({ a: '../x.safetensors' });
    await expect(openSafetensors(directory)).rejects.toThrow(/not a plain file name/);
    await index([]);
    await expect(openSafetensors(directory)).rejects.toThrow(/not an index/);
  });

  it('or none at all is reported, with the way out of pickled weights', async () => {
    await expect(openSafetensors(directory)).rejects.toThrow(/no model\.safetensors/);
    await writeFile(join(directory, 'pytorch_model.bin'), '');
    await expect(openSafetensors(directory)).rejects.toThrow(/pytorch_model\.bin only.*safe_serialization/);
    await expect(openSafetensors(join(directory, 'none.safetensors'))).rejects.toThrow(/no such file/);
  });
});

describe('writing', () => {
  it('gives back what was written, bit for bit', async () => {
    const path = join(directory, 'a.safetensors');
    const tensor = fc
      .array(fc.nat(4), { maxLength: 3 })
      .chain((shape) =>
        fc
          .float32Array({ minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) })
          .map((data) => ({ shape, data })),
      );
    const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), async (pairs) => {
        const tensors = new Map(pairs);
        await writeSafetensors(path, tensors);
        expect(await readAll(path)).toEqual(new Map([...tensors].sort()));
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  it('writes the very bytes of the reference implementation', async () => {
    const path = join(directory, 'model.safetensors');
    for (const model of ['gated', 'relu']) {
      const original = `test/fixtures/t5/${model}/model.safetensors`;
      await writeSafetensors(path, await readAll(original));
      expect((await readFile(path)).equals(await readFile(original))).toBe(true);
    }
  });

  it('puts tensors where they can be mapped, in an order of their own', async () => {
    const paths = ['a', 'b'].map((name) => join(directory, `${name}.safetensors`)) as [string, string];
    const tensor = { shape: [3], data: Float32Array.of(1, 2, 3) };
    await writeSafetensors(paths[0], { z: tensor, 'a.b': tensor }, {});
    await writeSafetensors(paths[1], { 'a.b': tensor, z: tensor }, {});
    expect((await readFile(paths[0])).equals(await readFile(paths[1]))).toBe(true);
    const file = await openSafetensors(paths[0]);
    expect(file.names).toEqual(['a.b', 'z']);
    expect(file.entry('a.b').offset % 8).toBe(0);
    expect(file.metadata).toEqual({});
    await file.close();
    expect((await stat(paths[0])).size).toBe(file.entry('z').offset + 12);
  });

  it('refuses a shape that its data does not have', async () => {
    const wrong = { shape: [2], data: Float32Array.of(1) };
    await expect(writeSafetensors(join(directory, 'a.safetensors'), { a: wrong })).rejects.toThrow(RangeError);
  });
});
