/** @file Unpacks the tiny judges of test/fixtures/judges, and reads what trusted references said of them. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';
import type { TextPair } from '../../src/evaluation/judges.js';

const folder = join(import.meta.dirname, '..', 'fixtures', 'judges');

type Scores = readonly (readonly [precision: number, recall: number, f1: number])[];

export interface Expected {
  readonly pairs: readonly TextPair[];
  readonly bertscore: readonly {
    readonly model: 'bert' | 'roberta';
    readonly layer: number;
    readonly idf: boolean;
    readonly scores: Scores;
    readonly rescaled: Scores;
  }[];
  readonly chexbert: { readonly texts: readonly string[]; readonly classes: readonly (readonly number[])[] };
}

export interface Tokens {
  readonly texts: readonly string[];
  readonly bert: readonly (readonly number[])[];
  readonly roberta: readonly (readonly number[])[];
}

export const readExpected = async (): Promise<Expected> =>
  JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8'));

export const readTokens = async (): Promise<Tokens> =>
  JSON.parse(gunzipSync(await readFile(join(folder, 'tokens.json.gz'))).toString());

/** The judges as a user has them, in a folder that goes when the tests are done. */
export const unpackedJudges = (): { readonly path: (...names: string[]) => string } => {
  let at = '';
  beforeAll(async () => {
    at = await mkdtemp(join(tmpdir(), 'judges-'));
    await cp(folder, at, { recursive: true });
    for (const name of ['bert/model.onnx', 'bert/chexbert.onnx', 'roberta/model.onnx'])
      await writeFile(join(at, name), gunzipSync(await readFile(join(at, `${name}.gz`))));
  });
  afterAll(() => rm(at, { recursive: true }));
  return { path: (...names) => join(at, ...names) };
};
