import { describe, expect, it } from 'vitest';
import { decode, encode, head } from '../../src/t5/forward.js';
import { frozenParameters } from '../../src/t5/parameters.js';
import { bucketsByDistance } from '../../src/t5/positions.js';
import { compile, Graph, geluNew, type Tensor, type Value } from '../../src/tensors/index.js';
import { difference, fixture, readBatch, readJson, readModel, readTensors } from './oracle.js';

const runForward = async (name: string, batchName: string) => {
  const { config, tensors, ownHead } = await readModel(name);
  const batch = await readBatch(name, batchName);
  const graph = new Graph();
  const model = { graph, config, ownHead, dropout: 0, parameters: frozenParameters(graph, tensors) };
  const ids = graph.input('ids', 'int64', ['batch', 'input']);
  const mask = graph.input('mask', 'int64', ['batch', 'input']);
  const decoderIds = graph.input('decoderIds', 'int64', ['batch', 'target']);
  const encoderLayers: Tensor[] = [];
  const decoderLayers: Tensor[] = [];
  const encoder_hidden = encode(model, ids, mask, { layers: encoderLayers });
  const decoder_hidden = decode(model, decoderIds, encoder_hidden, mask, { layers: decoderLayers });
  const program = await compile(graph, {
    encoder_hidden,
    decoder_hidden,
    logits: head(model, decoder_hidden),
    encoder_layer0: encoderLayers[0],
    encoder_layer1: encoderLayers[1],
    decoder_layer0: decoderLayers[0],
    decoder_layer1: decoderLayers[1],
  });
  const result = await program.run(
    new Map<string, Value>([
      ['ids', { data: batch.inputIds, dims: [batch.size, batch.inputTokens] }],
      ['mask', { data: batch.attentionMask, dims: [batch.size, batch.inputTokens] }],
      ['decoderIds', { data: batch.decoderInputIds, dims: [batch.size, batch.targetTokens] }],
    ]),
  );
  await program.release();
  return result as Record<string, Value>;
};

// The reference's own float32 noise against float64 is 1e-5 (encoder) and 4e-5 (logits).
const TOLERANCE: Record<string, number> = { encoder: 2e-5, decoder: 4e-5, logits: 5e-5 };

describe.each(['gated', 'relu'])('the forward pass of the %s model equals that of Transformers', (name) => {
  it.each(['short', 'long', 'longdec'])('on the batch %s', async (batch) => {
    const result = await runForward(name, batch);
    const expected = await readTensors(fixture(name, 'expected.safetensors'));
    const keys = [...expected.keys()].filter((key) => key.startsWith(`${batch}.`));
    expect(keys.length).toBe(batch === 'short' ? 7 : 3);
    for (const key of keys) {
      const part = key.slice(batch.length + 1);
      const { absolute } = difference(result[part].data as Float32Array, expected.get(key)!);
      expect(absolute, key).toBeLessThan(TOLERANCE[part.split('_')[0]]);
    }
  });
});

it('relative positions fall into the buckets of Transformers', async () => {
  const { first_relative_position, bidirectional, causal } = await readJson(fixture('buckets.json'));
  const positions: number[] = bidirectional.map((_: number, i: number) => first_relative_position + i);
  const at = (edges: number[], distance: number): number => edges[Math.min(distance, edges.length - 1)];
  const both = bucketsByDistance(16, 128);
  const one = bucketsByDistance(32, 128);
  expect(positions.map((position) => at(both, Math.abs(position)) + (position > 0 ? 16 : 0))).toEqual(bidirectional);
  expect(positions.map((position) => at(one, Math.max(-position, 0)))).toEqual(causal);
});

it('geluNew equals Transformers’ gelu_new', async () => {
  const { x, gelu_new: y } = await readJson(fixture('gelu_new.json'));
  const graph = new Graph();
  const program = await compile(graph, { y: geluNew(graph.input('x', 'float32', ['n'])) });
  const result = await program.run(new Map([['x', { data: Float32Array.from(x), dims: [x.length] }]]));
  expect(difference(result.y.data as Float32Array, y).absolute).toBeLessThan(2e-6);
});
