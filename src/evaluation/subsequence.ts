/**
 * @file Longest common subsequences of token sequences, with one bit a cell: a row of the usual table grows by 0 or 1
 * from column to column, so 32 columns fit one integer and a row follows from the row above by an addition with carry
 * (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). Time and, where positions are asked for, memory
 * are (reference tokens × candidate tokens) / 32.
 */

/** Compares references with one candidate at a time; its memory is used again for the next candidate. */
export interface SubsequenceFinder {
  /**
   * Takes the candidate for the following comparisons.
   * @param candidate Token ids, small integers from 0. // (candidate tokens)
   */
  take(candidate: Int32Array): void;
  /**
   * The length of a longest common subsequence with the candidate.
   * @param reference Token ids. // (reference tokens)
   */
  commonLength(reference: Int32Array): number;
  /**
   * Marks the reference positions of one longest common subsequence: the one `rouge_score` reads out, walking back
   * from the table's end, up-left where the tokens are equal, else left where that cell is greater than the one above,
   * else up.
   * @param reference Token ids. // (reference tokens)
   * @param marks Set to 1 at each position found; others are left as they are. // (reference tokens)
   */
  markCommon(reference: Int32Array, marks: Uint8Array): void;
}

/** Bits set in a 32-bit integer. */
const bitCount = (bits: number): number => {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** The array, or a longer one with the same content where it is too short. */
export const grown = (array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> => {
  if (array.length >= length) return array;
  const longer = new Int32Array(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
};

/** Table value at column `columns` of a row of flat bits: the columns among the first `columns` at which it grows. */
const valueAt = (rows: Int32Array, at: number, columns: number): number => {
  let flatBits = 0;
  const whole = columns >>> 5;
  for (let w = 0; w < whole; w += 1) flatBits += bitCount(rows[at + w]);
  const rest = columns & 31;
  if (rest > 0) flatBits += bitCount(rows[at + whole] & ((1 << rest) - 1));
  return columns - flatBits;
};

/**
 * A finder of common subsequences.
 *
 * @example
 * const finder = createSubsequenceFinder();
 * finder.take(Int32Array.of(1, 3));
 * finder.commonLength(Int32Array.of(1, 2, 3)); // 2
 */
export const createSubsequenceFinder = (): SubsequenceFinder => {
  let candidate: Int32Array = new Int32Array(0);
  /** Words of 32 columns. */
  let words = 0;
  /** By token id: 1 + its row in `masks`, 0 where the candidate lacks the token. */
  let rowOf = new Int32Array(1024);
  /** Bit j of a row: the candidate's token j is the row's token. // (distinct tokens, words) */
  let masks = new Int32Array(1024);
  let line = new Int32Array(32);

  /**
   * Writes one row's flat columns: bit j of `next` is 1 where the table does not grow at column j. `above` may be
   * `next` itself.
   */
  const advance = (above: Int32Array, aboveAt: number, next: Int32Array, nextAt: number, token: number): void => {
    const row = token < rowOf.length ? rowOf[token] : 0;
    if (row === 0) {
      if (above !== next || aboveAt !== nextAt)
        for (let w = 0; w < words; w += 1) next[nextAt + w] = above[aboveAt + w];
      return;
    }
    const maskAt = (row - 1) * words;
    let carry = 0;
    for (let w = 0; w < words; w += 1) {
      const flat = above[aboveAt + w];
      const mask = masks[maskAt + w];
      const sum = (flat >>> 0) + ((flat & mask) >>> 0) + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      next[nextAt + w] = sum | 0 | (flat & ~mask);
    }
  };

  const take = (tokens: Int32Array): void => {
    for (const token of candidate) rowOf[token] = 0;
    candidate = tokens;
    words = (tokens.length + 31) >>> 5;
    masks = grown(masks, tokens.length * words);
    masks.fill(0, 0, tokens.length * words);
    let rows = 0;
    for (let column = 0; column < tokens.length; column += 1) {
      const token = tokens[column];
      rowOf = grown(rowOf, token + 1);
      if (rowOf[token] === 0) {
        rows += 1;
        rowOf[token] = rows;
      }
      masks[(rowOf[token] - 1) * words + (column >>> 5)] |= 1 << (column & 31);
    }
  };

  const commonLength = (reference: Int32Array): number => {
    line = grown(line, words);
    line.fill(-1, 0, words);
    for (let i = 0; i < reference.length; i += 1) advance(line, 0, line, 0, reference[i]);
    return valueAt(line, 0, candidate.length);
  };

  const markCommon = (reference: Int32Array, marks: Uint8Array): void => {
    const rows = new Int32Array((reference.length + 1) * words); // (reference tokens + 1, words)
    rows.fill(-1, 0, words);
    for (let i = 1; i <= reference.length; i += 1) advance(rows, (i - 1) * words, rows, i * words, reference[i - 1]);
    const grows = (i: number, j: number): number => 1 - ((rows[i * words + ((j - 1) >>> 5)] >>> ((j - 1) & 31)) & 1);

    let i = reference.length;
    let j = candidate.length;
    let here = valueAt(rows, i * words, j);
    let above = i > 0 ? valueAt(rows, (i - 1) * words, j) : 0;
    while (i > 0 && j > 0) {
      const equal = reference[i - 1] === candidate[j - 1];
      if (equal) marks[i - 1] = 1;
      if (!equal && here - grows(i, j) > above) {
        here -= grows(i, j);
        above -= grows(i - 1, j);
        j -= 1;
        continue;
      }
      if (equal) {
        above -= grows(i - 1, j);
        j -= 1;
      }
      here = above;
      i -= 1;
      if (i > 0) above = valueAt(rows, (i - 1) * words, j);
    }
  };

  return { take, commonLength, markCommon };
};
