/** @file Elementwise operations with NumPy broadcasting, and the activations made of them. */
import { Failure } from '../../ground/failure.js';
import { broadcastShapes, showShape } from '../dims.js';
import type { DType, Tensor, VjpRule } from '../graph.js';
import { reduceTo } from './reduction.js';

const sameType = (type: string, a: Tensor, b: Tensor): void => {
  if (a.dtype !== b.dtype)
    throw new Failure({ what: `${type} of two element types`, got: `${a.dtype} and ${b.dtype}` });
};

const unary = (type: string, x: Tensor, vjp?: (gradient: Tensor, y: Tensor) => Tensor): Tensor => {
  const rule: VjpRule | undefined = vjp && ((gradient) => [vjp(gradient, y)]);
  const [y] = x.graph.record(type, [x], { outputs: [{ dtype: x.dtype, shape: x.shape }], vjp: rule });
  return y;
};

/** A rule for each side; its result is summed over the axes that broadcasting had repeated. */
const binary = (
  type: string,
  a: Tensor,
  b: Tensor,
  vjp?: readonly [(gradient: Tensor) => Tensor, (gradient: Tensor) => Tensor],
  dtype: DType = a.dtype,
): Tensor => {
  sameType(type, a, b);
  const shape = broadcastShapes(a.shape, b.shape);
  const rule: VjpRule | undefined =
    vjp && ((gradient) => [reduceTo(vjp[0](gradient), a.shape), reduceTo(vjp[1](gradient), b.shape)]);
  const [y] = a.graph.record(type, [a, b], { outputs: [{ dtype, shape }], vjp: rule });
  return y;
};

/** a + b. */
export const add = (a: Tensor, b: Tensor): Tensor => binary('Add', a, b, [(g) => g, (g) => g]);

/** a − b. */
export const sub = (a: Tensor, b: Tensor): Tensor => binary('Sub', a, b, [(g) => g, (g) => neg(g)]);

/** a · b, elementwise. */
export const mul = (a: Tensor, b: Tensor): Tensor => binary('Mul', a, b, [(g) => mul(g, b), (g) => mul(g, a)]);

/** a / b, elementwise. */
export const div = (a: Tensor, b: Tensor): Tensor =>
  binary('Div', a, b, [(g) => div(g, b), (g) => neg(div(mul(g, a), mul(b, b)))]);

/** −x. */
export const neg = (x: Tensor): Tensor => unary('Neg', x, (g) => neg(g));

/** e to the x. */
export const exp = (x: Tensor): Tensor => unary('Exp', x, (g, y) => mul(g, y));

/** The natural logarithm. */
export const log = (x: Tensor): Tensor => unary('Log', x, (g) => div(g, x));

/** The square root. */
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (g, y) => div(mul(g, x.graph.scalar(0.5)), y));

/** 1 / (1 + e^−x). */
export const sigmoid = (x: Tensor): Tensor => unary('Sigmoid', x, (g, y) => mul(g, sub(y, mul(y, y))));

/** |x|; for integers and floats, not differentiable here. */
export const abs = (x: Tensor): Tensor => unary('Abs', x);

/** max(x, 0); its gradient at 0 is 0, as PyTorch's. */
export const relu = (x: Tensor): Tensor =>
  unary('Relu', x, (g, y) => where(greater(y, y.graph.scalar(0)), g, y.graph.scalar(0)));

/** Smaller of two, elementwise; not differentiable here (used for indices). */
export const minimum = (a: Tensor, b: Tensor): Tensor => binary('Min', a, b);

/** a > b, elementwise, as booleans. */
export const greater = (a: Tensor, b: Tensor): Tensor => binary('Greater', a, b, undefined, 'bool');

/** a = b, elementwise, as booleans. */
export const equal = (a: Tensor, b: Tensor): Tensor => binary('Equal', a, b, undefined, 'bool');

/** Where `condition` holds the element of `a`, else that of `b`; all three broadcast. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => {
  sameType('Where', a, b);
  const { graph } = condition;
  const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
  const vjp: VjpRule = (g) => [
    undefined,
    reduceTo(where(condition, g, graph.scalar(0)), a.shape),
    reduceTo(where(condition, graph.scalar(0), g), b.shape),
  ];
  const [y] = graph.record('Where', [condition, a, b], { outputs: [{ dtype: a.dtype, shape }], vjp });
  return y;
};

/** ONNX's numbers for the element types. */
export const onnxType: Readonly<Record<DType, number>> = { float32: 1, uint8: 2, int64: 7, bool: 9 };

/** The same values as another element type; not differentiable (there is one float type). */
export const cast = (x: Tensor, dtype: DType): Tensor => {
  const attributes = { to: { int: onnxType[dtype] } };
  const [y] = x.graph.record('Cast', [x], { attributes, outputs: [{ dtype, shape: x.shape }] });
  return y;
};

const GELU_INNER = Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;

/**
 * The tanh form of the Gaussian error linear unit, `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`, which Transformers
 * calls `gelu_new` (Hendrycks & Gimpel 2016). With u the tanh's argument, it equals x·σ(2u), and
 * d/dx = σ + x σ (1 − σ) 2u′; that form takes fewer passes over memory.
 */
export const geluNew = (x: Tensor): Tensor => {
  const { graph } = x;
  const vjp: VjpRule = (g) => {
    const square = mul(x, x);
    const twoU = mul(x, add(mul(square, graph.scalar(2 * GELU_INNER * GELU_CUBE)), graph.scalar(2 * GELU_INNER)));
    const xTwoUPrime = mul(x, add(mul(square, graph.scalar(6 * GELU_INNER * GELU_CUBE)), graph.scalar(2 * GELU_INNER)));
    const s = sigmoid(twoU);
    // σ + xσ(1−σ)2u′ = σ(1 + (1−σ) x2u′)
    const slope = mul(s, add(mul(sub(graph.scalar(1), s), xTwoUPrime), graph.scalar(1)));
    return [mul(g, slope)];
  };
  const [y] = graph.record('FastGelu', [x], {
    domain: 'com.microsoft',
    outputs: [{ dtype: 'float32', shape: x.shape }],
    vjp,
  });
  if (x.dtype !== 'float32')
    throw new Failure({ what: 'geluNew needs float32', got: `${x.dtype} ${showShape(x.shape)}` });
  return y;
};

/**
 * Drops each element with probability `p` and scales the rest by 1/(1−p), so that the mean stays (Srivastava et al.
 * 2014). The decisions come with each run from a {@link Graph.randomMask}; `p` is rounded to 1/256, and the scale is
 * that of the rounded value. `p` 0 returns `x` itself.
 */
export const dropout = (x: Tensor, p: number): Tensor => {
  const factors = dropoutFactors(x, p);
  return factors === undefined ? x : mul(x, factors);
};

/** What {@link dropout} multiplies a tensor's elements by: 0 or 1/(1−p), drawn anew; undefined where p is 0. */
export const dropoutFactors = (x: Tensor, p: number): Tensor | undefined => {
  const dropped = Math.round(p * 256);
  if (!(p >= 0) || dropped >= 256)
    throw new Failure({ what: 'a dropout rate must be at least 0 and below 1', got: String(p) });
  if (dropped === 0) return undefined;
  const { graph } = x;
  const kept = 256 - dropped;
  const mask = graph.randomMask(x.shape, kept);
  // The mask as 0 and 1/(1−p) in one pass, for forward and backward alike.
  const [factors] = graph.record('DequantizeLinear', [mask, graph.scalar(256 / kept)], {
    outputs: [{ dtype: 'float32', shape: x.shape }],
  });
  return factors;
};
