/** @file Dot-product attention as one operation: its gradient takes fewer passes over the scores than its parts'. */
import type { Tensor, VjpRule } from '../graph.js';
import { add, dropoutFactors, mul, sub } from './elementwise.js';
import { matmul } from './product.js';
import { reduceTo, softmax, sum } from './reduction.js';

/**
 * dropout(softmax(Q Kᵀ + bias)) V, without T5's missing 1/√d. Its gradient needs, for each query, Σ over the keys of a
 * weight times its gradient; that is also Σ over the output's few elements times theirs (Dao et al. 2022, appendix
 * B.2), dropout or not.
 *
 * @param query Shape (batch, heads, queries, d).
 * @param keys Shape (batch, heads, keys, d).
 * @param values Shape (batch, heads, keys, d).
 * @param bias Broadcasts to (batch, heads, queries, keys).
 * @param dropoutRate Of the weights; 0 for none.
 * @returns Shape (batch, heads, queries, d).
 */
export const attention = (query: Tensor, keys: Tensor, values: Tensor, bias: Tensor, dropoutRate: number): Tensor => {
  const { graph } = query;
  const weights = softmax(add(matmul(query, keys, { transB: true }), bias)); // (batch, heads, queries, keys)
  const factors = dropoutFactors(weights, dropoutRate);
  const dropped = factors === undefined ? weights : mul(weights, factors);
  const output = matmul(dropped, values);
  const vjp: VjpRule = (g) => {
    const forDropped = matmul(g, values, { transB: true });
    const forWeights = factors === undefined ? forDropped : mul(forDropped, factors);
    const forScores = mul(weights, sub(forWeights, sum(mul(g, output), [-1], true)));
    return [
      matmul(forScores, keys),
      matmul(forScores, query, { transA: true }),
      matmul(dropped, g, { transA: true }),
      reduceTo(forScores, bias.shape),
    ];
  };
  return graph.withRule(output, [query, keys, values, bias], vjp);
};
