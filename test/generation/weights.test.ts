import { chmod, cp, mkdtemp, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/generation/decoder.js';
import { Lanes } from '../../src/generation/lanes.js';
import type { WeightFormat } from '../../src/generation/memory.js';
import { type DrafterModel, prepareDecoder } from '../../src/generation/prepare.js';
import { readModel } from '../../src/models/directory.js';
import { openStoredModel, quantisedWeights } from '../../src/models/stored.js';
import type { FilePlace } from '../../src/tensors/index.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'impressionist-weights-'));
  await cp(FIXTURE, directory, { recursive: true });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const INPUT = [62, 896, 283, 750, 311, 12, 1];

/** Log-probabilities of the first token after the start token. */
const firstScores = async (model: DrafterModel, weights: WeightFormat): Promise<Float32Array> => {
  const decoder: Decoder = await prepareDecoder(model, { weights, threads: 1 });
  const lanes = new Lanes(decoder);
  await lanes.add([INPUT]);
  const [[{ logits, normaliser }]] = await lanes.step([[{ token: 0, path: 0 }]]);
  const scores = logits.map((logit) => logit - normaliser);
  await decoder.release();
  return scores;
};

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length);

describe('rounded weights', () => {
  it('give nearly the scores of float32, the closer the more bits; from disk the same as in memory', async () => {
    const [stored, held] = [await openStoredModel(directory), await readModel(directory)];
    const exact = await firstScores(held, 'float32');
    expect(distance(await firstScores(stored, 'float32'), exact)).toBe(0);
    const off: number[] = [];
    for (const weights of ['int8', 'int4'] as const) {
      const scores = await firstScores(held, weights);
      off.push(distance(scores, exact));
      expect(distance(await firstScores(stored, weights), scores)).toBe(0);
    }
    const spread = distance(
      exact,
      exact.map(() => exact.reduce((a, b) => a + b, 0) / exact.length),
    );
    expect(off[0]).toBeLessThan(0.1 * spread);
    expect(off[1]).toBeLessThan(0.9 * spread);
    expect(off[0]).toBeGreaterThan(0);
    expect(off[1]).toBeGreaterThan(off[0]);
  });

  it('are made once, and anew when the model has changed', async () => {
    const model = await openStoredModel(directory);
    const file = join(directory, 'model.int4.safetensors');
    await quantisedWeights(model, 4);
    const made = await stat(file);
    await quantisedWeights(model, 4, () => expect.unreachable('was made again'));
    expect((await stat(file)).ino).toBe(made.ino);
    const later = new Date(Date.now() + 60_000);
    await utimes(join(directory, 'model.safetensors'), later, later);
    let share = 0;
    await quantisedWeights(model, 4, (done) => {
      share = done;
    });
    expect(share).toBe(1);
  });

  it('lie side by side in their file where one input is multiplied with them, so that they are read as one', async () => {
    const { quantised } = await quantisedWeights(await openStoredModel(directory), 8);
    const placesOf = (part: string, letters: readonly string[]) =>
      letters.map((letter) => quantised.get(`decoder.block.0.layer.${part}.${letter}.weight`)!);
    for (const matrices of [placesOf('0.SelfAttention', ['q', 'k', 'v']), placesOf('1.EncDecAttention', ['k', 'v'])]) {
      for (const kind of ['blocks', 'scales'] as const) {
        const places = matrices.map((matrix) => matrix[kind] as FilePlace);
        for (const [i, { offset }] of places.slice(1).entries())
          expect(offset).toBe(places[i].offset + places[i].length);
      }
    }
  });

  it('go to the user’s cache folder where the model’s may not be written', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'impressionist-cache-'));
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = cache;
    const copy = join(cache, 'model');
    try {
      await cp(FIXTURE, copy, { recursive: true });
      await chmod(copy, 0o555);
      const { quantised } = await quantisedWeights(await openStoredModel(copy), 8);
      const { blocks } = quantised.get('lm_head.weight') ?? [...quantised.values()][0];
      const file = (blocks as { file: string }).file;
      // A superuser may write anywhere, and then it stays beside the model.
      const asRoot = process.getuid?.() === 0;
      expect(file.startsWith(asRoot ? copy : join(cache, 'impressionist'))).toBe(true);
      expect((await readFile(file)).length).toBeGreaterThan(0);
    } finally {
      await chmod(copy, 0o755);
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
      await rm(cache, { recursive: true, force: true });
    }
  });
});
