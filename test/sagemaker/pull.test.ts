import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePrompt } from '../../src/reports/prompt.js';
import { convertTorchFile } from '../../src/sagemaker/pull/convert.js';
import { adapterBase, checkModelDirectory, makeModelDirectory } from '../../src/sagemaker/pull/model-directory.js';
import { PickleError, unpickle } from '../../src/sagemaker/pull/pickle.js';
import { openTorchFile } from '../../src/sagemaker/pull/torch-file.js';
import { safeName, unpack } from '../../src/sagemaker/pull/unpack.js';
import { openSafetensors } from '../../src/t5/safetensors.js';
import { type TarEntry, tarOf } from './fake/tarball.js';

const fixture = (name: string): string => new URL(`../fixtures/${name}`, import.meta.url).pathname;
const torch = (name: string): string => fixture(`sagemaker/torch/${name}`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pull-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('PyTorch weights', () => {
  it('become safetensors of the same values in every type', async () => {
    const to = join(folder, 'types.safetensors');
    const { names, aliases } = await convertTorchFile(torch('types.bin'), to);
    expect(aliases).toEqual([]);
    const file = await openSafetensors(to);
    const values = async (name: string) => [...(await file.read(name)).data];
    expect(await values('f32')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(file.entry('f32').shape).toEqual([2, 3]);
    expect(await values('f16')).toEqual([0, 1, 2, 3]);
    expect(file.entry('f16').dtype).toBe('F16');
    expect(await values('bf16')).toEqual([0, 1, 2, 3]);
    expect(file.entry('bf16').dtype).toBe('BF16');
    expect(file.entry('i64')).toMatchObject({ dtype: 'I64', shape: [3] });
    expect(file.entry('flag')).toMatchObject({ dtype: 'BOOL', shape: [2] });
    expect(await values('scalar')).toEqual([2.5]);
    expect(file.entry('scalar').shape).toEqual([]);
    expect(await values('slice')).toEqual([2, 4, 6]);
    expect(file.entry('empty')).toMatchObject({ shape: [0, 4], length: 0 });
    expect(await values('parameter')).toEqual([1, 1]);
    expect(names).toHaveLength(9);
    await file.close();
  });

  it('of a T5 keep the shared embedding once, and views in their order', async () => {
    const to = join(folder, 'model.safetensors');
    const { aliases } = await convertTorchFile(torch('pytorch_model.bin'), to);
    expect([...aliases].sort()).toEqual(['decoder.embed_tokens.weight', 'encoder.embed_tokens.weight']);
    const ours = await openSafetensors(to);
    const reference = await openSafetensors(fixture('t5/gated/model.safetensors'));
    for (const name of reference.names) expect(await ours.read(name), name).toEqual(await reference.read(name));
    await ours.close();
    await reference.close();
  });

  it('are refused when they would run something, and run nothing', async () => {
    await expect(openTorchFile(torch('evil.bin'))).rejects.toThrow(/names posix\.system, which is no tensor/);
    await expect(stat('/tmp/evil')).rejects.toThrow();
  });

  it('are refused in the format before PyTorch 1.6, and when they are damaged', async () => {
    await expect(openTorchFile(torch('legacy.bin'))).rejects.toThrow(/not a file of PyTorch weights/);
    const bytes = await readFile(torch('types.bin'));
    const cut = join(folder, 'cut.bin');
    await writeFile(cut, bytes.subarray(0, bytes.length - 400));
    await expect(openTorchFile(cut)).rejects.toThrow(/not a file of PyTorch weights/);
    await expect(openTorchFile(join(folder, 'none.bin'))).rejects.toThrow(/no such file/);
  });
});

describe('a pickle', () => {
  const read = (...bytes: (number | string)[]): unknown =>
    unpickle(
      Buffer.concat(
        bytes.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))),
      ),
      new Map([['a.List', (...items: unknown[]) => items]]),
      (id) => ({ id }),
    );

  it('builds plain values', () => {
    // pickle.dumps({'a': [1, -2, 3.5, None, True], 'b': (1, 2, 3)}, 2)
    const bytes =
      '\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\x00\x00\x00\x00\x00\x00N\x88eX\x01\x00\x00\x00bq\x03K\x01K\x02K\x03\x87q\x04u.';
    expect(read(bytes)).toEqual(
      new Map<string, unknown>([
        ['a', [1, -2, 3.5, null, true]],
        ['b', [1, 2, 3]],
      ]),
    );
  });

  it.each([
    ['an unknown name', 'cos\nsystem\n.'],
    ['a call of a value', 'K\x01)R.'],
    ['an opcode of old protocols', 'I1\n.'],
    ['a value from nowhere', '.'],
    ['a memo never kept', 'h\x05.'],
    ['a missing end', 'K\x01'],
    ['a text longer than the file', 'X\xff\xff\xff\x7fa.'],
    ['attributes of a list', ']}b.'],
    ['an instance', '(ia\nb\n.'],
  ])('with %s is refused', (_, bytes) => {
    expect(() => read(bytes)).toThrow(PickleError);
  });
});

describe('an archive', () => {
  const packed = async (entries: readonly TarEntry[]): Promise<string> => {
    const path = join(folder, 'model.tar.gz');
    await writeFile(path, gzipSync(tarOf(entries)));
    return path;
  };
  const body = Buffer.from('x');

  it('unpacks files and folders', async () => {
    const archive = await packed([
      { name: './', type: '5' },
      { name: './a/b.txt', body },
      { name: 'c.txt', body },
    ]);
    expect(await unpack(archive, join(folder, 'out'))).toEqual(['a/b.txt', 'c.txt']);
    expect(await readFile(join(folder, 'out/a/b.txt'), 'utf8')).toBe('x');
  });

  it.each<[string, TarEntry]>([
    ['a name that climbs out', { name: '../evil.txt', body }],
    ['a name that climbs out further in', { name: 'a/../../evil.txt', body }],
    ['an absolute name', { name: '/tmp/evil.txt', body }],
    ['a symbolic link', { name: 'link', type: '2', link: '/etc/passwd' }],
    ['a hard link', { name: 'link', type: '1', link: 'c.txt' }],
    ['a device', { name: 'null', type: '3' }],
  ])('with %s is refused', async (_, entry) => {
    const archive = await packed([{ name: 'c.txt', body }, entry]);
    await expect(unpack(archive, join(folder, 'out'))).rejects.toThrow(/holds what a model does not/);
    expect(await readdir(folder)).not.toContain('evil.txt');
  });

  it('that is cut off is refused', async () => {
    const archive = await packed([{ name: 'c.txt', body: Buffer.alloc(100_000, 'y') }]);
    const whole = await readFile(archive);
    await writeFile(archive, whole.subarray(0, whole.length - 20));
    await expect(unpack(archive, join(folder, 'out'))).rejects.toThrow(/damaged/);
  });

  it('has safe names only where they stay inside', () => {
    expect(safeName('./code//inference.py')).toBe('code/inference.py');
    for (const name of ['..', 'a/..', 'C:/x', 'a\\..\\b', '/x', 'a\0b']) expect(safeName(name), name).toBeUndefined();
  });
});

describe('a model directory', () => {
  const raw = () => join(folder, 'raw');
  const made = () => join(folder, 'model');
  const place = async (name: string, from: string | Buffer): Promise<void> => {
    await mkdir(join(raw(), name, '..'), { recursive: true });
    if (typeof from === 'string') await cp(from, join(raw(), name));
    else await writeFile(join(raw(), name), from);
  };
  beforeEach(async () => {
    await place('config.json', fixture('t5/gated/config.json'));
    await place('tokenizer.json', fixture('t5-text/tokenizer.json'));
  });

  it('takes the model out of a deeper folder, with its prompt, and leaves code out', async () => {
    const deeper = join(folder, 'deeper');
    await mkdir(deeper);
    await place('model.safetensors', fixture('t5/gated/model.safetensors'));
    await cp(raw(), join(deeper, 'model'), { recursive: true });
    await mkdir(join(deeper, 'model/code'));
    await writeFile(join(deeper, 'model/code/config.json'), '{}');
    const result = await makeModelDirectory(deeper, made(), parsePrompt('{findings}'));
    expect(result.files).toEqual(['config.json', 'model.safetensors', 'prompt.json', 'tokenizer.json']);
    expect(result.left).toEqual(['model/code/config.json']);
    expect(await checkModelDirectory(made())).toEqual({ tensors: 52, values: 74368 });
  });

  it('has shards and an index of them where PyTorch had', async () => {
    await place('pytorch_model-00001-of-00002.bin', torch('pytorch_model.bin'));
    await place('pytorch_model-00002-of-00002.bin', torch('types.bin'));
    await place('pytorch_model.bin.index.json', Buffer.from('{}'));
    const result = await makeModelDirectory(raw(), made(), undefined);
    expect(result.files).toContain('model.safetensors.index.json');
    const file = await openSafetensors(made());
    expect(file.has('shared.weight')).toBe(true);
    expect(file.has('bf16')).toBe(true);
    await file.close();
  });

  it('of an adapter names its base', async () => {
    await rm(join(raw(), 'config.json'));
    await place('adapter_config.json', Buffer.from('{"base_model_name_or_path": "google/flan-t5-xl"}'));
    await place('adapter_model.bin', torch('types.bin'));
    const result = await makeModelDirectory(raw(), made(), undefined);
    expect(result).toMatchObject({ kind: 'adapter', converted: ['adapter_model.safetensors'] });
    expect(await adapterBase(made())).toBe('google/flan-t5-xl');
  });

  it('is refused without weights, without tokenizer, or with weights that do not fit', async () => {
    await expect(makeModelDirectory(raw(), made(), undefined)).rejects.toThrow(/no weights/);
    await place('model.safetensors', fixture('t5/relu/model.safetensors'));
    await makeModelDirectory(raw(), made(), undefined);
    await expect(checkModelDirectory(made())).rejects.toThrow(/no tensor|does not fit/);
    await rm(join(made(), 'tokenizer.json'));
    await expect(checkModelDirectory(made())).rejects.toThrow(/no tokenizer\.json/);
  });

  it('is refused when training diverged', async () => {
    await place('model.safetensors', fixture('t5/gated/model.safetensors'));
    const path = join(raw(), 'model.safetensors');
    const bytes = await readFile(path);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(path, bytes);
    await makeModelDirectory(raw(), made(), undefined);
    await expect(checkModelDirectory(made())).rejects.toThrow(/no numbers/);
  });
});
