/**
 * @file Reverse-mode differentiation: walks a recording backwards from a scalar and applies each operation's
 * vector-Jacobian rule. The rules are written with the same operations, so the result is again an ordinary graph.
 */
import { Failure } from '../ground/failure.js';
import { showShape } from './dims.js';
import type { Tensor } from './graph.js';
import { add } from './operations/elementwise.js';

/**
 * The gradients of a scalar with respect to tensors of the same graph.
 *
 * @param scalar A float32 tensor of shape `[]`, usually the loss.
 * @param withRespectTo Any tensors recorded before it.
 * @returns One tensor for each, of its shape.
 * @throws {Failure} When `scalar` is none, does not depend on one of them, or an operation on the way has no rule.
 * @example const [dw, db] = gradients(loss, [w, b]);
 */
export const gradients = (scalar: Tensor, withRespectTo: readonly Tensor[]): Tensor[] => {
  const { graph } = scalar;
  if (scalar.shape.length !== 0 || scalar.dtype !== 'float32') {
    throw new Failure({
      what: 'gradients need a float32 scalar',
      where: scalar.name,
      got: `${scalar.dtype} ${showShape(scalar.shape)}`,
    });
  }

  // Tensors that lie between the wanted ones and the scalar: only for these are gradients worked out.
  const dependent = new Set(withRespectTo.map((tensor) => tensor.name));
  for (const operation of graph.operations) {
    if (operation.inputs.some((input) => dependent.has(input.name))) {
      for (const output of operation.outputs) dependent.add(output.name);
    }
  }

  const gradientOf = new Map<string, Tensor>([[scalar.name, graph.scalar(1)]]);
  for (const operation of graph.operations.filter((made) => made.outputs[0].order <= scalar.order).reverse()) {
    const [output] = operation.outputs;
    const gradient = gradientOf.get(output.name);
    if (gradient === undefined || !dependent.has(output.name)) continue;
    const { inputs, vjp } = graph.derivationOf(operation);
    if (vjp === undefined) throw new Failure({ what: 'operation has no gradient', got: operation.type });
    vjp(gradient).forEach((contribution, index) => {
      const input = inputs[index];
      if (contribution === undefined || !dependent.has(input.name)) return;
      const earlier = gradientOf.get(input.name);
      gradientOf.set(input.name, earlier === undefined ? contribution : add(earlier, contribution));
    });
  }

  return withRespectTo.map((tensor) => {
    const gradient = gradientOf.get(tensor.name);
    if (gradient === undefined) throw new Failure({ what: 'the scalar does not depend on a tensor', got: tensor.name });
    return gradient;
  });
};
