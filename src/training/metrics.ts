/**
 * @file `metrics.jsonl`: a line for each step and each evaluation, appended as they happen. A resumed run first drops the
 * lines behind its checkpoint, so that the file reads as if there had been no break.
 */
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writeFailure, writeWhole } from '../ground/durable.js';
import { systemCode } from '../ground/failure.js';

/** A step's line. */
export interface StepMetrics {
  readonly step: number;
  /** Passes over the training examples begun, counted from 0, with the share of the last one. */
  readonly epoch: number;
  /** Mean cross-entropy over the label tokens, in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Euclidean norm of all gradients before clipping. */
  readonly gradientNorm: number;
  /** Input and label tokens, padding not counted, a second. */
  readonly tokensPerSecond: number;
  /** Seconds of training so far. */
  readonly seconds: number;
}

/** An evaluation's line. */
export interface DevMetrics {
  readonly step: number;
  /** Mean cross-entropy over the dev label tokens, in nats. */
  readonly devLoss: number;
  /** Mean ROUGE-L (stemmed) of drafts of the dev examples, 0 to 1, where drafts were asked for. */
  readonly devRouge?: number;
  readonly seconds: number;
}

/**
 * Begins the file anew, or keeps its lines up to and including `step`, of evaluations up to `evaluated`: a checkpoint may
 * stand between a step and the evaluation after it.
 */
export const truncateMetrics = async (path: string, step: number, evaluated = 0): Promise<void> => {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  // A kill may have left half a last line behind.
  const lines = text.split('\n').slice(0, -1);
  const isKept = (metrics: StepMetrics | DevMetrics): boolean =>
    metrics.step <= ('devLoss' in metrics ? evaluated : step);
  await writeWhole(
    path,
    lines.filter((line) => isKept(JSON.parse(line))).map((line) => `${line}\n`),
  );
};

/** Appends a line. */
export const appendMetrics = (path: string, metrics: StepMetrics | DevMetrics): void => {
  try {
    appendFileSync(path, `${JSON.stringify(metrics)}\n`);
  } catch (error) {
    throw writeFailure(path, error);
  }
};
