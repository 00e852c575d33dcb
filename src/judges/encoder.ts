/**
 * @file Running an encoder of BERT's kind, exported to ONNX by whomever, over texts: its inputs are checked when it is
 * opened, texts are run in batches of like length, padded and masked.
 */
import { Failure } from '../ground/failure.js';
import { type FloatValues, feedTypes, type OnnxFile, type OnnxPort, openOnnxFile } from '../tensors/index.js';

/** An encoder that is ready to run. */
export interface Encoder {
  readonly path: string;
  readonly outputs: readonly OnnxPort[];
  /**
   * Runs texts through it.
   *
   * @param texts Their token ids, special ones included.
   * @param wanted Names of outputs.
   * @param receive Called for each batch: the indices of its texts, and the outputs in the order wanted.
   */
  run(
    texts: readonly (readonly number[])[],
    wanted: readonly string[],
    receive: (indices: readonly number[], values: readonly FloatValues[]) => void,
  ): Promise<void>;
  release(): Promise<void>;
}

/** Tokens of a batch at most, padding included; a longer text is a batch of its own. */
const tokensOfBatch = 4096;

/** What an input holds, by the names under which encoders take it. */
const roleOf = (name: string): 'ids' | 'mask' | 'types' | undefined => {
  switch (name) {
    case 'input_ids':
    case 'source_padded':
      return 'ids';
    case 'attention_mask':
    case 'input_mask':
      return 'mask';
    case 'token_type_ids':
    case 'segment_ids':
      return 'types';
    default:
      return undefined;
  }
};

const show = (ports: readonly OnnxPort[]): string =>
  ports.map(({ name, type, shape }) => `${name}: ${type}[${shape.join(', ')}]`).join('; ') || 'none';

const fix =
  'export it with the inputs input_ids and attention_mask (and token_type_ids, if it has them) of [batch_size, sequence_length], both dimensions dynamic';

/**
 * Opens an encoder.
 *
 * @throws {Failure} When ONNX Runtime refuses it, or its inputs are not an encoder's.
 */
export const openEncoder = async (path: string, threads?: number): Promise<Encoder> => {
  const file = await openOnnxFile(path, { threads });
  try {
    checkInputs(file.inputs, path);
  } catch (error) {
    await file.release();
    throw error;
  }
  return {
    path,
    outputs: file.outputs,
    run: async (texts, wanted, receive) => {
      for (const indices of batchesOf(texts)) {
        receive(
          indices,
          await runBatch(
            file,
            indices.map((index) => texts[index]),
            wanted,
          ),
        );
      }
    },
    release: () => file.release(),
  };
};

const checkInputs = (inputs: readonly OnnxPort[], path: string): void => {
  const refuse = (what: string): never => {
    throw new Failure({ what, where: path, got: show(inputs), fix });
  };
  if (inputs.some(({ name }) => roleOf(name) === undefined)) refuse('inputs that are not an encoder’s');
  for (const role of ['ids', 'mask'] as const)
    if (!inputs.some(({ name }) => roleOf(name) === role))
      refuse(`no input for the ${role === 'ids' ? 'token ids' : 'attention mask'}`);
  if (inputs.some(({ type }) => !(feedTypes as readonly string[]).includes(type)))
    refuse('an input of an unusual type');
  if (inputs.some(({ shape }) => shape.length !== 2)) refuse('an input that is not [batch_size, sequence_length]');
  if (inputs.some(({ shape }) => shape.some((dim) => typeof dim === 'number' && dim >= 0)))
    refuse('an input of a fixed size');
};

/** Texts of like length together, the longest first, so that what does not fit into memory shows at once. */
const batchesOf = (texts: readonly (readonly number[])[]): number[][] => {
  const batches: number[][] = [];
  let widest = 0;
  for (const index of [...texts.keys()].sort((a, b) => texts[b].length - texts[a].length || a - b)) {
    const last = batches.at(-1);
    if (last === undefined || (last.length + 1) * widest > tokensOfBatch) {
      batches.push([index]);
      widest = texts[index].length;
    } else last.push(index);
  }
  return batches;
};

const runBatch = (file: OnnxFile, texts: readonly (readonly number[])[], wanted: readonly string[]) => {
  const width = Math.max(...texts.map(({ length }) => length));
  const dims = [texts.length, width];
  const filled = (value: (id: number) => number): Int32Array => {
    const data = new Int32Array(texts.length * width);
    texts.forEach((ids, row) => {
      ids.forEach((id, at) => {
        data[row * width + at] = value(id);
      });
    });
    return data;
  };
  // Padding is masked, so that it may be any id: 0.
  const contents = { ids: filled((id) => id), mask: filled(() => 1), types: filled(() => 0) };
  const feeds = new Map(file.inputs.map(({ name }) => [name, { data: contents[roleOf(name)!], dims }]));
  return file.run(feeds, wanted);
};
