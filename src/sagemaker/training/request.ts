/**
 * @file The `CreateTrainingJob` request, field by field: for JumpStart's Flan-T5 script, and for this package's own
 * container. What AWS would refuse, or take and silently mistreat, is refused here with the option to change; the
 * SDK itself checks nothing.
 *
 * Source: SageMaker API, `CreateTrainingJob`; sagemaker-python-sdk 2.257, `estimator.py` and `job.py`.
 */
import type { CreateTrainingJobCommandInput } from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import { checkName } from '../aws/names.js';
import type { Tag } from '../aws/tags.js';
import type { TrainingPlan } from '../jumpstart/resolve.js';
import { takesVolume } from '../jumpstart/variants.js';
import { type MetricDefinition, ownMetrics, withTrainerMetrics } from './metrics.js';

/** What a job is, whichever program it runs. */
export interface TrainingJob {
  readonly name: string;
  readonly region: string;
  readonly roleArn: string;
  readonly instanceType: string;
  /** `s3://…/` prefixes. */
  readonly trainingUri: string;
  readonly validationUri?: string;
  readonly outputUri: string;
  /** Gigabytes; default the model's own. */
  readonly volumeGb?: number;
  /** Encrypts what the job writes to S3. */
  readonly kmsKeyId?: string;
  /** Encrypts the instance's disk. */
  readonly volumeKmsKeyId?: string;
  readonly maxRuntimeSeconds?: number;
  /** Cheaper machines that AWS may take away; how long to wait for them at most, running time included. */
  readonly spotMaxWaitSeconds?: number;
  /** Where checkpoints are kept, so that an interrupted job can go on. */
  readonly checkpointUri?: string;
  readonly vpc?: { readonly securityGroups: readonly string[]; readonly subnets: readonly string[] };
  /** `true` packs the model into one `model.tar.gz`, which batch transform needs; default the model's own. */
  readonly compressOutput?: boolean;
  /** Times AWS starts the job again after an error of its own. */
  readonly retries?: number;
  /** Keeps the machine for the next job; it costs money meanwhile. */
  readonly keepAliveSeconds?: number;
  readonly tags: readonly Tag[];
}

/** AWS ends every job after 28 days. */
const longestRuntime = 28 * 24 * 3600;
const refuse = (what: string, where: string, got: string, fix: string): never => {
  throw new Failure({ what, where, got, fix });
};

const whole = (value: number | undefined, where: string, least: number, most: number): void => {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  refuse('the value is out of range', where, String(value), `give a whole number from ${least} to ${most}`);
};

/** Checks what the user chose; everything here is also bounded by the API, some of it only in its prose. */
const checkJob = (job: TrainingJob, maxRuntimeSeconds: number): void => {
  checkName(job.name, '--name');
  checkRole(job.roleArn);
  whole(maxRuntimeSeconds, '--max-hours', 1, longestRuntime);
  whole(job.volumeGb, '--volume', 1, 16384);
  whole(job.retries, '--retries', 1, 30);
  whole(job.keepAliveSeconds, '--keep-alive', 0, 21600);
  if (job.spotMaxWaitSeconds !== undefined) {
    whole(job.spotMaxWaitSeconds, '--max-wait-hours', 1, longestRuntime);
    if (job.spotMaxWaitSeconds < maxRuntimeSeconds) {
      refuse(
        'a spot job cannot wait for less than it may run',
        '--max-wait-hours',
        `${job.spotMaxWaitSeconds / 3600} h for a job of at most ${maxRuntimeSeconds / 3600} h`,
        'raise it, or lower --max-hours',
      );
    }
    if (job.keepAliveSeconds) {
      refuse('a spot machine cannot be kept', '--keep-alive', 'together with --spot', 'leave one of them out');
    }
  }
  if (!takesVolume(job.instanceType)) {
    const own = 'the disks of this instance type are its own';
    if (job.volumeKmsKeyId !== undefined) {
      refuse(own, '--volume-kms-key', job.instanceType, 'leave it out: these disks are encrypted by the hardware');
    }
    if (job.volumeGb !== undefined) {
      refuse(own, '--volume', job.instanceType, 'leave it out: their size is fixed');
    }
  }
  if (job.vpc !== undefined) checkVpc(job.vpc);
  if (job.tags.length > 50) refuse('too many tags', '--tag', `${job.tags.length}`, 'AWS takes 50 with ours');
};

/** Checks the ARN of an execution role. */
export const checkRole = (roleArn: string): string => {
  if (/^arn:aws[a-z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/.test(roleArn) && roleArn.length <= 2048)
    return roleArn;
  throw new Failure({
    what: 'not the ARN of a role',
    where: '--role',
    got: `'${roleArn}'`,
    fix: 'write it as arn:aws:iam::ACCOUNT:role/NAME; docs/sagemaker/execution-role.json holds the policy it needs',
  });
};

/** Checks the subnets and security groups of a VPC. */
export const checkVpc = ({ securityGroups, subnets }: NonNullable<TrainingJob['vpc']>): void => {
  if (subnets.length < 1 || subnets.length > 16) {
    refuse('a VPC needs 1 to 16 subnets', '--subnet', String(subnets.length), 'name them, e.g. --subnet subnet-0abc');
  }
  if (securityGroups.length < 1 || securityGroups.length > 5) {
    refuse(
      'a VPC needs 1 to 5 security groups',
      '--security-group',
      String(securityGroups.length),
      'name them, e.g. --security-group sg-0abc',
    );
  }
  const wrong = [...subnets, ...securityGroups].find((id) => !/^[-0-9a-zA-Z]{1,32}$/.test(id));
  if (wrong !== undefined) refuse('not the id of a subnet or security group', '--subnet', `'${wrong}'`, 'correct it');
};

const folder = (uri: string): string => `${uri.replace(/\/+$/, '')}/`;

const channel = (name: string, uri: string, more: object = {}, access: object = {}) => ({
  ChannelName: name,
  DataSource: {
    S3DataSource: {
      S3DataType: 'S3Prefix' as const,
      S3Uri: uri,
      S3DataDistributionType: 'FullyReplicated' as const,
      ...access,
    },
  },
  ...more,
});

/** What both kinds of job say in the same way. */
const common = (
  job: TrainingJob,
  settings: { readonly maxRuntimeSeconds: number; readonly volumeGb?: number; readonly compress: boolean },
) => {
  checkJob(job, settings.maxRuntimeSeconds);
  // The API wants a size even for a machine whose own disks are used instead; 30 is what AWS's SDK sends then.
  const volume = takesVolume(job.instanceType) ? (job.volumeGb ?? settings.volumeGb ?? 100) : 30;
  const stopping = { MaxRuntimeInSeconds: settings.maxRuntimeSeconds };
  return {
    TrainingJobName: job.name,
    RoleArn: job.roleArn,
    OutputDataConfig: {
      S3OutputPath: folder(job.outputUri),
      CompressionType: settings.compress ? ('GZIP' as const) : ('NONE' as const),
      ...(job.kmsKeyId === undefined ? {} : { KmsKeyId: job.kmsKeyId }),
    },
    ResourceConfig: {
      // The user's words: the document, not this SDK's age, decides which types there are.
      InstanceType: job.instanceType as NonNullable<CreateTrainingJobCommandInput['ResourceConfig']>['InstanceType'],
      InstanceCount: 1,
      VolumeSizeInGB: volume,
      ...(job.volumeKmsKeyId === undefined ? {} : { VolumeKmsKeyId: job.volumeKmsKeyId }),
      ...(job.keepAliveSeconds ? { KeepAlivePeriodInSeconds: job.keepAliveSeconds } : {}),
    },
    StoppingCondition:
      job.spotMaxWaitSeconds === undefined ? stopping : { ...stopping, MaxWaitTimeInSeconds: job.spotMaxWaitSeconds },
    EnableManagedSpotTraining: job.spotMaxWaitSeconds !== undefined,
    ...(job.checkpointUri === undefined
      ? {}
      : { CheckpointConfig: { S3Uri: folder(job.checkpointUri), LocalPath: '/opt/ml/checkpoints' } }),
    ...(job.vpc === undefined
      ? {}
      : { VpcConfig: { SecurityGroupIds: [...job.vpc.securityGroups], Subnets: [...job.vpc.subnets] } }),
    ...(job.retries === undefined ? {} : { RetryStrategy: { MaximumRetryAttempts: job.retries } }),
    Tags: [...job.tags],
  };
};

const definitions = (metrics: readonly MetricDefinition[]) => metrics.map(({ Name, Regex }) => ({ Name, Regex }));

/** Hyperparameters of the script container are JSON: `"transfer_learning.py"` with its quotes, `20` without. */
const asJson = (value: string): string => (/^-?\d+$/.test(value) ? value : JSON.stringify(value));

/**
 * Where the script lies and what it is called. An isolated container cannot fetch it itself, so that it comes as a
 * channel of its own.
 */
const scriptMode = (job: TrainingJob, plan: TrainingPlan): Record<string, string> => {
  const { sagemaker_submit_directory: inside, ...others } = plan.container;
  const directory = plan.networkIsolation ? (inside ?? '/opt/ml/input/data/code/sourcedir.tar.gz') : plan.scriptUri;
  const all = {
    sagemaker_program: 'transfer_learning.py',
    sagemaker_container_log_level: '20',
    ...others,
    sagemaker_submit_directory: directory,
    sagemaker_job_name: job.name,
    sagemaker_region: job.region,
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, asJson(value)]));
};

const checkHyperparameters = (values: Readonly<Record<string, string>>): void => {
  const count = Object.keys(values).length;
  if (count > 100) refuse('too many hyperparameters', '--set', String(count), 'SageMaker takes 100');
  const long = Object.entries(values).find(([name, value]) => name.length > 256 || value.length > 2500);
  if (long)
    refuse('a hyperparameter is too long', `--set ${long[0]}`, `${long[1].length} letters`, 'shorten it to 2500');
};

/**
 * The request for JumpStart's fine-tuning script.
 *
 * @param job What the user decided.
 * @param plan What the model's document says; see `resolveTraining`.
 * @throws {Failure} For what SageMaker would not take.
 */
export const jumpStartRequest = (job: TrainingJob, plan: TrainingPlan): CreateTrainingJobCommandInput => {
  if (job.validationUri !== undefined && !plan.validationSupported) {
    refuse(
      'the model takes no validation data',
      '--dev',
      job.validationUri,
      'leave it out; a part of DATA is held out',
    );
  }
  const hyperparameters = { ...plan.hyperparameters, ...scriptMode(job, plan) };
  checkHyperparameters(hyperparameters);
  const shared = common(job, {
    maxRuntimeSeconds: job.maxRuntimeSeconds ?? plan.maxRuntimeSeconds ?? 24 * 3600,
    volumeGb: plan.volumeGb,
    compress: job.compressOutput ?? plan.compressOutput,
  });
  const access = {
    ...(plan.acceptEula ? { ModelAccessConfig: { AcceptEula: true } } : {}),
    ...(plan.hubReference === undefined ? {} : { HubAccessConfig: { HubContentArn: plan.hubReference } }),
  };
  return {
    ...shared,
    AlgorithmSpecification: {
      TrainingImage: plan.image,
      TrainingInputMode: 'File',
      MetricDefinitions: definitions(withTrainerMetrics(plan.metrics)),
    },
    HyperParameters: hyperparameters,
    InputDataConfig: [
      channel('training', folder(job.trainingUri)),
      ...(job.validationUri === undefined ? [] : [channel('validation', folder(job.validationUri))]),
      ...(plan.modelUri === undefined
        ? []
        : [
            channel(
              'model',
              plan.modelUri,
              { ContentType: 'application/x-sagemaker-model', InputMode: 'File' },
              access,
            ),
          ]),
      ...(plan.networkIsolation ? [channel('code', plan.scriptUri)] : []),
    ],
    EnableNetworkIsolation: plan.networkIsolation,
    EnableInterContainerTrafficEncryption: plan.encryptTraffic,
    ...(Object.keys(plan.environment).length === 0 ? {} : { Environment: { ...plan.environment } }),
  };
};

/** What a job of our own container takes. */
export interface OwnContainer {
  /** The image's URI in ECR. */
  readonly image: string;
  /** Options of `impressionist train`, without dashes: `epochs`, `learning-rate`, … */
  readonly hyperparameters: Readonly<Record<string, string>>;
  /** A model directory in S3 to start from; the container is isolated and downloads nothing. */
  readonly modelUri?: string;
}

/** Longest run of our own container, if none is given: a day. */
const ownRuntimeSeconds = 24 * 3600;

/**
 * The request for this package's own container, isolated, its traffic encrypted, its output one tarball.
 *
 * @param job What the user decided.
 * @param container Image, hyperparameters, base model.
 * @throws {Failure} For what SageMaker would not take.
 */
export const ownContainerRequest = (job: TrainingJob, container: OwnContainer): CreateTrainingJobCommandInput => {
  if (!/^\S{1,255}$/.test(container.image)) {
    refuse(
      'not an image',
      '--image',
      `'${container.image}'`,
      'write it as ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG',
    );
  }
  checkHyperparameters(container.hyperparameters);
  const shared = common(job, {
    maxRuntimeSeconds: job.maxRuntimeSeconds ?? ownRuntimeSeconds,
    compress: job.compressOutput ?? true,
  });
  return {
    ...shared,
    AlgorithmSpecification: {
      TrainingImage: container.image,
      TrainingInputMode: 'File',
      MetricDefinitions: definitions(ownMetrics),
    },
    HyperParameters: { ...container.hyperparameters },
    InputDataConfig: [
      channel('training', folder(job.trainingUri)),
      ...(job.validationUri === undefined ? [] : [channel('validation', folder(job.validationUri))]),
      ...(container.modelUri === undefined
        ? []
        : [channel('model', folder(container.modelUri), { InputMode: 'File' })]),
    ],
    EnableNetworkIsolation: true,
    EnableInterContainerTrafficEncryption: true,
  };
};
