/**
 * @file Checkpoints: everything a run needs to go on as if it had not stopped. One safetensors file each
 * (`checkpoints/step-00000120.safetensors`): parameters, the best ones so far if these are others, the optimiser's arrays,
 * and the run's counters in the header. Written whole, so that a kill leaves either it or the one before.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../ground/failure.js';
import { openSafetensors, writeSafetensors } from '../t5/safetensors.js';
import type { Trainable } from './optimizers/optimizer.js';

/** The best model of a run: the step after which it was measured, and its scores. */
export interface BestModel {
  readonly step: number;
  readonly devLoss: number;
  /** Mean ROUGE-L of its drafts on the dev data, 0 to 1, where it was measured. */
  readonly devRouge?: number;
}

/** Where a run stands. */
export interface RunState {
  /** Steps made. */
  readonly step: number;
  /** The best model so far. */
  readonly best?: BestModel;
  /** Evaluations since then. */
  readonly sinceBest?: number;
  /** The step after which the last evaluation was made. */
  readonly evaluated?: number;
  /** Seconds of training behind it, earlier sessions included. */
  readonly seconds: number;
  /** Identifies settings and data: a checkpoint is only taken up by the same run. */
  readonly fingerprint: string;
}

/** A checkpoint as read. */
export interface Checkpoint {
  readonly state: RunState;
  readonly path: string;
  readonly arrays: ReadonlyMap<string, Float32Array>;
}

const KEPT = 2;
const NAME = /^step-(\d{8})\.safetensors$/;

/** Prefixes of a checkpoint's arrays. */
export const PARAMETER = 'parameter:';
export const OPTIMIZER = 'optimizer:';

/** Writes a checkpoint, then removes all but the last two. */
export const saveCheckpoint = async (
  folder: string,
  state: RunState,
  parameters: readonly Trainable[],
  optimizerState: ReadonlyMap<string, Float32Array>,
): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const tensors = new Map([
    ...parameters.map(({ name, shape, value }) => [`${PARAMETER}${name}`, { shape, data: value }] as const),
    ...[...optimizerState].map(([name, data]) => [`${OPTIMIZER}${name}`, { shape: [data.length], data }] as const),
  ]);
  const path = join(folder, `step-${String(state.step).padStart(8, '0')}.safetensors`);
  await writeSafetensors(path, tensors, { state: JSON.stringify(state) });
  for (const name of (await checkpointNames(folder)).slice(0, -KEPT)) await rm(join(folder, name), { force: true });
};

/**
 * Reads a run's last checkpoint.
 *
 * @returns Undefined when there is none.
 * @throws {Failure} When it belongs to a run of other settings or data.
 */
export const loadLastCheckpoint = async (folder: string, fingerprint: string): Promise<Checkpoint | undefined> => {
  const name = (await checkpointNames(folder)).at(-1);
  if (name === undefined) return undefined;
  const path = join(folder, name);
  const file = await openSafetensors(path);
  try {
    const state: RunState = JSON.parse(file.metadata.state);
    if (state.fingerprint !== fingerprint) {
      throw new Failure({
        what: 'the checkpoint belongs to a run with other settings or data',
        where: path,
        fix: 'resume with the command that began the run, or choose another --out',
      });
    }
    const arrays = new Map<string, Float32Array>();
    for (const key of file.names) arrays.set(key, (await file.read(key)).data);
    return { state, path, arrays };
  } finally {
    await file.close();
  }
};

const checkpointNames = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => NAME.test(name)).sort();
};
