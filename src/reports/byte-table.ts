/**
 * @file Looks texts up by their bytes: which of a hundred thousand wanted names, if any, stands at a place in a zip's
 * directory of several hundred thousand; which row named a study first. A `Map` would need a string for every question.
 */
import type { ByteTexts } from './byte-texts.js';

/** Hashed are the last bytes: a report's name ends in its study id and `.txt`. */
const HASHED = 12;

/** Texts by their bytes, each known by its place in its list; equal ones by the first one's. */
export class ByteTable {
  readonly #texts: ByteTexts;
  /** Open addressing: the place of a text, or -1. At most half full. */
  readonly #slots: Int32Array;

  constructor(texts: ByteTexts) {
    this.#texts = texts;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * texts.length + 2))).fill(-1);
    for (let place = 0; place < texts.length; place++) {
      const slot = this.#slot(texts.bytes, texts.start(place), texts.end(place));
      if (this.#slots[slot] === -1) this.#slots[slot] = place;
    }
  }

  /** The place of the text whose bytes stand at `start` up to `end`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slot(bytes, start, end)];
  }

  /** The slot that holds a text, or the free one where it would go. */
  #slot(bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    let hash = end - start;
    for (let at = Math.max(start, end - HASHED); at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    for (let slot = (hash ^ (hash >>> 15)) & (slots.length - 1); ; slot = (slot + 1) & (slots.length - 1)) {
      if (slots[slot] === -1 || this.#isAt(slots[slot], bytes, start, end)) return slot;
    }
  }

  #isAt(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const texts = this.#texts;
    const textEnd = texts.end(place);
    if (textEnd - texts.start(place) !== end - start) return false;
    // From the end, where they differ.
    for (let back = 1; back <= end - start; back++) if (texts.bytes[textEnd - back] !== bytes[end - back]) return false;
    return true;
  }
}
