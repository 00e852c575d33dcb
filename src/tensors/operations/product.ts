/** @file Matrix products, with either side transposed, batched by leading axes. */
import { Failure } from '../../ground/failure.js';
import { broadcastShapes, multiplyDims, showShape } from '../dims.js';
import type { Tensor, VjpRule } from '../graph.js';
import { reshape } from './layout.js';
import { reduceTo } from './reduction.js';

/** How a product reads its sides. */
export interface ProductOptions {
  /** Use the transpose of the left side's last two axes. */
  readonly transA?: boolean;
  /** Use the transpose of the right side's last two axes. */
  readonly transB?: boolean;
  /** A factor on the product; default 1. */
  readonly scale?: number;
}

/**
 * scale · A B over the last two axes; leading axes broadcast. Transposes are not carried out but read in place by
 * ONNX Runtime's FusedMatMul.
 *
 * @param a Shape (…, m, k), or (…, k, m) with `transA`.
 * @param b Shape (…, k, n), or (…, n, k) with `transB`.
 * @returns Shape (…, m, n).
 */
export const matmul = (a: Tensor, b: Tensor, options: ProductOptions = {}): Tensor => {
  const { transA = false, transB = false, scale = 1 } = options;
  const [m, k] = transA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)];
  const [kb, n] = transB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)];
  if (m === undefined || n === undefined || k === undefined || k !== kb) {
    throw new Failure({
      what: 'matrix product of shapes that do not fit',
      got: `${showShape(a.shape)} and ${showShape(b.shape)}`,
    });
  }
  const { graph } = a;
  const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
  const vjp: VjpRule = (g) => [reduceTo(gradientOfLeft(g, a, b, options), a.shape), gradientOfRight(g, a, b, options)];
  const outputs = [{ dtype: 'float32' as const, shape }];
  if (!transA && !transB && scale === 1) return graph.record('MatMul', [a, b], { outputs, vjp })[0];
  const attributes = { transA: { int: Number(transA) }, transB: { int: Number(transB) }, alpha: { float: scale } };
  return graph.record('FusedMatMul', [a, b], { domain: 'com.microsoft', attributes, outputs, vjp })[0];
};

const gradientOfLeft = (
  g: Tensor,
  _a: Tensor,
  b: Tensor,
  { transA = false, transB = false, scale }: ProductOptions,
): Tensor =>
  transA ? matmul(b, g, { transA: transB, transB: true, scale }) : matmul(g, b, { transB: !transB, scale });

const gradientOfRight = (
  g: Tensor,
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, scale }: ProductOptions,
): Tensor => {
  if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
    // A matrix shared by all leading positions: one product over all of them at once, instead of a sum of many.
    const rows = multiplyDims(...a.shape.slice(0, -1));
    const flatA = reshape(a, [rows, a.shape.at(-1)!]);
    const flatG = reshape(g, [rows, g.shape.at(-1)!]);
    return transB ? matmul(flatG, flatA, { transA: true, scale }) : matmul(flatA, flatG, { transA: true, scale });
  }
  const db = transB ? matmul(g, a, { transA: true, transB: transA, scale }) : matmul(a, g, { transA: !transA, scale });
  return reduceTo(db, b.shape);
};
