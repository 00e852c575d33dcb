/**
 * @file Column sums of the same rows under many weightings, which is all that resampling does: a bootstrap sample
 * weights each example by how often it was drawn, a randomisation by 0 or 1. Rows of scores have much to save: columns
 * that never change, columns that equal another (ROUGE-L and ROUGE-Lsum of single lines), and columns that are
 * mostly 0 (labels), which are kept as lists of what is not.
 */

/** Sums under a weighting. */
export interface WeightedSums {
  /**
   * The column sums with each row taken as often as its weight says.
   * @param weights Whole numbers from 0. // (rows)
   * @returns The sums, in memory that the next call uses again. // (width)
   */
  of(weights: Int32Array): Float64Array;
}

/** A column is stored by its non-zero values where fewer than this share of them are. */
const sparseShare = 0.3;

/**
 * Prepares rows for {@link WeightedSums.of}.
 *
 * @param rows Row after row. // (rows, width)
 * @param width Columns of a row.
 * @example createWeightedSums(Float64Array.of(1, 5, 2, 6), 2).of(Int32Array.of(0, 3)); // [6, 18]
 */
export const createWeightedSums = (rows: Float64Array, width: number): WeightedSums => {
  const count = width === 0 ? 0 : rows.length / width;
  const constants: { readonly column: number; readonly value: number }[] = [];
  const copies: { readonly column: number; readonly of: number }[] = [];
  const denseColumns: number[] = [];
  const sparseColumns: { readonly column: number; readonly places: Int32Array; readonly values: Float64Array }[] = [];
  /** Columns kept, by their plain sum, so that only likely equals are compared. */
  const bySum = new Map<number, number[]>();

  const equal = (one: number, other: number): boolean => {
    for (let at = 0; at < rows.length; at += width) if (rows[at + one] !== rows[at + other]) return false;
    return true;
  };
  for (let column = 0; column < width; column += 1) {
    let sum = 0;
    let filled = 0;
    let constant = true;
    for (let at = column; at < rows.length; at += width) {
      sum += rows[at];
      if (rows[at] !== 0) filled += 1;
      if (rows[at] !== rows[column]) constant = false;
    }
    const same = bySum.get(sum)?.find((other) => equal(column, other));
    if (constant) constants.push({ column, value: count === 0 ? 0 : rows[column] });
    else if (same !== undefined) copies.push({ column, of: same });
    else {
      bySum.set(sum, [...(bySum.get(sum) ?? []), column]);
      if (filled >= sparseShare * count) {
        denseColumns.push(column);
        continue;
      }
      const places = new Int32Array(filled);
      const values = new Float64Array(filled);
      let next = 0;
      for (let row = 0; row < count; row += 1) {
        const value = rows[row * width + column];
        if (value === 0) continue;
        places[next] = row;
        values[next] = value;
        next += 1;
      }
      sparseColumns.push({ column, places, values });
    }
  }
  const denseWidth = denseColumns.length;
  const dense = new Float64Array(count * denseWidth); // (rows, dense columns)
  for (let row = 0; row < count; row += 1)
    for (let at = 0; at < denseWidth; at += 1) dense[row * denseWidth + at] = rows[row * width + denseColumns[at]];

  const sums = new Float64Array(width);
  const denseSums = new Float64Array(denseWidth);
  return {
    of: (weights) => {
      denseSums.fill(0);
      let total = 0;
      for (let row = 0; row < count; row += 1) {
        const weight = weights[row];
        if (weight === 0) continue;
        total += weight;
        const from = row * denseWidth;
        for (let at = 0; at < denseWidth; at += 1) denseSums[at] += weight * dense[from + at];
      }
      for (let at = 0; at < denseWidth; at += 1) sums[denseColumns[at]] = denseSums[at];
      for (const { column, places, values } of sparseColumns) {
        let sum = 0;
        for (let at = 0; at < places.length; at += 1) sum += weights[places[at]] * values[at];
        sums[column] = sum;
      }
      for (const { column, value } of constants) sums[column] = total * value;
      for (const copy of copies) sums[copy.column] = sums[copy.of];
      return sums;
    },
  };
};
