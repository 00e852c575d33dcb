import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/generation/decode.js';
import { buildDecoder, buildLiveDecoder, type Decoder } from '../../src/generation/decoder.js';
import { adaptedMatrices, initialAdapter, mergeAdapter } from '../../src/t5/lora.js';
import { dequantiseMatrix, quantiseMatrix } from '../../src/t5/quantisation.js';
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

  it.each([4, 8] as const)(
    'follows an adapter over %i bits as it would the merged, dequantised model',
    async (bits) => {
      const { model, unpadded } = await ready;
      const { config, weights, ownHead } = model;
      const quantised = new Map(
        [...adaptedMatrices(config, ['all'])].map(([key, [rows, columns]]) => [
          key,
          quantiseMatrix(weights.get(key)!.data, [rows, columns], bits),
        ]),
      );
      const rest = new Map([...weights].filter(([key]) => !quantised.has(key)));
      const dense = new Map([
        ...rest,
        ...[...quantised].map(([key, each]) => [key, { shape: each.shape, data: dequantiseMatrix(each) }] as const),
      ]);
      const adapter = initialAdapter(config, { r: 4, alpha: 8, targets: ['q', 'wo'] }, 1);
      const live = createEngine(
        await buildLiveDecoder({ config, ownHead, weights: rest, quantised }, { threads: 1 }, adapter),
        { maxNewTokens: 20 },
      );
      const before = await live.decodeAll(unpadded('gen'));
      // As training does: the same arrays, other numbers.
      for (const [key, { data }] of adapter.weights)
        if (key.includes('lora_B')) for (let i = 0; i < data.length; i++) data[i] = Math.sin(i) / 3;
      const merged = createEngine(
        await buildDecoder({ config, ownHead, weights: mergeAdapter(dense, adapter) }, { threads: 1 }),
        { maxNewTokens: 20 },
      );
      const [found, expected] = [await live.decodeAll(unpadded('gen')), await merged.decodeAll(unpadded('gen'))];
      expect(found.map(([{ ids }]) => ids)).toEqual(expected.map(([{ ids }]) => ids));
      for (const [i, [{ score }]] of found.entries()) expect(Math.abs(score - expected[i][0].score)).toBeLessThan(1e-4);
      expect(found.map(([{ score }]) => score)).not.toEqual(before.map(([{ score }]) => score));
      await live.release();
      await merged.release();
    },
  );

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
