/**
 * @file Running an ONNX file that others made: what it takes and gives is read from the file, and what it is fed is
 * converted to the types that it declares. Weights in a file of their own beside it are found by ONNX Runtime.
 */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { readFailure } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';

/** An input or output of a file. */
export interface OnnxPort {
  readonly name: string;
  /** ONNX Runtime's name of the type of its elements, e.g. `int64`, `float32`. */
  readonly type: string;
  /** A number where the file fixes a dimension, else the name it gives to it. */
  readonly shape: readonly (number | string)[];
}

/** Whole numbers with their shape. */
export interface WholeNumbers {
  readonly data: Int32Array;
  readonly dims: readonly number[];
}

/** Numbers that came out, with their shape. */
export interface FloatValues {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** An ONNX file that is ready to run. */
export interface OnnxFile {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /**
   * @param feeds A value for each input; converted to the type of the input.
   * @param wanted Outputs to compute, of type `float32`.
   * @returns The outputs in the order wanted.
   * @throws {Failure} When ONNX Runtime can't run it on these.
   */
  run(feeds: ReadonlyMap<string, WholeNumbers>, wanted: readonly string[]): Promise<FloatValues[]>;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** Types that whole numbers can be given as. */
export const feedTypes = ['int64', 'int32', 'float32'] as const;

const fix = 'export the model again, in float32';

/**
 * Opens an ONNX file on the processor.
 *
 * @param threads Default all cores.
 * @throws {Failure} When it is missing, no ONNX file, or ONNX Runtime refuses it.
 * @example const { inputs, outputs } = await openOnnxFile('chexbert.onnx');
 */
export const openOnnxFile = async (
  path: string,
  { threads = availableParallelism() }: { readonly threads?: number } = {},
): Promise<OnnxFile> => {
  const known = await stat(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  if (!known.isFile())
    throw new Failure({ what: 'not an ONNX file', where: path, got: 'a folder', fix: 'name a file' });
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new Failure(
      { what: 'ONNX Runtime refused the file', where: path, got: message(error), fix },
      { cause: error },
    );
  }
  const inputs = session.inputMetadata.map(portOf);
  return {
    inputs,
    outputs: session.outputMetadata.map(portOf),
    run: async (feeds, wanted) => {
      const fed = Object.fromEntries(
        inputs.flatMap(({ name, type }) => {
          const value = feeds.get(name);
          return value === undefined ? [] : [[name, tensorOf(type, value, path)]];
        }),
      );
      let results: ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(fed, [...wanted]);
      } catch (error) {
        throw new Failure(
          { what: 'ONNX Runtime could not run the file', where: path, got: message(error), fix },
          { cause: error },
        );
      }
      return wanted.map((name) => {
        const { data, dims, type } = results[name] as ort.Tensor;
        if (!(data instanceof Float32Array))
          throw new Failure({
            what: 'an output that is not float32',
            where: `${path}, output ${name}`,
            got: type,
            fix,
          });
        return { data, dims };
      });
    },
    release: () => session.release(),
  };
};

const portOf = (value: ort.InferenceSession.ValueMetadata): OnnxPort => ({
  name: value.name,
  type: value.isTensor ? value.type : 'no tensor',
  shape: value.isTensor ? value.shape : [],
});

const tensorOf = (type: string, { data, dims }: WholeNumbers, path: string): ort.Tensor => {
  switch (type) {
    case 'int64':
      return new ort.Tensor('int64', BigInt64Array.from(data, BigInt), dims);
    case 'int32':
      return new ort.Tensor('int32', data, dims);
    case 'float32':
      return new ort.Tensor('float32', Float32Array.from(data), dims);
    default:
      throw new Failure({ what: 'an input of a type that can not be fed', where: path, got: type, fix });
  }
};

/** One line: ONNX Runtime breaks long messages. */
const message = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300);
