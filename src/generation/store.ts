/**
 * @file Keys or values of attention for a changing number of lanes: arrays of shape (room, heads, places, dKv), of which
 * the first lanes are in use. A step reads the lanes in use as they lie; only growing or shrinking copies.
 */

/** Arrays of one shape, in the order of `EncodedRows`. */
export class Store {
  readonly #heads: number;
  readonly #dKv: number;
  #arrays: Float32Array[];
  #room = 0;
  #places = 0;

  constructor(arrays: number, heads: number, dKv: number) {
    this.#heads = heads;
    this.#dKv = dKv;
    this.#arrays = Array.from({ length: arrays }, () => new Float32Array(0));
  }

  /** Places of each lane. */
  get places(): number {
    return this.#places;
  }

  /** Lanes there is room for. */
  get room(): number {
    return this.#room;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#arrays.length * this.#room * this.#laneSize * 4;
  }

  get #laneSize(): number {
    return this.#heads * this.#places * this.#dKv;
  }

  /** The arrays of the first `lanes`, not copied. */
  views(lanes: number): Float32Array[] {
    return this.#arrays.map((array) => array.subarray(0, lanes * this.#laneSize));
  }

  /** Takes arrays of shape (rows, heads, places, dKv) as they are, instead of what it held. */
  adopt(arrays: readonly Float32Array[], rows: number, places: number): void {
    this.#arrays = [...arrays];
    this.#room = rows;
    this.#places = places;
  }

  /** Makes the store of that size, keeping the first places of the first `inUse` lanes. */
  resize(room: number, places: number, inUse: number): void {
    if (room === this.#room && places === this.#places) return;
    const [before, dKv, heads] = [this.#places, this.#dKv, this.#heads];
    const kept = Math.min(before, places) * dKv;
    this.#arrays = this.#arrays.map((old) => {
      const array = new Float32Array(room * heads * places * dKv);
      if (before === places) array.set(old.subarray(0, Math.min(old.length, inUse * heads * places * dKv)));
      else {
        for (let each = 0; each < inUse * heads; each++) {
          array.set(old.subarray(each * before * dKv, each * before * dKv + kept), each * places * dKv);
        }
      }
      return array;
    });
    this.#room = room;
    this.#places = places;
  }

  /** Room for at least so many lanes and places; grows by half, so that growing seldom happens. */
  reserve(room: number, places: number, inUse: number): void {
    if (room <= this.#room && places <= this.#places) return;
    this.resize(
      Math.max(room, this.#room),
      places <= this.#places ? this.#places : Math.max(places, Math.ceil(this.#places * 1.5)),
      inUse,
    );
  }

  /** Lane `to` becomes what lane `from` is. */
  move(from: number, to: number): void {
    const size = this.#laneSize;
    for (const array of this.#arrays) array.copyWithin(to * size, from * size, (from + 1) * size);
  }

  /**
   * Writes consecutive places of a lane, for every head.
   *
   * @param sources Arrays of shape (rows, heads, width, dKv).
   * @param row Row of the sources; `from` its first place and `count` how many.
   */
  put(
    lane: number,
    place: number,
    sources: readonly Float32Array[],
    { row, from, count, width }: { row: number; from: number; count: number; width: number },
  ): void {
    const [heads, dKv, places] = [this.#heads, this.#dKv, this.#places];
    for (let index = 0; index < sources.length; index++) {
      const [target, source] = [this.#arrays[index], sources[index]];
      for (let h = 0; h < heads; h++) {
        const start = ((row * heads + h) * width + from) * dKv;
        const end = start + count * dKv;
        const to = ((lane * heads + h) * places + place) * dKv;
        // A step puts a single place for each head: a view of it would take longer than its few numbers.
        if (count === 1) for (let i = start, j = to; i < end; i++, j++) target[j] = source[i];
        else target.set(source.subarray(start, end), to);
      }
    }
  }
}
