/**
 * @file The three requests that make an endpoint: model, endpoint configuration, endpoint. The prompt the model
 * learned travels in the model's environment, so that whoever asks the endpoint later asks as it was trained.
 *
 * Source: SageMaker API; sagemaker-python-sdk 2.257, `model.py`, `session.py`.
 */
import type {
  CreateEndpointCommandInput,
  CreateEndpointConfigCommandInput,
  CreateModelCommandInput,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import { checkName } from '../aws/names.js';
import type { Tag } from '../aws/tags.js';
import type { Dialect } from '../inference/dialect.js';
import type { HostingPlan } from '../jumpstart/resolve.js';
import { takesVolume } from '../jumpstart/variants.js';
import { checkRole, checkVpc, type TrainingJob } from '../training/request.js';

/** Environment variables of the model in which an endpoint remembers how to be asked. */
export const promptVariable = 'IMPRESSIONIST_PROMPT';
/** See {@link promptVariable}. */
export const dialectVariable = 'IMPRESSIONIST_DIALECT';

/** What hosting a model needs, whichever program serves it. */
export interface Hosting {
  readonly name: string;
  readonly roleArn: string;
  readonly instanceType: string;
  readonly instanceCount: number;
  /** `…/model.tar.gz`, or a prefix. */
  readonly artifactUri: string;
  readonly plan: HostingPlan;
  readonly prompt: string;
  readonly dialect: Dialect;
  /** The user's own variables; they win. */
  readonly environment: Readonly<Record<string, string>>;
  readonly kmsKeyId?: string;
  readonly vpc?: TrainingJob['vpc'];
  readonly tags: readonly Tag[];
}

/** Whether an artefact is one tarball, as batch transform needs. */
export const isTarball = (uri: string): boolean => uri.endsWith('.tar.gz');

const checkEnvironment = (environment: Readonly<Record<string, string>>): void => {
  const refuse = (where: string, got: string, fix: string): never => {
    throw new Failure({ what: 'SageMaker does not take this variable', where, got, fix });
  };
  const entries = Object.entries(environment);
  if (entries.length > 100) refuse('--env', `${entries.length} variables`, 'give at most 100');
  for (const [name, value] of entries) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) refuse(`--env ${name}`, 'that name', 'use letters, digits and _');
    const bytes = Buffer.byteLength(value);
    if (bytes <= 1024) continue;
    if (name !== promptVariable) refuse(`--env ${name}`, `${bytes} bytes`, 'shorten it to 1024');
    throw new Failure({
      what: 'the prompt is too long to travel with the endpoint',
      where: 'the prompt template',
      got: `${bytes} bytes`,
      fix: 'train with a template of at most 1024 bytes',
    });
  }
};

/** The `CreateModel` request. */
export const modelRequest = (hosting: Hosting): CreateModelCommandInput => {
  checkName(hosting.name, '--name');
  checkRole(hosting.roleArn);
  if (hosting.vpc !== undefined) checkVpc(hosting.vpc);
  const Environment = {
    ...hosting.plan.environment,
    [promptVariable]: hosting.prompt,
    [dialectVariable]: hosting.dialect,
    ...hosting.environment,
  };
  checkEnvironment(Environment);
  const { acceptEula, hubReference, artifactUri: pretrained } = hosting.plan;
  // A trained model lies in the user's own bucket.
  const throughHub = hubReference !== undefined && hosting.artifactUri === pretrained;
  const access = {
    ...(acceptEula ? { ModelAccessConfig: { AcceptEula: true } } : {}),
    ...(throughHub ? { HubAccessConfig: { HubContentArn: hubReference } } : {}),
  };
  const source = isTarball(hosting.artifactUri)
    ? { S3Uri: hosting.artifactUri, S3DataType: 'S3Object' as const, CompressionType: 'Gzip' as const }
    : {
        S3Uri: `${hosting.artifactUri.replace(/\/+$/, '')}/`,
        S3DataType: 'S3Prefix' as const,
        CompressionType: 'None' as const,
      };
  const data =
    isTarball(hosting.artifactUri) && !throughHub
      ? { ModelDataUrl: hosting.artifactUri }
      : { ModelDataSource: { S3DataSource: { ...source, ...access } } };
  return {
    ModelName: hosting.name,
    ExecutionRoleArn: hosting.roleArn,
    EnableNetworkIsolation: hosting.plan.networkIsolation,
    PrimaryContainer: { Image: hosting.plan.image, Environment, ...data },
    ...(hosting.vpc === undefined
      ? {}
      : { VpcConfig: { SecurityGroupIds: [...hosting.vpc.securityGroups], Subnets: [...hosting.vpc.subnets] } }),
    Tags: [...hosting.tags],
  };
};

const seconds = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.min(3600, Math.max(60, value));

type Variant = NonNullable<CreateEndpointConfigCommandInput['ProductionVariants']>[number];

/** The `CreateEndpointConfig` request. */
export const endpointConfigRequest = (hosting: Hosting): CreateEndpointConfigCommandInput => {
  if (!Number.isInteger(hosting.instanceCount) || hosting.instanceCount < 1) {
    throw new Failure({
      what: 'the value is out of range',
      where: '--instances',
      got: String(hosting.instanceCount),
      fix: 'give a whole number from 1',
    });
  }
  const { plan } = hosting;
  const ownDisks = !takesVolume(hosting.instanceType);
  if (ownDisks && hosting.kmsKeyId !== undefined) {
    throw new Failure({
      what: 'the disks of this instance type are its own',
      where: '--kms-key',
      got: hosting.instanceType,
      fix: 'leave it out: these disks are encrypted by the hardware',
    });
  }
  const variant: Variant = {
    VariantName: 'AllTraffic',
    ModelName: hosting.name,
    InstanceType: hosting.instanceType as Variant['InstanceType'],
    InitialInstanceCount: hosting.instanceCount,
    InitialVariantWeight: 1,
  };
  const download = seconds(plan.downloadTimeoutSeconds);
  const startup = seconds(plan.startupTimeoutSeconds);
  if (download !== undefined) variant.ModelDataDownloadTimeoutInSeconds = download;
  if (startup !== undefined) variant.ContainerStartupHealthCheckTimeoutInSeconds = startup;
  if (!ownDisks && plan.volumeGb !== undefined) variant.VolumeSizeInGB = Math.min(512, plan.volumeGb);
  if (plan.amiVersion !== undefined) variant.InferenceAmiVersion = plan.amiVersion as Variant['InferenceAmiVersion'];
  return {
    EndpointConfigName: hosting.name,
    ProductionVariants: [variant],
    ...(hosting.kmsKeyId === undefined ? {} : { KmsKeyId: hosting.kmsKeyId }),
    Tags: [...hosting.tags],
  };
};

/** The `CreateEndpoint` request. */
export const endpointRequest = (hosting: Hosting): CreateEndpointCommandInput => ({
  EndpointName: hosting.name,
  EndpointConfigName: hosting.name,
  Tags: [...hosting.tags],
});
