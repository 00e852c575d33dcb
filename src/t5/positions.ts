/**
 * @file T5's relative-position buckets (Raffel et al. 2020, section 2.1): each head adds to its attention scores a
 * learned bias for the bucket of the distance between query and key. Near distances have a bucket each, farther ones
 * share them logarithmically up to `maxDistance`. As in Transformers' `T5Attention._relative_position_bucket`.
 */
import {
  abs,
  add,
  cast,
  type Graph,
  gather,
  greater,
  minimum,
  mul,
  neg,
  type Tensor,
  where,
} from '../tensors/index.js';

/**
 * The bucket of each distance from 0 to `maxDistance` on one side; all farther ones have the last one's.
 * The logarithm is taken here once, in float64, so that a bucket's edge does not hang on a kernel's rounding.
 *
 * @param buckets Buckets for one side (half of all where both sides are seen).
 */
export const bucketsByDistance = (buckets: number, maxDistance: number): number[] => {
  const exact = Math.floor(buckets / 2);
  return Array.from({ length: Math.max(maxDistance, exact) + 1 }, (_, distance) => {
    if (distance < exact) return distance;
    const share = Math.log(distance / exact) / Math.log(maxDistance / exact);
    return Math.min(exact + Math.floor(share * (buckets - exact) + 1e-9), buckets - 1);
  });
};

/** How a stack buckets its distances. */
export interface PositionBuckets {
  /** All buckets of the table, both sides together. */
  readonly buckets: number;
  readonly maxDistance: number;
  /** Encoder: keys on both sides of the query. Decoder: keys at or before it. */
  readonly bidirectional: boolean;
}

/**
 * The bias of each head for each distance.
 *
 * @param table Shape (buckets, heads): `relative_attention_bias.weight`.
 * @param distance How far the key lies before the query (negative: behind it); integers of any shape.
 * @returns Shape (…distance, heads).
 */
export const relativeBias = (
  table: Tensor,
  distance: Tensor,
  { buckets, maxDistance, bidirectional }: PositionBuckets,
): Tensor => {
  const { graph } = table;
  const integer = (value: number): Tensor => graph.constant('int64', [], [value]);
  const side = bidirectional ? buckets / 2 : buckets;
  const edges = bucketsByDistance(side, maxDistance);
  const lookUp = (steps: Tensor): Tensor =>
    gather(graph.constant('int64', [edges.length], edges), minimum(steps, integer(edges.length - 1)));
  if (!bidirectional) return gather(table, lookUp(where(greater(distance, integer(0)), distance, integer(0))));
  const after = cast(greater(neg(distance), integer(0)), 'int64'); // keys behind the query use the upper half
  return gather(table, add(lookUp(abs(distance)), mul(after, integer(side))));
};

/** Added to the score of a key that may not be seen: the lowest float32, as Transformers' masks. */
export const HIDDEN = -3.4028234663852886e38;

/** 0 where a key may be seen (`visible` is not 0), {@link HIDDEN} where not. */
export const hide = (graph: Graph, visible: Tensor): Tensor => where(visible, graph.scalar(0), graph.scalar(HIDDEN));
