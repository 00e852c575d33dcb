import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx } from '../../src/models/export-onnx.js';
import { tinyTokenizer } from '../../src/models/tiny.js';
import { parseConfig } from '../../src/t5/config.js';
import { readCases } from '../generation/reference.js';
import { fixture, readJson, readModel as readReference } from '../t5/oracle.js';

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'impressionist-onnx-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

const open = (model: string, name: string) =>
  ort.InferenceSession.create(join(out, model, 'onnx', `${name}.onnx`), { intraOpNumThreads: 1, logSeverityLevel: 3 });
const ints = (values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
const argmax = (logits: ort.Tensor): number => {
  const data = logits.data as Float32Array;
  const last = data.subarray(data.length - logits.dims[2]);
  return last.indexOf(last.reduce((a, b) => Math.max(a, b)));
};

describe.each(['gated', 'relu'])('the exported %s model', (name) => {
  /** Greedy decoding as Transformers.js and Optimum do it with these files. */
  const decoders = async () => {
    const encoder = await open(name, 'encoder_model');
    const first = await open(name, 'decoder_model');
    const further = await open(name, 'decoder_with_past_model');
    const merged = await open(name, 'decoder_model_merged');
    const encode = async (input: number[]) => {
      const attention_mask = ints(input.map(() => 1));
      const { last_hidden_state } = await encoder.run({ input_ids: ints(input), attention_mask });
      return { encoder_hidden_states: last_hidden_state, encoder_attention_mask: attention_mask };
    };
    const pastOf = (present: ort.InferenceSession.ReturnType) =>
      Object.fromEntries(
        Object.entries(present).flatMap(([key, value]) =>
          key.startsWith('present') ? [[key.replace('present', 'past_key_values'), value]] : [],
        ),
      );
    const apart = async (input: number[], count: number): Promise<number[]> => {
      const { encoder_hidden_states, encoder_attention_mask } = await encode(input);
      let result = await first.run({ input_ids: ints([0]), encoder_hidden_states, encoder_attention_mask });
      let past = pastOf(result);
      const made = [argmax(result.logits)];
      while (made.length < count && made.at(-1) !== 1) {
        result = await further.run({ input_ids: ints(made.slice(-1)), encoder_attention_mask, ...past });
        past = { ...past, ...pastOf(result) };
        made.push(argmax(result.logits));
      }
      return made;
    };
    /** @param dummy Places of the keys and values that are fed, and not to be used, at first. */
    const together = async (input: number[], count: number, dummy: number): Promise<number[]> => {
      const inputs = await encode(input);
      let past: Record<string, ort.Tensor> = Object.fromEntries(
        merged.inputNames
          .filter((each) => each.startsWith('past'))
          .map((each) => [each, new ort.Tensor('float32', new Float32Array(4 * dummy * 8).fill(9), [1, 4, dummy, 8])]),
      );
      const made = [0];
      while (made.length <= count && made.at(-1) !== 1) {
        const use_cache_branch = new ort.Tensor('bool', [made.length > 1], [1]);
        const result = await merged.run({ input_ids: ints(made.slice(-1)), use_cache_branch, ...inputs, ...past });
        past = pastOf(result);
        made.push(argmax(result.logits));
      }
      return made.slice(1);
    };
    return { apart, together };
  };

  it('gives the reference’s greedy tokens, with the decoders apart and merged', async () => {
    const tokenizer = await tinyTokenizer();
    const { tensors, ...model } = await readReference(name);
    await exportOnnx({ ...model, weights: tensors, tokenizer }, join(out, name));
    const { apart, together } = await decoders();
    const { cases } = await readCases(name);
    const { inputs, sequences } = cases.find((each) => each.name === 'greedy24')!;
    for (const [row, input] of inputs.entries()) {
      expect(await apart(input, 24)).toEqual(sequences[row][0]);
      expect(await together(input, 24, 0)).toEqual(sequences[row][0]); // as Transformers.js begins
      expect(await together(input, 24, 1)).toEqual(sequences[row][0]); // as Optimum begins
    }
  });

  it('stands beside its configuration and tokenizer', async () => {
    const files = await readdir(join(out, name), { recursive: true });
    for (const file of ['config.json', 'generation_config.json', 'tokenizer.json', 'onnx/encoder_model.onnx'])
      expect(files).toContain(file);
    const config = parseConfig(await readJson(join(out, name, 'config.json')), 'config.json');
    expect(config.scaleDecoderOutputs).toBe(
      parseConfig(await readJson(fixture(name, 'config.json')), 'config.json').scaleDecoderOutputs,
    );
  });
});
