/**
 * @file Text as `json.dumps` of Python spells it, written as bytes into a growing buffer; what `jsonString` does for a
 * string this does for UTF-16 units, without making one.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** The letter behind the backslash for the characters that have one: `\"`, `\\`, `\b`, `\t`, `\n`, `\f`, `\r`. */
const LETTERS: Readonly<Record<number, number>> = {
  [QUOTE]: QUOTE,
  [BACKSLASH]: BACKSLASH,
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  12: 0x66,
  13: 0x72,
};

/** JSON in the making. */
export class JsonBytes {
  #bytes = new Uint8Array(1 << 20);
  length = 0;

  /** Adds ASCII text as it is. */
  literal(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.length++] = text.charCodeAt(at);
  }

  /** Adds a stretch of UTF-16 units as a JSON string, quotes included, everything but printable ASCII escaped. */
  string(units: Uint16Array, start: number, end: number): void {
    this.#reserve(6 * (end - start) + 2);
    const bytes = this.#bytes;
    let to = this.length;
    bytes[to++] = QUOTE;
    for (let at = start; at < end; at++) {
      const unit = units[at];
      if (unit >= 0x20 && unit < 0x7f && unit !== QUOTE && unit !== BACKSLASH) bytes[to++] = unit;
      else {
        bytes[to++] = BACKSLASH;
        const letter = LETTERS[unit];
        if (letter !== undefined) bytes[to++] = letter;
        else {
          bytes[to++] = 0x75;
          for (let shift = 12; shift >= 0; shift -= 4) bytes[to++] = HEX[(unit >> shift) & 15];
        }
      }
    }
    bytes[to++] = QUOTE;
    this.length = to;
  }

  /** What has been added, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + more);
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}
