/**
 * @file A graph of tensor operations, recorded as it is built. Each operation becomes one ONNX node at once, and keeps
 * its vector-Jacobian rule, from which `gradients.ts` derives the backward graph into the same recording.
 */
import { Failure } from '../ground/failure.js';
import { type Shape, showShape } from './dims.js';

/** Element types in use; names as in ONNX Runtime's JavaScript API. */
export type DType = 'float32' | 'int64' | 'bool' | 'uint8';

/** A constant's elements. Booleans are bytes of 0 or 1. */
export type Elements = Float32Array | BigInt64Array | Uint8Array;

/** An ONNX attribute: an integer, a float (told apart, since both are numbers here), a text, or a list of integers. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly branch: Branch };

/** Numbers that lie in a file, to be mapped into memory instead of read. */
export interface FilePlace {
  readonly file: string;
  /** First byte, and number of bytes. */
  readonly offset: number;
  readonly length: number;
}

/** The body of a branch: operations of its own, which may read whatever was recorded before them. */
export interface Branch {
  readonly operations: readonly Operation[];
  readonly outputs: readonly Tensor[];
}

/**
 * A vector-Jacobian rule: from the gradient of the loss with respect to an operation's first output, the gradients
 * with respect to each of its inputs; undefined where there is none (indices, masks).
 */
export type VjpRule = (gradient: Tensor) => readonly (Tensor | undefined)[];

/** A rule and the tensors that its gradients are for. */
export interface Derivation {
  readonly inputs: readonly Tensor[];
  readonly vjp?: VjpRule;
}

/** A value in a graph: an input, a constant, a weight or an operation's result. Holds no numbers itself. */
export interface Tensor {
  readonly graph: Graph;
  /** Unique in its graph; the name in the ONNX model. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Place in the order of recording: an operation's inputs always come before its outputs. */
  readonly order: number;
}

/** An operation as recorded: one ONNX node. */
export interface Operation {
  readonly type: string;
  /** ONNX operator set: `''` is the standard one, `com.microsoft` ONNX Runtime's own. */
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly vjp?: VjpRule;
}

/** A value fixed when the graph is compiled: a small constant, or a frozen weight kept outside the ONNX bytes. */
export interface Initializer {
  readonly tensor: Tensor;
  readonly data: Elements | FilePlace;
  readonly external: boolean;
}

/** A mask of independent random keep/drop decisions that the run supplies anew each time. */
export interface RandomMask {
  readonly tensor: Tensor;
  /** An element is kept with probability `kept / 256`. */
  readonly kept: number;
}

/** What {@link Graph.record} needs to know of an operation besides its inputs. */
export interface Recording {
  readonly domain?: Operation['domain'];
  readonly attributes?: Operation['attributes'];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape }[];
  readonly vjp?: VjpRule;
}

/**
 * A recording of tensor operations. Made by `new Graph()`, filled by the functions of `operations/`.
 *
 * @example
 * const graph = new Graph();
 * const x = graph.input('x', 'float32', ['batch', 3]);
 * const loss = sum(mul(x, x));
 * const [dx] = gradients(loss, [x]); // 2x
 */
export class Graph {
  readonly inputs = new Map<string, Tensor>();
  readonly initializers = new Map<string, Initializer>();
  readonly randomMasks: RandomMask[] = [];
  readonly operations: Operation[] = [];
  /** The operation that makes a tensor, by the tensor's name. */
  readonly #makers = new Map<string, Operation>();
  /** Rules of tensors that several operations make together; see {@link withRule}. */
  readonly #rules = new Map<string, Derivation>();
  readonly #constants = new Map<string, Tensor>();
  #count = 0;

  /** A value given at each run. Trainable weights are inputs too. */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    const tensor = this.#named(name, dtype, shape);
    this.inputs.set(name, tensor);
    return tensor;
  }

  /** A frozen weight, fixed when the graph is compiled; its bytes stay outside the ONNX model. */
  weight(name: string, shape: readonly number[], data: Float32Array | Uint8Array): Tensor {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (data.length !== size) {
      throw new Failure({
        what: 'weight data do not fit the shape',
        where: name,
        got: `${data.length} elements for ${showShape(shape)}`,
      });
    }
    const tensor = this.#named(name, data instanceof Float32Array ? 'float32' : 'uint8', shape);
    this.initializers.set(name, { tensor, data, external: true });
    return tensor;
  }

  /**
   * A frozen weight that stays in its file and is mapped when the graph is compiled. All mapped weights of a graph lie
   * in files of one folder.
   */
  mappedWeight(name: string, dtype: 'float32' | 'uint8', shape: readonly number[], place: FilePlace): Tensor {
    const size = shape.reduce((product, dim) => product * dim, dtype === 'float32' ? 4 : 1);
    if (place.length !== size) {
      throw new Failure({
        what: 'weight data do not fit the shape',
        where: name,
        got: `${place.length} bytes of ${dtype} for ${showShape(shape)}`,
      });
    }
    const tensor = this.#named(name, dtype, shape);
    this.initializers.set(name, { tensor, data: place, external: true });
    return tensor;
  }

  /** A small constant, kept inside the ONNX model. Equal constants are recorded once. */
  constant(dtype: DType, shape: readonly number[], values: readonly number[]): Tensor {
    const key = `${dtype}|${shape.join()}|${values.join()}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const data =
      dtype === 'float32'
        ? Float32Array.from(values)
        : dtype === 'int64'
          ? BigInt64Array.from(values, (value) => BigInt(value))
          : Uint8Array.from(values);
    const tensor = this.#named(`constant.${this.#count}`, dtype, shape);
    this.initializers.set(tensor.name, { tensor, data, external: false });
    this.#constants.set(key, tensor);
    return tensor;
  }

  /** A float32 scalar constant. */
  scalar(value: number): Tensor {
    return this.constant('float32', [], [value]);
  }

  /** An input of bytes, 0 or 1, that each run fills with fresh random decisions; see {@link RandomMask}. */
  randomMask(shape: Shape, kept: number): Tensor {
    const tensor = this.input(`random.${this.randomMasks.length}`, 'uint8', shape);
    this.randomMasks.push({ tensor, kept });
    return tensor;
  }

  /** Records an operation as one ONNX node and returns its outputs. */
  record(type: string, inputs: readonly Tensor[], recording: Recording): Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new Failure({ what: 'a tensor of another graph', where: type, got: input.name });
    }
    const outputs = recording.outputs.map(({ dtype, shape }) => this.#named(`${type}.${this.#count}`, dtype, shape));
    const { domain = '', attributes = {}, vjp } = recording;
    const operation: Operation = { type, domain, inputs, outputs, attributes, vjp };
    this.operations.push(operation);
    for (const output of outputs) this.#makers.set(output.name, operation);
    return outputs;
  }

  /** Records what `build` does apart, as a branch: it runs only where an operation that has the branch chooses it. */
  branch(build: () => readonly Tensor[]): Branch {
    const start = this.operations.length;
    const outputs = build();
    return { operations: this.operations.splice(start), outputs };
  }

  /**
   * Gives what several operations make one rule for all of them, in place of those that each has on its own: where the
   * gradient of the whole takes fewer steps than the chain of its parts.
   *
   * @param output The last operation's first output.
   * @param inputs What the operations started from: the tensors that the rule's gradients are for.
   */
  withRule(output: Tensor, inputs: readonly Tensor[], vjp: VjpRule): Tensor {
    this.#rules.set(output.name, { inputs, vjp });
    return output;
  }

  /** How to derive an operation's first output. */
  derivationOf(operation: Operation): Derivation {
    return this.#rules.get(operation.outputs[0].name) ?? operation;
  }

  /** The operation that makes a tensor; undefined for inputs and initializers. */
  makerOf(tensor: Tensor): Operation | undefined {
    return this.#makers.get(tensor.name);
  }

  #named(name: string, dtype: DType, shape: Shape): Tensor {
    if (this.inputs.has(name) || this.initializers.has(name)) {
      throw new Failure({ what: 'a tensor of that name is in the graph already', got: name });
    }
    return { graph: this, name, dtype, shape, order: this.#count++ };
  }
}
