/** @file Which model `sagemaker train` trains, by which program, and the options that say so. */
import type { CreateTrainingJobCommandInput } from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import type { TrainingJob } from '../../sagemaker/training/request.js';
import { documentFor } from './document.js';
import type { OnInterrupt } from './interrupt.js';
import { type AccountOptions, type ModelOptions, onlyForJumpStart, refuseUnused, required } from './options.js';

/** The options of `sagemaker train`. */
export interface TrainOptions extends AccountOptions, ModelOptions {
  readonly attach?: string;
  readonly dev?: string;
  readonly engine: 'jumpstart' | 'impressionist';
  readonly baseModel?: string;
  readonly dialect?: 'script' | 'tgi';
  readonly role?: string;
  readonly s3?: string;
  readonly instance?: string;
  readonly set?: Record<string, string>;
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly name?: string;
  readonly out?: string;
  readonly kmsKey?: string;
  readonly volumeKmsKey?: string;
  readonly volume?: number;
  readonly maxHours?: number;
  readonly spot?: boolean;
  readonly maxWaitHours?: number;
  readonly checkpoints?: boolean;
  readonly subnet?: string[];
  readonly securityGroup?: string[];
  readonly compress?: boolean;
  readonly retries?: number;
  readonly keepAlive?: number;
  readonly tag?: Record<string, string>;
  readonly pricePerHour?: number;
  readonly logs?: boolean;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly acceptPhiUpload?: boolean;
  readonly onInterrupt: OnInterrupt;
}

/** The model of a job, and its request. */
export interface ChosenModel {
  readonly nameBase: string;
  readonly tags: Record<string, string>;
  readonly dialect: 'script' | 'tgi';
  readonly document?: ModelDocument;
  readonly request: (job: TrainingJob) => CreateTrainingJobCommandInput;
}

/**
 * Finds the model and checks what the user set of it; nothing is created.
 *
 * @throws {Failure} When it cannot be trained so.
 */
export const modelFor = async (clients: Clients, options: TrainOptions, instanceType: string): Promise<ChosenModel> => {
  const requests = await import('../../sagemaker/training/request.js');
  if (options.engine === 'impressionist') {
    refuseUnused(options, onlyForJumpStart, '--engine impressionist');
    const { checkTrainingHyperparameters } = await import('../../sagemaker/container/hyperparameters.js');
    const image = required(
      options.image,
      '--image',
      '123456789012.dkr.ecr.us-east-1.amazonaws.com/impressionist:0.1.0',
    );
    const hyperparameters = options.set ?? {};
    checkTrainingHyperparameters(hyperparameters, '--set');
    return {
      nameBase: 'impressionist',
      tags: {},
      dialect: options.dialect ?? 'script',
      request: (job) => requests.ownContainerRequest(job, { image, hyperparameters, modelUri: options.baseModel }),
    };
  }
  if (options.baseModel !== undefined) {
    throw new Failure({
      what: 'JumpStart brings its own base model',
      where: '--base-model',
      fix: 'choose it with --model-id, or add --engine impressionist',
    });
  }
  const [{ readSpec }, { resolveTraining }, { specDialect }] = await Promise.all([
    import('../../sagemaker/jumpstart/spec.js'),
    import('../../sagemaker/jumpstart/resolve.js'),
    import('../../sagemaker/inference/spec-dialect.js'),
  ]);
  const document = await documentFor(clients, options);
  const spec = readSpec(document);
  const choices = { ...options, region: clients.region, instanceType };
  const plan = resolveTraining(spec, choices, options.set ?? {});
  const dialect = options.dialect ?? specDialect(spec);
  if (dialect === undefined) {
    throw new Failure({
      what: 'the document does not tell how the model’s endpoints are spoken to',
      where: `${spec.modelId} ${spec.version}`,
      fix: 'add --dialect script or --dialect tgi',
    });
  }
  const hub: Record<string, string> =
    spec.hubContentArn === undefined ? {} : { 'sagemaker-sdk:hub-content-arn': spec.hubContentArn };
  return {
    nameBase: spec.resourceNameBase,
    tags: {
      'sagemaker-sdk:jumpstart-model-id': spec.modelId,
      'sagemaker-sdk:jumpstart-model-version': spec.version,
      ...hub,
    },
    dialect,
    document,
    request: (job) => requests.jumpStartRequest(job, plan),
  };
};
