/**
 * @file The drafts that are being decoded together, each in a lane: its input's cross-attention keys and values, worked
 * out once, and a cache of its own. A cache's places form a tree: a path is the list of places a sequence goes through,
 * several paths (beams) share what they have in common, and a place that no path needs any more is used again. So
 * choosing other beams, or dropping a proposed token, moves no keys or values at all.
 */
import { bucketsByDistance } from '../t5/positions.js';
import type { Decoder } from './decoder.js';
import { Store } from './store.js';

/** Places by which a cache grows at least. */
const CACHE_BLOCK = 32;
/** Inputs are encoded together up to so many tokens, padding counted: enough to fill the cores, little memory. */
const ENCODE_TOKENS = 4096;
/** The cross-attention's places are cut back once the longest input needs at most this share of them. */
const SHRINK = 0.7;

/** A token to be decoded. */
export interface Query {
  readonly token: number;
  /** The path it continues, by its number in its lane. */
  readonly path: number;
  /** An earlier query of this step on the same path that it follows directly; default: it follows the path itself. */
  readonly after?: number;
}

/** What a step gave one query. */
export interface Scores {
  /** A view that is only good until the next step; may be changed. */
  readonly logits: Float32Array;
  /** A logit less this is a log-probability. */
  readonly normaliser: number;
}

interface Lane {
  readonly inputLength: number;
  /** The places each path goes through, in order; the n-th holds the keys of the n-th token. */
  paths: number[][];
  /** Queries of the step just made, and its paths' depth and ancestors. */
  queries: readonly Query[];
}

/** Lanes being decoded. Their numbers are 0, 1, …; removing one gives its number to the last. */
export class Lanes {
  readonly #decoder: Decoder;
  readonly #cross: Store;
  readonly #cache: Store;
  readonly #buckets: readonly number[];
  readonly #hidden: number;
  #lanes: Lane[] = [];
  #mask: BigInt64Array | undefined;
  #added: readonly Float32Array[] = [];
  #width = 0;

  constructor(decoder: Decoder) {
    const { numDecoderLayers, numHeads, dKv, relativeAttentionNumBuckets, relativeAttentionMaxDistance } =
      decoder.config;
    this.#decoder = decoder;
    this.#cross = new Store(2 * numDecoderLayers, numHeads, dKv);
    this.#cache = new Store(2 * numDecoderLayers, numHeads, dKv);
    this.#buckets = bucketsByDistance(relativeAttentionNumBuckets, relativeAttentionMaxDistance);
    this.#hidden = relativeAttentionNumBuckets;
  }

  get count(): number {
    return this.#lanes.length;
  }

  /** Bytes of all keys and values held. */
  get bytes(): number {
    return this.#cross.bytes + this.#cache.bytes;
  }

  /** Encodes inputs (ids with their end token) and adds a lane for each, with one empty path. */
  async add(inputs: readonly (readonly number[])[]): Promise<void> {
    for (let first = 0; first < inputs.length; ) {
      let last = first;
      let longest = 0;
      while (last < inputs.length) {
        longest = Math.max(longest, inputs[last].length);
        if (last > first && (last - first + 1) * longest > ENCODE_TOKENS) break;
        last++;
      }
      const group = inputs.slice(first, last);
      const { width, arrays } = await this.#decoder.encode(group);
      const before = this.#lanes.length;
      if (before === 0) this.#cross.adopt(arrays, group.length, width);
      else {
        this.#cross.reserve(before + group.length, width, before);
        for (const [row, input] of group.entries()) {
          this.#cross.put(before + row, 0, arrays, { row, from: 0, count: input.length, width });
        }
      }
      this.#lanes.push(...group.map(({ length }): Lane => ({ inputLength: length, paths: [[]], queries: [] })));
      this.#cache.reserve(this.#lanes.length, CACHE_BLOCK, before);
      this.#mask = undefined;
      first = last;
    }
  }

  /** Ends a lane; the last one takes its number. */
  remove(lane: number): void {
    const last = this.#lanes.length - 1;
    if (lane !== last) {
      this.#cross.move(last, lane);
      this.#cache.move(last, lane);
      this.#lanes[lane] = this.#lanes[last];
    }
    this.#lanes.pop();
    this.#mask = undefined;
    const longest = Math.max(0, ...this.#lanes.map(({ inputLength }) => inputLength));
    if (longest > 0 && longest <= SHRINK * this.#cross.places) {
      this.#cross.resize(this.#cross.room, longest, this.#lanes.length);
    }
  }

  /**
   * Decodes the queries of every lane, at least one each.
   *
   * @returns For each lane and query its scores.
   */
  async step(queries: readonly (readonly Query[])[]): Promise<Scores[][]> {
    const lanes = this.#lanes.length;
    const width = Math.max(...queries.map(({ length }) => length));
    const capacity = this.#cache.places;
    const ids = new BigInt64Array(lanes * width).fill(BigInt(this.#decoder.config.padTokenId));
    const buckets = new BigInt64Array(lanes * width * (capacity + width));
    // Only small numbers that are not negative: the lower halves say all, and are much faster to write.
    const low = new Int32Array(buckets.buffer);
    for (let i = 0; i < low.length; i += 2) low[i] = this.#hidden;
    for (const [index, lane] of this.#lanes.entries()) {
      lane.queries = queries[index];
      for (let q = 0; q < width; q++) {
        const row = (index * width + q) * (capacity + width);
        low[(row + capacity + q) * 2] = this.#buckets[0];
        const query = lane.queries[q];
        if (query === undefined) continue; // padding sees itself only
        ids[index * width + q] = BigInt(query.token);
        let distance = 1;
        for (let at = query.after; at !== undefined; at = lane.queries[at].after) {
          low[(row + capacity + at) * 2] = this.#bucket(distance++);
        }
        const places = lane.paths[query.path];
        for (let at = places.length - 1; at >= 0; at--) low[(row + places[at]) * 2] = this.#bucket(distance++);
      }
    }
    const { logits, normalisers, added } = await this.#decoder.step({
      lanes,
      queries: width,
      ids,
      buckets,
      capacity,
      cache: this.#cache.views(lanes),
      width: this.#cross.places,
      cross: this.#cross.views(lanes),
      mask: this.#inputMask(),
    });
    this.#added = added;
    this.#width = width;
    const vocabulary = logits.length / (lanes * width);
    return queries.map((own, index) =>
      own.map((_, q) => {
        const row = index * width + q;
        return {
          logits: logits.subarray(row * vocabulary, (row + 1) * vocabulary),
          normaliser: normalisers[row],
        };
      }),
    );
  }

  /**
   * Says how a lane goes on after a step.
   *
   * @param survivors For each new path the query it ends with; queries that none goes through are forgotten.
   */
  follow(lane: number, survivors: readonly number[]): void {
    const state = this.#lanes[lane];
    const chains = survivors.map((survivor) => {
      const chain: number[] = [];
      for (let at: number | undefined = survivor; at !== undefined; at = state.queries[at].after) chain.unshift(at);
      return chain;
    });
    const taken = new Set<number>();
    for (const survivor of survivors) for (const place of state.paths[state.queries[survivor].path]) taken.add(place);
    const placeOf = new Map<number, number>();
    let next = 0;
    for (const query of new Set(chains.flat())) {
      while (taken.has(next)) next++;
      placeOf.set(query, next++);
    }
    this.#cache.reserve(this.#lanes.length, Math.ceil(next / CACHE_BLOCK) * CACHE_BLOCK, this.#lanes.length);
    for (const [query, place] of placeOf) {
      this.#cache.put(lane, place, this.#added, { row: lane, from: query, count: 1, width: this.#width });
    }
    state.paths = survivors.map((survivor, index) => [
      ...state.paths[state.queries[survivor].path],
      ...chains[index].map((query) => placeOf.get(query)!),
    ]);
  }

  #bucket(distance: number): number {
    return this.#buckets[Math.min(distance, this.#buckets.length - 1)];
  }

  /** 1 for an input's tokens, 0 for what lies behind them. */
  #inputMask(): BigInt64Array {
    if (this.#mask === undefined) {
      const width = this.#cross.places;
      this.#mask = new BigInt64Array(this.#lanes.length * width);
      this.#lanes.forEach(({ inputLength }, lane) => {
        this.#mask!.fill(1n, lane * width, lane * width + inputLength);
      });
    }
    return this.#mask;
  }
}
