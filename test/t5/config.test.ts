/** @file Reading and writing a T5's config.json. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { configJson, makeConfig, parseConfig, readConfig } from '../../src/t5/config.js';
import { portableWeights } from '../../src/t5/portable.js';

const gated = JSON.parse(await readFile('test/fixtures/t5/gated/config.json', 'utf8'));
const relu = JSON.parse(await readFile('test/fixtures/t5/relu/config.json', 'utf8'));
const { tie_word_embeddings: _, ...untold } = gated;

describe('reading config.json', () => {
  it('understands a v1.1 model of Transformers 4', async () => {
    expect(await readConfig('test/fixtures/t5/gated')).toMatchObject({
      vocabSize: 384,
      dModel: 32,
      dKv: 8,
      dFf: 64,
      numLayers: 2,
      numDecoderLayers: 2,
      numHeads: 4,
      relativeAttentionNumBuckets: 32,
      relativeAttentionMaxDistance: 128,
      layerNormEpsilon: 1e-6,
      dropoutRate: 0,
      feedForwardProj: 'gated-gelu',
      padTokenId: 0,
      eosTokenId: 1,
      decoderStartTokenId: 0,
      tieWordEmbeddings: false,
      scaleDecoderOutputs: false,
    });
  });

  it('takes an absent tie_word_embeddings for true, as Transformers 4 leaves it out', () => {
    const config = parseConfig(relu, 'config.json');
    expect(config.tieWordEmbeddings).toBeUndefined();
    expect(config.scaleDecoderOutputs).toBe(true);
    expect(config.feedForwardProj).toBe('relu');
  });

  it('follows scale_decoder_outputs of Transformers 5 where it stands', () => {
    const five = parseConfig({ ...untold, tie_word_embeddings: true, scale_decoder_outputs: false }, 'config.json');
    expect(five.scaleDecoderOutputs).toBe(false);
    expect(five.tieWordEmbeddings).toBe(true);
  });

  it("fills in Transformers' defaults, and as many decoder as encoder layers", () => {
    const config = parseConfig({ model_type: 't5', num_layers: 3, num_decoder_layers: null }, 'config.json');
    expect(config).toMatchObject({
      vocabSize: 32128,
      numDecoderLayers: 3,
      numHeads: 8,
      relativeAttentionMaxDistance: 128,
      layerNormEpsilon: 1e-6,
      decoderStartTokenId: 0,
      feedForwardProj: 'relu',
    });
  });

  it.each([
    [{ ...gated, model_type: 'bart' }, /not a T5 model.*bart/],
    [{ d_model: 8 }, /not a model configuration/],
    [[1], /not a model configuration/],
    [{ ...gated, d_model: '32' }, /wrong value of d_model/],
    [{ ...gated, num_heads: 0 }, /wrong value of num_heads/],
    [{ ...untold, dense_act_fn: undefined, is_gated_act: undefined, feed_forward_proj: 'gelu' }, /"gelu".*"relu"/],
    [{ ...untold, dense_act_fn: undefined, is_gated_act: undefined, feed_forward_proj: 'gated-silu' }, /gated-silu/],
    [{ ...gated, dense_act_fn: 'gelu' }, /activation gelu, gated/],
    [{ ...gated, is_gated_act: false }, /activation gelu_new, not gated/],
    [{ ...gated, eos_token_id: [1, 5] }, /wrong value of eos_token_id/],
  ])('refuses what it cannot run: %#', (json, message) => {
    expect(() => parseConfig(json, 'config.json')).toThrow(Failure);
    expect(() => parseConfig(json, 'config.json')).toThrow(message);
  });

  it('says what is wrong with a missing or broken file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'config-'));
    await expect(readConfig(directory)).rejects.toThrow(/no such file/);
    await writeFile(join(directory, 'config.json'), '{"model_type": ');
    await expect(readConfig(directory)).rejects.toThrow(/not JSON/);
  });
});

describe('writing config.json', () => {
  it('gives both versions of Transformers the same answer, and keeps keys it does not know', () => {
    const five = parseConfig(
      { ...untold, tie_word_embeddings: true, scale_decoder_outputs: false, task_specific_params: { a: [1] } },
      'x',
    );
    const written = JSON.parse(configJson(five));
    expect(written).toMatchObject({ tie_word_embeddings: false, scale_decoder_outputs: false });
    expect(written.task_specific_params).toEqual({ a: [1] });
    expect(JSON.parse(configJson(parseConfig(relu, 'x')))).toMatchObject({
      tie_word_embeddings: true,
      scale_decoder_outputs: true,
    });
  });

  it('loses nothing of what was read, and reads back the same', () => {
    const config = parseConfig(gated, 'x');
    const written = JSON.parse(configJson(config));
    expect(written).toMatchObject(gated);
    expect(parseConfig(written, 'x')).toEqual({ ...config, source: written });
  });

  it('writes floats as floats, which Python tells from integers', () => {
    const text = configJson(parseConfig(gated, 'x'));
    expect(text).toContain('"initializer_factor": 1.0,\n');
    expect(text).toContain('"dropout_rate": 0.0,\n');
    expect(text).toContain('"num_heads": 4,\n');
  });

  it('describes a model made here', () => {
    const { source: _source, tieWordEmbeddings: _tie, ...parts } = parseConfig(gated, 'x');
    const written = JSON.parse(configJson(makeConfig(parts)));
    expect(written).toMatchObject({ model_type: 't5', architectures: ['T5ForConditionalGeneration'], d_ff: 64 });
  });
});

describe('weights that both versions read alike', () => {
  const config = parseConfig(gated, 'x');
  const tensor = (...values: number[]) => ({ shape: [1, values.length], data: Float32Array.from(values) });

  it('leaves an unscaled model with a head of its own, and a scaled tied one, as they are', () => {
    const untied = new Map([
      ['shared.weight', tensor(1, 2)],
      ['lm_head.weight', tensor(3, 4)],
    ]);
    expect(portableWeights(config, untied)).toEqual({ config, weights: untied });
    const tied = new Map([['shared.weight', tensor(1, 2)]]);
    expect(portableWeights(parseConfig(relu, 'x'), tied).weights).toEqual(tied);
  });

  it('gives an unscaled tied model a copy of the embedding as its head', () => {
    const saved = portableWeights(config, new Map([['shared.weight', tensor(1, 2)]]));
    expect(saved.weights.get('lm_head.weight')).toEqual(tensor(1, 2));
  });

  it("moves the scaling into a scaled model's own head, and drops a head that equals the embedding", () => {
    const scaled = { ...config, dModel: 16, scaleDecoderOutputs: true };
    const own = portableWeights(
      scaled,
      new Map([
        ['shared.weight', tensor(1, 2)],
        ['lm_head.weight', tensor(3, 4)],
      ]),
    );
    expect(own.config.scaleDecoderOutputs).toBe(false);
    expect(own.weights.get('lm_head.weight')).toEqual(tensor(0.75, 1));
    const equal = portableWeights(
      scaled,
      new Map([
        ['shared.weight', tensor(1, 2)],
        ['lm_head.weight', tensor(1, 2)],
      ]),
    );
    expect(equal.config.scaleDecoderOutputs).toBe(true);
    expect([...equal.weights.keys()]).toEqual(['shared.weight']);
  });
});
