/**
 * @file A model in the layout that Transformers.js and Optimum load: `onnx/encoder_model.onnx`, `onnx/decoder_model.onnx`
 * (first token), `onnx/decoder_with_past_model.onnx` (further tokens) and `onnx/decoder_model_merged.onnx` (both, chosen
 * by `use_cache_branch`), with the configuration and the tokenizer beside them. Input and output names are Optimum's.
 * Source: Optimum's `T5OnnxConfig`; Transformers.js 4 `modeling_utils.js`.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailure, writeWhole } from '../ground/durable.js';
import { configJson } from '../t5/config.js';
import { crossKeysValues, decodeJoined, encode, head, type KeysValues, type T5 } from '../t5/forward.js';
import { frozenParameters } from '../t5/parameters.js';
import { cast, choose, dimOf, encodeModel, Graph, mul, type Tensor, takeFirst } from '../tensors/index.js';
import { generationConfig, type Model } from './directory.js';

/** Weights of more bytes go into a file beside the graph, since an ONNX file may have at most 2 GB. */
const INLINE_LIMIT = 1.5e9;

type Exported = Pick<Model, 'config' | 'tokenizer' | 'weights' | 'ownHead'>;

/** A graph to be written, by the name of its file. */
interface Part {
  readonly graph: Graph;
  readonly outputs: Record<string, Tensor>;
}

/**
 * Writes a model as ONNX.
 *
 * @param out A folder; made if missing.
 * @param written Called with the path of each graph written.
 * @throws {Failure} When it cannot be written.
 * @example await exportOnnx(await readModel('runs/first/model'), 'exported');
 */
export const exportOnnx = async (model: Exported, out: string, written?: (path: string) => void): Promise<void> => {
  const folder = join(out, 'onnx');
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(folder, error);
  });
  const parts: Record<string, () => Part> = {
    encoder_model: () => encoderPart(model),
    decoder_model: () => firstPart(model),
    decoder_with_past_model: () => furtherPart(model),
    decoder_model_merged: () => mergedPart(model),
  };
  const external: Record<string, number> = {};
  for (const [name, build] of Object.entries(parts)) {
    const { graph, outputs } = build();
    const file = `${name}.onnx`;
    const size = [...graph.initializers.values()].reduce((sum, { data }) => sum + bytesIn(data), 0);
    if (size <= INLINE_LIMIT) {
      await writeWhole(join(folder, file), encodeModel(graph, outputs, { prefix: '', inline: true }).bytes);
    } else {
      const { bytes, externalData } = encodeModel(graph, outputs, { prefix: '', joinedAs: `${file}_data` });
      await writeWhole(
        join(folder, `${file}_data`),
        externalData.map(({ data }) => data),
      );
      await writeWhole(join(folder, file), bytes);
      external[file] = 1;
    }
    written?.(join(folder, file));
  }
  const source = {
    ...model.config.source,
    ...(Object.keys(external).length > 0 ? { 'transformers.js_config': { use_external_data_format: external } } : {}),
  };
  await writeWhole(join(out, 'config.json'), configJson({ ...model.config, source }));
  await writeWhole(join(out, 'generation_config.json'), generationConfig(model.config));
  for (const [name, bytes] of model.tokenizer.files) await writeWhole(join(out, name), bytes);
};

const bytesIn = (data: object): number => ('byteLength' in data ? Number(data.byteLength) : 0);

const describe = ({ config, weights, ownHead }: Exported): T5 => {
  const graph = new Graph();
  return { graph, config, ownHead, dropout: 0, parameters: frozenParameters(graph, weights) };
};

const encoderPart = (model: Exported): Part => {
  const t5 = describe(model);
  const { graph } = t5;
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'encoder_sequence_length']);
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'encoder_sequence_length']);
  return { graph, outputs: { last_hidden_state: encode(t5, ids, mask) } };
};

const MASK = ['batch_size', 'encoder_sequence_length'];

const firstPart = (model: Exported): Part => {
  const t5 = describe(model);
  const { graph } = t5;
  const mask = graph.input('encoder_attention_mask', 'int64', MASK);
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length']);
  const encoded = graph.input('encoder_hidden_states', 'float32', [...MASK, t5.config.dModel]);
  const cross = crossKeysValues(t5, encoded);
  const { hidden, joined } = decodeJoined(t5, ids, graph.constant('int64', [1], [0]), undefined, cross, mask);
  return { graph, outputs: { logits: head(t5, hidden), ...present(joined, 'decoder'), ...present(cross, 'encoder') } };
};

const furtherPart = (model: Exported): Part => {
  const t5 = describe(model);
  const { graph } = t5;
  const mask = graph.input('encoder_attention_mask', 'int64', MASK);
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length']);
  const earlier = past(t5, 'decoder', 'past_decoder_sequence_length');
  const cross = past(t5, 'encoder', 'encoder_sequence_length');
  const count = dimOf(graph, 'past_decoder_sequence_length');
  const { hidden, joined } = decodeJoined(t5, ids, count, earlier, cross, mask);
  return { graph, outputs: { logits: head(t5, hidden), ...present(joined, 'decoder') } };
};

const mergedPart = (model: Exported): Part => {
  const t5 = describe(model);
  const { graph, config } = t5;
  const mask = graph.input('encoder_attention_mask', 'int64', MASK);
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length']);
  const encoded = graph.input('encoder_hidden_states', 'float32', [...MASK, config.dModel]);
  const given = past(t5, 'decoder', 'past_decoder_sequence_length');
  const givenCross = past(t5, 'encoder', 'past_encoder_sequence_length');
  const useCache = graph.input('use_cache_branch', 'bool', [1]);

  // Without the cache its inputs are there all the same, empty or filled with anything: none of it is used.
  const count = mul(cast(useCache, 'int64'), dimOf(graph, 'past_decoder_sequence_length'));
  const kept = (x: Tensor): Tensor => takeFirst(x, 2, count, 'kept');
  const earlier = given.map(({ keys, values }): KeysValues => ({ keys: kept(keys), values: kept(values) }));
  const width = (x: Tensor): Tensor => renamed(x, MASK[1]);
  const cross = givenCross.map((stored, block): KeysValues => {
    const [keys, values] = choose(
      useCache,
      () => [width(stored.keys), width(stored.values)],
      () => {
        const made = crossKeysValues(t5, encoded)[block];
        return [made.keys, made.values];
      },
    );
    return { keys, values };
  });
  const { hidden, joined } = decodeJoined(t5, ids, count, earlier, cross, mask);
  return { graph, outputs: { logits: head(t5, hidden), ...present(joined, 'decoder'), ...present(cross, 'encoder') } };
};

/** The same tensor with another name for its third dimension: with the cache, that of the cache is the input's. */
const renamed = (x: Tensor, name: string): Tensor =>
  x.graph.record('Identity', [x], { outputs: [{ dtype: x.dtype, shape: x.shape.with(2, name) }] })[0];

/** The inputs that hold a decoder block's earlier keys and values. */
const past = ({ graph, config }: T5, kind: 'decoder' | 'encoder', length: string): KeysValues[] =>
  Array.from({ length: config.numDecoderLayers }, (_, block) => {
    const shape = ['batch_size', config.numHeads, length, config.dKv];
    const input = (part: string): Tensor => graph.input(`past_key_values.${block}.${kind}.${part}`, 'float32', shape);
    return { keys: input('key'), values: input('value') };
  });

const present = (pairs: readonly KeysValues[], kind: 'decoder' | 'encoder'): Record<string, Tensor> =>
  Object.fromEntries(
    pairs.flatMap(({ keys, values }, block) => [
      [`present.${block}.${kind}.key`, keys],
      [`present.${block}.${kind}.value`, values],
    ]),
  );
