/** @file A choice at run time between two ways to get a result, of which only the chosen one is worked out. */
import { Failure } from '../../ground/failure.js';
import { showShape } from '../dims.js';
import type { Tensor } from '../graph.js';
import { identity } from './layout.js';

/**
 * What `yes` makes where the condition holds, else what `no` makes; not differentiable.
 *
 * @param condition A boolean, shape [] or [1].
 * @param yes Records the tensors of one branch; `no` as many of the same shapes of the other.
 */
export const choose = (
  condition: Tensor,
  yes: () => readonly Tensor[],
  no: () => readonly Tensor[],
): readonly Tensor[] => {
  const { graph } = condition;
  // An Identity each: what a branch gives must be made in it.
  const then = graph.branch(() => yes().map(identity));
  const otherwise = graph.branch(() => no().map(identity));
  const shapes = (tensors: readonly Tensor[]): string => tensors.map(({ shape }) => showShape(shape)).join();
  if (shapes(then.outputs) !== shapes(otherwise.outputs)) {
    throw new Failure({
      what: 'the branches of a choice differ in shape',
      got: `${shapes(then.outputs)} and ${shapes(otherwise.outputs)}`,
    });
  }
  return graph.record('If', [condition], {
    attributes: { then_branch: { branch: then }, else_branch: { branch: otherwise } },
    outputs: then.outputs.map(({ dtype, shape }) => ({ dtype, shape })),
  });
};
