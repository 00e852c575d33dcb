/**
 * @file The folder that SageMaker shares with a container, `/opt/ml`, and where in it everything lies. Its place is a
 * setting, so that the same program runs in a folder of one's own.
 *
 * Source: Amazon SageMaker developer guide, "How Amazon SageMaker provides training information", "Use your own
 * inference code".
 */
import { join } from 'node:path';

/** Names another folder in the place of `/opt/ml`. */
export const rootVariable = 'IMPRESSIONIST_ML_ROOT';

/** The places in it. */
export interface ContainerPaths {
  readonly root: string;
  readonly hyperparameters: string;
  readonly inputDataConfig: string;
  readonly resourceConfig: string;
  /** The folder of a channel. */
  readonly channel: (name: string) => string;
  /** What is left here is the job's model; when serving, the model that is served. */
  readonly model: string;
  /** What is left here becomes `output.tar.gz`. */
  readonly outputData: string;
  /** The reason of a failure, for the job's description. */
  readonly failure: string;
  /** Kept in S3 while the job runs, and given back when it starts again. */
  readonly checkpoints: string;
}

/**
 * The places below a root.
 *
 * @param root Default: {@link rootVariable}, else `/opt/ml`.
 */
export const containerPaths = (root = process.env[rootVariable] || '/opt/ml'): ContainerPaths => ({
  root,
  hyperparameters: join(root, 'input', 'config', 'hyperparameters.json'),
  inputDataConfig: join(root, 'input', 'config', 'inputdataconfig.json'),
  resourceConfig: join(root, 'input', 'config', 'resourceconfig.json'),
  channel: (name) => join(root, 'input', 'data', name),
  model: join(root, 'model'),
  outputData: join(root, 'output', 'data'),
  failure: join(root, 'output', 'failure'),
  checkpoints: join(root, 'checkpoints'),
});
