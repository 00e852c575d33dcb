/** @file The cross-entropy of a softmax, the loss of language models. */
import { Failure } from '../../ground/failure.js';
import { showShape } from '../dims.js';
import type { Tensor, VjpRule } from '../graph.js';
import { add, cast, equal, exp, mul, neg, sub, where } from './elementwise.js';
import { broadcastLike, unsqueeze } from './layout.js';
import { sum } from './reduction.js';

/** The label of a position that does not count (PyTorch's default, used by Transformers for padding). */
export const IGNORED_LABEL = -100;

/**
 * Σ −log softmax(logits)[label] over the positions whose label is not {@link IGNORED_LABEL}.
 *
 * @param logits Shape (positions, classes).
 * @param labels Integers, shape (positions).
 * @returns A scalar: the sum, not the mean, so that parts of a batch can be added before they are divided.
 */
export const crossEntropySum = (logits: Tensor, labels: Tensor): Tensor => {
  const { graph } = logits;
  const [positions] = logits.shape;
  if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== positions) {
    throw new Failure({
      what: 'cross-entropy needs (positions, classes) and (positions)',
      got: `${showShape(logits.shape)} and ${showShape(labels.shape)}`,
    });
  }
  const ignored = equal(labels, graph.constant('int64', [], [IGNORED_LABEL]));
  const counted = sub(graph.scalar(1), cast(ignored, 'float32')); // (positions)
  const column = unsqueeze(where(ignored, graph.constant('int64', [], [0]), labels), [1]); // (positions, 1)
  const logProbabilities = logSoftmax(logits);
  const [chosen] = graph.record('GatherElements', [logProbabilities, column], {
    attributes: { axis: { int: 1 } },
    outputs: [{ dtype: 'float32', shape: [positions, 1] }],
  });
  const total = neg(sum(mul(chosen, unsqueeze(counted, [1]))));
  const vjp: VjpRule = (g) => {
    // (softmax − one-hot) · g at counted positions, 0 elsewhere
    const weight = unsqueeze(mul(counted, broadcastLike(g, counted)), [1]); // (positions, 1)
    const [difference] = graph.record('ScatterElements', [mul(exp(logProbabilities), weight), column, neg(weight)], {
      attributes: { axis: { int: 1 }, reduction: { text: 'add' } },
      outputs: [{ dtype: 'float32', shape: logits.shape }],
    });
    return [difference, undefined];
  };
  return graph.withRule(total, [logits, labels], vjp);
};

/** log softmax along the last axis. */
export const logSoftmax = (x: Tensor): Tensor => {
  const vjp: VjpRule = (g) => [sub(g, mul(exp(y), sum(g, [-1], true)))];
  const [y] = x.graph.record('LogSoftmax', [x], {
    attributes: { axis: { int: -1 } },
    outputs: [{ dtype: 'float32', shape: x.shape }],
    vjp,
  });
  return y;
};

/**
 * {@link crossEntropySum} with a share `smoothing` of each label's weight spread evenly over all classes (Szegedy et al.
 * 2016), as `torch.nn.CrossEntropyLoss(label_smoothing)`.
 *
 * @param smoothing From 0 (then it is {@link crossEntropySum}) to below 1.
 */
export const smoothedCrossEntropySum = (logits: Tensor, labels: Tensor, smoothing: number): Tensor => {
  const exact = crossEntropySum(logits, labels);
  if (smoothing === 0) return exact;
  const { graph } = logits;
  const classes = logits.shape[1];
  if (typeof classes !== 'number') throw new Failure({ what: 'label smoothing needs a known number of classes' });
  const ignored = equal(labels, graph.constant('int64', [], [IGNORED_LABEL]));
  const counted = sub(graph.scalar(1), cast(ignored, 'float32')); // (positions)
  const even = sum(mul(sum(logSoftmax(logits), [-1]), counted)); // Σ over counted positions and all classes
  return add(mul(exact, graph.scalar(1 - smoothing)), mul(even, graph.scalar(-smoothing / classes)));
};
