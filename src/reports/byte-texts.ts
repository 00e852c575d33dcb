/**
 * @file A long list of short texts, as UTF-8 bytes in one buffer. A hundred thousand ids and names as strings in objects
 * cost `prepare` more than reading them from the disk, most of it spent by the garbage collector on keeping them.
 */

/** Texts by their place, from 0; they are only ever added. */
export class ByteTexts {
  /** All texts, one after the other; longer than they are. */
  bytes: Buffer = Buffer.alloc(1 << 16);
  /** How many texts there are. */
  length = 0;
  #ends = new Uint32Array(1 << 12);
  /** Where the text being made ends so far. */
  #end = 0;

  /** Adds bytes to the text being made. */
  append(source: Uint8Array, start = 0, end = source.length): void {
    if (this.#end + end - start > this.bytes.length) {
      const larger = Buffer.alloc(2 * (this.#end + end - start));
      this.bytes.copy(larger);
      this.bytes = larger;
    }
    // Texts are a few bytes long, which a loop copies faster than a call.
    for (let at = start; at < end; at++) this.bytes[this.#end++] = source[at];
  }

  /** Ends the text being made; it gets the next place. */
  close(): void {
    if (this.length === this.#ends.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[this.length++] = this.#end;
  }

  /** Where a text starts in {@link bytes}. */
  start(place: number): number {
    return place === 0 ? 0 : this.#ends[place - 1];
  }

  /** Where a text ends in {@link bytes}. */
  end(place: number): number {
    return this.#ends[place];
  }

  /** A text as a string. */
  text(place: number): string {
    return this.bytes.toString('utf8', this.start(place), this.end(place));
  }
}
