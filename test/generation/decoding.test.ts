import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/generation/decode.js';
import { buildDecoder, buildLiveDecoder, type Decoder } from '../../src/generation/decoder.js';
import { readCases } from './reference.js';

/** One compiled decoder for many engines, each of which would release it. */
const shared = (decoder: Decoder): Decoder => ({ ...decoder, release: async () => undefined });

describe.each(['gated', 'relu'])('decoding with the %s model', (name) => {
  const ready = readCases(name).then(async (read) => ({
    ...read,
    decoder: await buildDecoder(read.model, { threads: 1 }),
  }));
  afterAll(async () => (await ready).decoder.release());

  it('gives the tokens and scores of Transformers’ generate in every case, whatever the batch size', async () => {
    const { cases, decoder } = await ready;
    expect(cases.length).toBe(17);
    for (const { name: key, options, inputs, sequences, scores } of cases) {
      for (const batchSize of [1, 4]) {
        const engine = createEngine(shared(decoder), { ...options, batchSize });
        const outputs = await engine.decodeAll(inputs);
        const where = `${key}, ${batchSize} together`;
        expect(
          outputs.map((row) => row.map(({ ids }) => ids)),
          where,
        ).toEqual(sequences);
        expect(outputs.map((row) => row.map(({ truncated }) => truncated))).toEqual(
          sequences.map((row) => row.map((ids) => ids.at(-1) !== 1)),
        );
        outputs.forEach((row, i) => {
          row.forEach(({ score }, k) => {
            if (scores !== undefined) expect(Math.abs(score - scores[i][k]), where).toBeLessThan(1e-4);
          });
        });
      }
    }
  });

  it('goes on past the cache’s first capacity as a decoder that is fed its weights would', async () => {
    const { model, unpadded, decoder } = await ready;
    const live = await buildLiveDecoder(model, { threads: 1 });
    const options = { maxNewTokens: 70, batchSize: 3, minNewTokens: 70 };
    const outputs = await createEngine(shared(decoder), options).decodeAll(unpadded('gen'));
    expect(outputs.map(([{ ids }]) => ids.length)).toEqual([70, 70, 70, 70, 70, 70]);
    const engine = createEngine(live, options);
    expect(await engine.decodeAll(unpadded('gen'))).toEqual(outputs);
    await engine.release();
  });

  it('guessing ahead changes the number of passes and no token', async () => {
    const { unpadded, decoder } = await ready;
    // A second round finds the first one's drafts remembered, so that guesses come and are right.
    const inputs = [...unpadded('gen'), ...unpadded('gen')];
    const plain = createEngine(shared(decoder), { maxNewTokens: 40, copyTokens: 0, batchSize: 1 });
    const expected = (await plain.decodeAll(inputs)).map(([{ ids }]) => ids);
    expect(plain.counts.passes).toBe(plain.counts.tokens);
    for (const batchSize of [1, 3]) {
      for (const copyTokens of [1, 3, 8]) {
        const engine = createEngine(shared(decoder), { maxNewTokens: 40, copyTokens, batchSize });
        expect((await engine.decodeAll(inputs)).map(([{ ids }]) => ids)).toEqual(expected);
        expect(engine.counts.tokens).toBe(plain.counts.tokens);
        expect(engine.counts.passes).toBeLessThan(plain.counts.passes * (batchSize === 1 ? 0.8 : 1));
      }
    }
  });
});
