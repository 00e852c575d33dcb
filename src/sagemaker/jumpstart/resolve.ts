/**
 * @file From a model's document to what a job or an endpoint needs, for one region and instance type. Everything is
 * checked here, before anything is created: support, deprecation, licence, instance type, hyperparameters.
 *
 * Source: sagemaker-python-sdk 2.257, `jumpstart/factory/{estimator,model}.py`, `jumpstart/artifacts/*.py`.
 */
import { Failure } from '../../ground/failure.js';
import { type Environment, gatedBucket, scriptUri, weightsUri } from './buckets.js';
import { algorithmHyperparameters, containerHyperparameters } from './hyperparameters.js';
import { imageFor } from './images.js';
import type { HostingSpec, ModelSpec, Place, TrainingSpec } from './spec.js';
import { takesVolume, variantList, variantMap, variantProperty } from './variants.js';

/** What the user decides about a model, the same for training and hosting. */
export interface ResolveChoices {
  readonly region: string;
  readonly instanceType: string;
  /** An image to use instead of the document's. */
  readonly image?: string;
  /** Use an instance type the document does not list. */
  readonly unlistedInstance?: boolean;
  readonly tolerateDeprecated?: boolean;
  readonly tolerateVulnerable?: boolean;
  /** The user has read and accepts the licence of a gated model. */
  readonly acceptEula?: boolean;
  readonly environment?: Environment;
}

/** What a training job takes from a model's document as it stands there. */
type TrainingFacts = Pick<
  TrainingSpec,
  'volumeGb' | 'networkIsolation' | 'encryptTraffic' | 'compressOutput' | 'maxRuntimeSeconds' | 'validationSupported'
>;

/** What a training job takes from a model's document; without `volumeGb` when the instance type has disks of its own. */
export interface TrainingPlan extends TrainingFacts {
  readonly image: string;
  /** Base weights, for the `model` channel; absent for models that get them by the environment. */
  readonly modelUri?: string;
  /** The training script's tarball. */
  readonly scriptUri: string;
  readonly hyperparameters: Readonly<Record<string, string>>;
  readonly container: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly metrics: readonly { readonly Name: string; readonly Regex: string }[];
  readonly acceptEula: boolean;
  /** The reference of a private hub through which the base weights are read. */
  readonly hubReference?: string;
}

/** What hosting takes from a model's document as it stands there. */
type HostingFacts = Pick<
  HostingSpec,
  'volumeGb' | 'networkIsolation' | 'downloadTimeoutSeconds' | 'startupTimeoutSeconds' | 'amiVersion'
>;

/** What a model and an endpoint configuration take from a model's document. */
export interface HostingPlan extends HostingFacts {
  readonly image: string;
  /** The pre-trained artefact: a tarball, or a prefix that ends in `/`. */
  readonly artifactUri: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly acceptEula: boolean;
  /** The reference of a private hub through which the pre-trained artefact is read. */
  readonly hubReference?: string;
  /** Whether the pre-trained artefact lacks its inference code, which then would have to be packed into it. */
  readonly needsScript: boolean;
}

const named = (spec: ModelSpec): string => `${spec.modelId} ${spec.version}`;

const checkUsable = (spec: ModelSpec, vulnerabilities: readonly string[], choices: ResolveChoices): void => {
  if (spec.deprecation !== undefined && !choices.tolerateDeprecated) {
    throw new Failure({
      what: 'the model version is deprecated',
      where: named(spec),
      got: spec.deprecation,
      fix: 'pin a newer --model-version, or use it anyway with --tolerate-deprecated',
    });
  }
  if (vulnerabilities.length > 0 && !choices.tolerateVulnerable) {
    throw new Failure({
      what: 'the model version depends on packages with known vulnerabilities',
      where: named(spec),
      got: vulnerabilities.join(' '),
      fix: 'pin a newer --model-version, or use it anyway with --tolerate-vulnerable',
    });
  }
  if (spec.gated && !choices.acceptEula) {
    throw new Failure({
      what: 'the licence of this model must be accepted first',
      where: named(spec),
      fix: 'read it in SageMaker Studio, then add --accept-eula',
    });
  }
};

const checkInstanceType = (
  spec: ModelSpec,
  use: 'training' | 'inference',
  supported: readonly string[],
  suggested: string | undefined,
  choices: ResolveChoices,
): void => {
  if (!/^ml\.[a-z\d-]+\.\w+$/.test(choices.instanceType)) {
    throw new Failure({
      what: 'not an instance type',
      where: '--instance',
      got: `'${choices.instanceType}'`,
      fix: `write it as ml.FAMILY.SIZE${suggested ? `, e.g. ${suggested}` : ''}`,
    });
  }
  if (supported.length === 0 || supported.includes(choices.instanceType) || choices.unlistedInstance) return;
  throw new Failure({
    what: `the model does not list this instance type for ${use}`,
    where: `${named(spec)}, --instance ${choices.instanceType}`,
    got: `support for ${supported.join(' ')}`,
    fix: 'choose one of these, or try it anyway with --unlisted-instance',
  });
};

/** The ARN that gives access to AWS's files through a private hub, when the document came from one. */
const hubReference = ({ hubContentArn }: ModelSpec): string | undefined =>
  hubContentArn !== undefined && /:hub-content\/[^/]+\/ModelReference\//.test(hubContentArn)
    ? hubContentArn
    : undefined;

const asPlace = (value: string): Place => (value.startsWith('s3://') ? { uri: value } : { key: value });

/**
 * Resolves what a training job needs.
 *
 * @param spec The model.
 * @param choices Region, instance type and what the user tolerates.
 * @param given Hyperparameters by name; the rest keep the document's defaults.
 * @throws {Failure} When the model cannot be trained so; nothing has been created then.
 * @example resolveTraining(spec, { region: 'us-east-1', instanceType: 'ml.g5.48xlarge' }, { epochs: '3' }).image
 */
export const resolveTraining = (
  spec: ModelSpec,
  choices: ResolveChoices,
  given: Readonly<Record<string, string>>,
): TrainingPlan => {
  const { training } = spec;
  if (training === undefined) {
    throw new Failure({
      what: 'the model cannot be fine-tuned in JumpStart',
      where: named(spec),
      fix: 'choose a Flan-T5 that can, e.g. --model-id huggingface-text2text-flan-t5-xl',
    });
  }
  checkUsable(spec, training.vulnerabilities, choices);
  const { region, instanceType, environment } = choices;
  checkInstanceType(spec, 'training', training.supportedInstanceTypes, training.defaultInstanceType, choices);
  if (training.script === undefined) {
    throw new Failure({
      what: 'the model document names no training script',
      where: named(spec),
      fix: 'pin another version with --model-version',
    });
  }

  // Older gated models get their weights by an environment variable instead of the `model` channel.
  const gatedKey = (type: string): string | undefined =>
    variantProperty(training.variants, type, 'gated_model_env_var_uri', 'gated_model_key_env_var_value');
  const distinctKeys = new Set(training.supportedInstanceTypes.map(gatedKey));
  const ownKey = gatedKey(instanceType) ?? (spec.gated && distinctKeys.size === 1 ? [...distinctKeys][0] : undefined);
  const packageUri = training.packageArtifacts[region] ?? training.packageArtifacts['*'];
  const byEnvironment = [...distinctKeys].some(Boolean) || Object.keys(training.packageArtifacts).length > 0;
  const gatedUri =
    packageUri ??
    (ownKey?.startsWith('s3://') ? ownKey : ownKey && `s3://${gatedBucket(region, environment)}/${ownKey}`);
  if (byEnvironment && gatedUri === undefined) {
    throw new Failure({
      what: 'the model has no weights for this instance type and region',
      where: `${named(spec)}, ${instanceType} in ${region}`,
      fix: `choose one of ${training.supportedInstanceTypes.join(' ')}, or another --region`,
    });
  }
  const special = variantProperty(training.variants, instanceType, 'training_artifact_uri', 'training_artifact_key');
  const weights = special === undefined ? training.artifact : asPlace(special);

  const metrics = [...(variantList(training.variants, instanceType, 'metrics') as TrainingPlan['metrics'])];
  for (const metric of training.metrics) {
    if (!metrics.some(({ Name }) => Name === metric.Name)) metrics.push(metric);
  }
  return {
    image: choices.image ?? imageFor(training, 'training', instanceType, region, named(spec)),
    modelUri:
      byEnvironment || weights === undefined ? undefined : weightsUri(weights, region, spec.gatedBucket, environment),
    scriptUri: scriptUri(training.script, region, environment),
    hyperparameters: algorithmHyperparameters(training, instanceType, given),
    container: containerHyperparameters(training),
    environment: {
      ...variantMap(training.variants, instanceType, 'environment_variables'),
      ...(gatedUri === undefined ? {} : { SageMakerGatedModelS3Uri: gatedUri }),
    },
    metrics,
    volumeGb: takesVolume(instanceType) ? training.volumeGb : undefined,
    networkIsolation: training.networkIsolation,
    encryptTraffic: training.encryptTraffic,
    compressOutput: training.compressOutput,
    maxRuntimeSeconds: training.maxRuntimeSeconds,
    validationSupported: training.validationSupported,
    acceptEula: spec.gated && choices.acceptEula === true,
    hubReference: hubReference(spec),
  };
};

/**
 * Resolves what hosting a model needs.
 *
 * @param spec The model.
 * @param choices Region, instance type and what the user tolerates.
 * @throws {Failure} When the model cannot be hosted so; nothing has been created then.
 */
export const resolveHosting = (spec: ModelSpec, choices: ResolveChoices): HostingPlan => {
  const { hosting } = spec;
  checkUsable(spec, hosting.vulnerabilities, choices);
  const { region, instanceType, environment } = choices;
  const types = [
    ...new Set([
      ...hosting.supportedInstanceTypes,
      ...(variantList(hosting.variants, instanceType, 'supported_inference_instance_types') as string[]),
    ]),
  ];
  checkInstanceType(spec, 'inference', types, hosting.defaultInstanceType, choices);
  const prepacked = variantProperty(
    hosting.variants,
    instanceType,
    'prepacked_artifact_uri',
    'hosting_prepacked_artifact_uri',
    'prepacked_artifact_key',
  );
  const plain = variantProperty(hosting.variants, instanceType, 'artifact_uri', 'hosting_artifact_uri', 'artifact_key');
  const artifact = [
    prepacked && asPlace(prepacked),
    hosting.prepackedArtifact,
    plain && asPlace(plain),
    hosting.artifact,
  ].find((candidate) => candidate !== undefined && candidate !== '') as Place | undefined;
  if (artifact === undefined) {
    throw new Failure({
      what: 'the model document names no artefact to host',
      where: named(spec),
      fix: 'pin another version with --model-version',
    });
  }
  return {
    image: choices.image ?? imageFor(hosting, 'inference', instanceType, region, named(spec)),
    artifactUri: weightsUri(artifact, region, spec.gatedBucket, environment),
    environment: {
      ...hosting.environment,
      ...variantMap(hosting.variants, instanceType, 'environment_variables'),
    },
    volumeGb: takesVolume(instanceType) ? hosting.volumeGb : undefined,
    networkIsolation: hosting.networkIsolation,
    downloadTimeoutSeconds: hosting.downloadTimeoutSeconds,
    startupTimeoutSeconds: hosting.startupTimeoutSeconds,
    amiVersion: hosting.amiVersion,
    needsScript: !prepacked && hosting.prepackedArtifact === undefined && hosting.useScript,
    acceptEula: spec.gated && choices.acceptEula === true,
    hubReference: hubReference(spec),
  };
};
