/** @file Which model it was: a name for people and a fingerprint over all files that decide what is drafted. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Files that change drafts. A model card or a licence beside them does not. */
const DECIDING =
  /^(config|tokenizer|tokenizer_config|special_tokens_map|prompt|adapter_config|generation_config|similar)\.json$|\.safetensors(\.index\.json)?$/;

/**
 * Names and fingerprints a model directory.
 *
 * @returns `name`: the directory's own name, with the run's before it where it is only `model`. `fingerprint`: SHA-256
 *   over the names and contents of the deciding files in order of their names, as hexadecimal digits.
 * @example await identify('runs/first/model') // { name: 'first/model', fingerprint: '9f2c…' }
 */
export const identify = async (directory: string): Promise<{ name: string; fingerprint: string }> => {
  const path = resolve(directory);
  const own = basename(path);
  const name = own === 'model' ? `${basename(dirname(path))}/${own}` : own;
  const hash = createHash('sha256');
  for (const file of (await readdir(path)).filter((each) => DECIDING.test(each)).sort()) {
    hash.update(`${file}\0`);
    for await (const chunk of createReadStream(join(path, file), { highWaterMark: 1 << 20 })) hash.update(chunk);
  }
  return { name, fingerprint: hash.digest('hex') };
};
