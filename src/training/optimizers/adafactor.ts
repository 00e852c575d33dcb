/**
 * @file Adafactor (Shazeer & Stern 2018) with an outside learning rate, as Transformers' `Adafactor(scale_parameter=False,
 * relative_step=False)`: a matrix's second moment is kept as its rows' and columns' means only, and a tensor's update
 * is clipped by its root mean square.
 */
import { type Optimizer, stateArrays } from './optimizer.js';

/** Adafactor's settings; the defaults are Transformers'. */
export interface AdafactorOptions {
  /** Added to the squared gradient; default 1e-30. */
  readonly epsilon?: number;
  /** Largest root mean square of a tensor's update before the learning rate; default 1. */
  readonly clipThreshold?: number;
  /** The second moment's decay at step t is 1 − t^decayRate; default −0.8. */
  readonly decayRate?: number;
  /** Share of a parameter taken away in each step, times the learning rate; default 0. */
  readonly weightDecay?: number;
}

/** @example const optimizer = adafactor(); optimizer.step(parameters, 1e-3); */
export const adafactor = ({
  epsilon = 1e-30,
  clipThreshold = 1,
  decayRate = -0.8,
  weightDecay = 0,
}: AdafactorOptions = {}): Optimizer => {
  const moments = stateArrays();
  let steps = 0;

  /** Writes the unclipped update of a matrix, of `rows` × `columns` after folding leading axes into the rows. */
  const factored = (
    name: string,
    gradient: Float32Array,
    update: Float32Array,
    columns: number,
    beta2: number,
    scale: number,
  ): void => {
    const rows = gradient.length / columns;
    const rowMean = moments.get('exp_avg_sq_row', name, rows);
    const columnMean = moments.get('exp_avg_sq_col', name, columns);
    const columnSum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      let rowSum = 0;
      for (let column = 0, i = row * columns; column < columns; column++, i++) {
        const g = gradient[i] * scale;
        const square = g * g + epsilon;
        rowSum += square;
        columnSum[column] += square;
      }
      rowMean[row] = beta2 * rowMean[row] + (1 - beta2) * (rowSum / columns);
    }
    const columnScale = new Float64Array(columns);
    for (let column = 0; column < columns; column++) {
      columnMean[column] = beta2 * columnMean[column] + (1 - beta2) * (columnSum[column] / rows);
      columnScale[column] = 1 / Math.sqrt(columnMean[column]);
    }
    const overall = rowMean.reduce((total, value) => total + value, 0) / rows;
    for (let row = 0; row < rows; row++) {
      const rowScale = 1 / Math.sqrt(rowMean[row] / overall);
      for (let column = 0, i = row * columns; column < columns; column++, i++) {
        update[i] = gradient[i] * scale * rowScale * columnScale[column];
      }
    }
  };

  const unfactored = (
    name: string,
    gradient: Float32Array,
    update: Float32Array,
    beta2: number,
    scale: number,
  ): void => {
    const square = moments.get('exp_avg_sq', name, gradient.length);
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i] * scale;
      square[i] = beta2 * square[i] + (1 - beta2) * (g * g + epsilon);
      update[i] = g / Math.sqrt(square[i]);
    }
  };

  return {
    get steps() {
      return steps;
    },
    step: (parameters, learningRate, scale = 1) => {
      steps++;
      const beta2 = 1 - steps ** decayRate;
      const longest = parameters.reduce((most, { value }) => Math.max(most, value.length), 0);
      const updates = new Float32Array(longest);
      for (const { name, shape, value, gradient } of parameters) {
        const update = updates.subarray(0, value.length);
        if (shape.length >= 2) factored(name, gradient, update, shape.at(-1)!, beta2, scale);
        else unfactored(name, gradient, update, beta2, scale);
        const rms = Math.sqrt(update.reduce((total, u) => total + u * u, 0) / update.length);
        const rate = learningRate / Math.max(1, rms / clipThreshold);
        const keep = 1 - learningRate * weightDecay;
        for (let i = 0; i < value.length; i++) value[i] = value[i] * keep - rate * update[i];
      }
    },
    state: () => moments.all,
    restore: (state, count) => {
      for (const [name, array] of state) moments.all.set(name, array);
      steps = count;
    },
  };
};
