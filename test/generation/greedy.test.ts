import { describe, expect, it } from 'vitest';
import { buildDecoder, buildLiveDecoder } from '../../src/generation/decoder.js';
import { decodeGreedily, type GreedyOptions } from '../../src/generation/greedy.js';
import { fixture, readJson, readModel } from '../t5/oracle.js';

interface Case {
  arguments: Record<string, number | string>;
  sequences: number[][][];
}

const NAMES: Record<string, keyof GreedyOptions> = {
  max_new_tokens: 'maxNewTokens',
  no_repeat_ngram_size: 'noRepeatNgram',
  repetition_penalty: 'repetitionPenalty',
  min_new_tokens: 'minNewTokens',
};

const read = async (name: string) => {
  const { tensors: weights, ...model } = await readModel(name);
  const inputs = await readJson(fixture(name, 'inputs.json'));
  const unpadded = (batch: string): number[][] =>
    inputs[batch].input_ids.map((row: number[], i: number) =>
      row.filter((_, j) => inputs[batch].attention_mask[i][j] === 1),
    );
  const cases: [string, Case][] = Object.entries(await readJson(fixture(name, 'generate.json')));
  return { model: { ...model, weights }, unpadded, greedy: cases.filter(([key]) => key.startsWith('greedy')) };
};

describe.each(['gated', 'relu'])('greedy decoding of the %s model', (name) => {
  it('gives the tokens of Transformers’ generate in every case, whatever the batch size', async () => {
    const { model, unpadded, greedy } = await read(name);
    expect(greedy.length).toBe(7);
    const decoder = await buildDecoder(model);
    for (const [key, { arguments: given, sequences }] of greedy) {
      const options = Object.fromEntries(
        Object.entries(given).flatMap(([option, value]) => (option in NAMES ? [[NAMES[option], value]] : [])),
      );
      for (const batchSize of [1, 4, 8]) {
        const outputs = await decodeGreedily(decoder, unpadded(String(given.on)), {
          ...options,
          batchSize,
        } as unknown as GreedyOptions);
        expect(
          outputs.map(({ ids }) => [ids]),
          `${key}, batches of ${batchSize}`,
        ).toEqual(sequences);
        expect(outputs.map(({ truncated }) => truncated)).toEqual(sequences.map(([ids]) => ids.at(-1) !== 1));
      }
    }
    await decoder.release();
  });

  it('goes on past the cache’s first capacity as a decoder without a cache would', async () => {
    const { model, unpadded } = await read(name);
    const live = await buildLiveDecoder(model);
    const decoder = await buildDecoder(model);
    const options = { maxNewTokens: 70, batchSize: 3, minNewTokens: 70 };
    const outputs = await decodeGreedily(decoder, unpadded('gen'), options);
    expect(outputs.map(({ ids }) => ids.length)).toEqual([70, 70, 70, 70, 70, 70]);
    expect(await decodeGreedily(live, unpadded('gen'), options)).toEqual(outputs);
    await live.release();
    await decoder.release();
  });
});
