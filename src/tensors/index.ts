/** @file What other rooms use of `tensors/`. */
export { type Dim, multiplyDims, type Shape } from './dims.js';
export { gradients } from './gradients.js';
export { type Elements, type FilePlace, Graph, type Tensor } from './graph.js';
export { compileLoop, type Formula, minus, over, plus, root, sumOfSquares, times } from './loops/loop.js';
export { arrayBeside, loopArrays } from './loops/memory.js';
export { encodeModel } from './onnx/encode.js';
export * from './onnx-file.js';
export * from './operations/attention.js';
export * from './operations/choice.js';
export * from './operations/elementwise.js';
export * from './operations/layout.js';
export * from './operations/loss.js';
export * from './operations/product.js';
export * from './operations/quantised.js';
export * from './operations/reduction.js';
export { type MaskSource, seededMasks } from './random.js';
export {
  availableProviders,
  compile,
  type ExecutionOptions,
  type Program,
  type Randomness,
  type Value,
} from './session.js';
