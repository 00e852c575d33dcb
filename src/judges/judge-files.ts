/**
 * @file Where a judge lies: an ONNX file as the user names it, or the folder in which Optimum put it, with the tokenizer
 * beside it. Nothing is downloaded.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readFailure } from '../ground/durable.js';
import { Failure, systemCode } from '../ground/failure.js';
import { type EncoderTokenizer, encoderTokenizer } from './tokenizer.js';

/** A judge's files, read but for the weights. */
export interface JudgeFiles {
  /** The ONNX file's path. */
  readonly onnx: string;
  readonly tokenizer: EncoderTokenizer;
  /** Tokens of a text that the model reads at most. */
  readonly maxTokens: number;
  /** Layers of the encoder, where `config.json` says it. */
  readonly layers?: number;
}

/** What BERT and RoBERTa read where no file says it. */
const usualMaxTokens = 512;

const configSchema = z.looseObject({
  max_position_embeddings: z.int().min(4).optional(),
  num_hidden_layers: z.int().min(0).optional(),
  pad_token_id: z.int().min(0).nullish(),
  model_type: z.string().optional(),
});
const tokenizerConfigSchema = z.looseObject({ model_max_length: z.number().min(3).optional() });

/**
 * Finds and reads the files.
 *
 * @param path An ONNX file whose tokenizer lies beside it or one folder up; or a folder that holds one ONNX file, or
 * `model.onnx` among several, itself or in its `onnx/`.
 * @throws {Failure} When something is missing, in doubt or damaged.
 */
export const readJudgeFiles = async (path: string): Promise<JudgeFiles> => {
  const onnx = await findOnnx(path);
  const folders = [dirname(onnx), dirname(dirname(onnx))];
  const read = async (name: string): Promise<{ where: string; json: unknown } | undefined> => {
    for (const folder of folders) {
      const where = join(folder, name);
      try {
        return { where, json: parse(await readFile(where, 'utf8'), where) };
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw readFailure(where, error);
      }
    }
    return undefined;
  };
  const tokenizer = await read('tokenizer.json');
  if (tokenizer === undefined)
    throw new Failure({
      what: 'no tokenizer.json',
      where: folders[0],
      fix: 'put it beside the ONNX file: AutoTokenizer.from_pretrained(MODEL).save_pretrained(DIR) in Transformers writes it',
    });
  const tokenizerConfig = checked(tokenizerConfigSchema, await read('tokenizer_config.json')) ?? {};
  const config = checked(configSchema, await read('config.json')) ?? {};
  const positions = config.max_position_embeddings;
  // RoBERTa's positions begin behind that of padding.
  const offset = config.model_type?.includes('roberta') ? (config.pad_token_id ?? 1) + 1 : 0;
  return {
    onnx,
    tokenizer: encoderTokenizer(tokenizer.json, tokenizerConfig, tokenizer.where),
    maxTokens: Math.min(
      positions === undefined ? usualMaxTokens : positions - offset,
      tokenizerConfig.model_max_length ?? Number.POSITIVE_INFINITY,
    ),
    layers: config.num_hidden_layers,
  };
};

const parse = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure({ what: 'not JSON', where, fix: 'download or save the file again' }, { cause: error });
  }
};

const checked = <T>(schema: z.ZodType<T>, file: { where: string; json: unknown } | undefined): T | undefined => {
  if (file === undefined) return undefined;
  const result = schema.safeParse(file.json);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new Failure({
    what: `damaged ${basename(file.where)}`,
    where: file.where,
    got: `${path.join('.') || 'the whole'}: ${message}`,
    fix: 'give the file that Transformers saves',
  });
};

const findOnnx = async (path: string): Promise<string> => {
  const known = await stat(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  if (!known.isDirectory()) return path;
  for (const folder of [path, join(path, 'onnx')]) {
    const names = await readdir(folder).catch((): string[] => []);
    const found = names.filter((name) => name.endsWith('.onnx')).sort();
    const chosen = found.length === 1 ? found[0] : found.find((name) => name === 'model.onnx');
    if (chosen !== undefined) return join(folder, chosen);
    if (found.length > 1)
      throw new Failure({ what: 'several ONNX files', where: folder, got: found.join(' '), fix: 'name one of them' });
  }
  throw new Failure({
    what: 'no ONNX file',
    where: path,
    fix: 'export the model: optimum-cli export onnx --task feature-extraction --model MODEL DIR',
  });
};

/** The SHA-256 of a file, in hexadecimal; read in pieces, since weights may be large. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
};
