/**
 * @file Looks names up by their bytes: which of a hundred thousand wanted names, if any, stands at a place in a zip's
 * directory of several hundred thousand. A `Map` would need a string for each of the latter, most of them for nothing.
 */

/** Hashed are the last bytes: a report's name ends in its study id and `.txt`. */
const HASHED = 12;

/** Wanted names, each known by its place in the list given. */
export class NameTable {
  /** The names' UTF-8 bytes, one after the other; name i ends at `#ends[i]`. */
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  /** Open addressing: the place of a name, or -1. At most half full. */
  readonly #slots: Int32Array;

  /** @param names Distinct or not; equal names are known by the first one's place. */
  constructor(names: readonly string[]) {
    const joined = names.join('');
    this.#bytes = Buffer.from(joined);
    const ascii = this.#bytes.length === joined.length;
    this.#ends = new Uint32Array(names.length);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * names.length + 2))).fill(-1);
    let end = 0;
    for (let place = 0; place < names.length; place++) {
      const start = end;
      end += ascii ? names[place].length : Buffer.byteLength(names[place]);
      this.#ends[place] = end;
      const slot = this.#slot(this.#bytes, start, end);
      if (this.#slots[slot] === -1) this.#slots[slot] = place;
    }
  }

  /** The place of the name whose bytes stand at `start` up to `end`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slot(bytes, start, end)];
  }

  /** The slot that holds a name, or the free one where it would go. */
  #slot(bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    let hash = end - start;
    for (let at = Math.max(start, end - HASHED); at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    for (let slot = (hash ^ (hash >>> 15)) & (slots.length - 1); ; slot = (slot + 1) & (slots.length - 1)) {
      if (slots[slot] === -1 || this.#isAt(slots[slot], bytes, start, end)) return slot;
    }
  }

  #isAt(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = place === 0 ? 0 : this.#ends[place - 1];
    if (this.#ends[place] - from !== end - start) return false;
    // From the end, where names differ.
    for (let back = 1; back <= end - start; back++) {
      if (this.#bytes[this.#ends[place] - back] !== bytes[end - back]) return false;
    }
    return true;
  }
}
