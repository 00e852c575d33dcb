import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { nameFrom } from '../../src/sagemaker/aws/names.js';
import { tagsFor } from '../../src/sagemaker/aws/tags.js';
import {
  endpointConfigRequest,
  endpointRequest,
  type Hosting,
  modelRequest,
} from '../../src/sagemaker/hosting/requests.js';
import { readDocument } from '../../src/sagemaker/jumpstart/document.js';
import { resolveHosting, resolveTraining } from '../../src/sagemaker/jumpstart/resolve.js';
import { readSpec } from '../../src/sagemaker/jumpstart/spec.js';
import { metricFinder, ownMetrics } from '../../src/sagemaker/training/metrics.js';
import { jumpStartRequest, ownContainerRequest, type TrainingJob } from '../../src/sagemaker/training/request.js';
import { transformRequest } from '../../src/sagemaker/transform/transform.js';
import { requestFaults } from './fake/shapes.js';

const fixture = (name: string) => readFile(new URL(`../fixtures/sagemaker/${name}`, import.meta.url), 'utf8');
const spec = readSpec(readDocument(await fixture('spec-flan-t5-base-2.2.3.json'), 'spec', 'file'));
const region = 'us-east-1';
const planFor = (instanceType: string) =>
  resolveTraining(spec, { region, instanceType, environment: {} }, { epochs: '3' });
const plan = planFor('ml.p3.16xlarge');

const job: TrainingJob = {
  name: 'impressions-2026-11-23',
  region,
  roleArn: 'arn:aws:iam::123456789012:role/service-role/SageMaker-Execution',
  instanceType: 'ml.p3.16xlarge',
  trainingUri: 's3://hospital/impressions/job/input/training',
  validationUri: 's3://hospital/impressions/job/input/validation',
  outputUri: 's3://hospital/impressions/job/output',
  tags: tagsFor('training', {
    'sagemaker-sdk:jumpstart-model-id': spec.modelId,
    'sagemaker-sdk:jumpstart-model-version': spec.version,
  }).map((tag) => (tag.Key === 'impressionist:tool' ? { ...tag, Value: 'VERSION' } : tag)),
};

const refusals = (run: () => object): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
};

describe('the training request', () => {
  it('is, for the real specification, the reviewed one', async () => {
    const reviewed = JSON.parse(await fixture('training-request-flan-t5-base-2.2.3.json'));
    expect(jumpStartRequest(job, plan)).toEqual(reviewed);
  });

  it('passes AWS’s own service model with every option set', () => {
    const full: TrainingJob = {
      ...job,
      kmsKeyId: 'alias/reports',
      volumeKmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/1',
      volumeGb: 300,
      maxRuntimeSeconds: 7200,
      spotMaxWaitSeconds: 14400,
      checkpointUri: 's3://hospital/checkpoints',
      vpc: { securityGroups: ['sg-0a1b'], subnets: ['subnet-0a1b', 'subnet-0c2d'] },
      compressOutput: true,
      retries: 2,
    };
    const request = jumpStartRequest(full, plan);
    expect(requestFaults('CreateTrainingJob', request)).toEqual([]);
    expect(request).toMatchObject({
      EnableManagedSpotTraining: true,
      StoppingCondition: { MaxRuntimeInSeconds: 7200, MaxWaitTimeInSeconds: 14400 },
      OutputDataConfig: { CompressionType: 'GZIP', KmsKeyId: 'alias/reports' },
      CheckpointConfig: { LocalPath: '/opt/ml/checkpoints' },
      ResourceConfig: { VolumeSizeInGB: 300 },
    });
  });

  it('hands the script over by S3 where the container is not isolated', () => {
    const request = jumpStartRequest(job, { ...plan, networkIsolation: false });
    expect(request.HyperParameters?.sagemaker_submit_directory).toBe(JSON.stringify(plan.scriptUri));
    expect(request.InputDataConfig?.map(({ ChannelName }) => ChannelName)).not.toContain('code');
  });

  it('accepts the licence of a gated model in its channel', () => {
    const request = jumpStartRequest(job, { ...plan, acceptEula: true });
    const model = request.InputDataConfig?.find(({ ChannelName }) => ChannelName === 'model');
    expect(model?.DataSource?.S3DataSource).toMatchObject({ ModelAccessConfig: { AcceptEula: true } });
    expect(requestFaults('CreateTrainingJob', request)).toEqual([]);
  });

  it('asks our own container for an isolated run', () => {
    const request = ownContainerRequest(job, {
      image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/impressionist:0.1.0',
      hyperparameters: { epochs: '3', lora: 'true' },
      modelUri: 's3://hospital/flan-t5-base',
    });
    expect(requestFaults('CreateTrainingJob', request)).toEqual([]);
    expect(request).toMatchObject({ EnableNetworkIsolation: true, OutputDataConfig: { CompressionType: 'GZIP' } });
    expect(request.InputDataConfig?.map(({ ChannelName }) => ChannelName)).toEqual(['training', 'validation', 'model']);
  });

  it.each<[string, Partial<TrainingJob>, RegExp]>([
    ['a name with a space', { name: 'my job' }, /--name/],
    ['a name that is too long', { name: 'a'.repeat(64) }, /--name/],
    ['a role that is none', { roleArn: 'admin' }, /--role/],
    ['more than 28 days', { maxRuntimeSeconds: 2419201 }, /--max-hours/],
    ['a spot wait below the run', { maxRuntimeSeconds: 7200, spotMaxWaitSeconds: 3600 }, /--max-wait-hours/],
    [
      'a key for disks that are the machine’s own',
      { instanceType: 'ml.p4d.24xlarge', volumeKmsKeyId: 'k' },
      /--volume-kms-key/,
    ],
    ['a size for disks that are the machine’s own', { instanceType: 'ml.g5.48xlarge', volumeGb: 300 }, /--volume/],
    ['a VPC without security group', { vpc: { securityGroups: [], subnets: ['subnet-1'] } }, /--security-group/],
    ['31 retries', { retries: 31 }, /--retries/],
    ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })) }, /--tag/],
  ])('refuses %s and names the option', (_, change, message) => {
    expect(refusals(() => jumpStartRequest({ ...job, ...change }, plan))).toMatch(message);
  });

  it('refuses, or builds what AWS’s service model takes', () => {
    const text = (pattern: RegExp) => fc.stringMatching(pattern);
    fc.assert(
      fc.property(
        fc.record({
          name: fc.oneof(text(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,70}$/), fc.string({ maxLength: 70 })),
          instanceType: fc.constantFrom('ml.p3.16xlarge', 'ml.g5.48xlarge', 'ml.p4d.24xlarge', 'ml.p3dn.24xlarge'),
          volumeGb: fc.option(fc.integer({ min: -1, max: 20000 }), { nil: undefined }),
          maxRuntimeSeconds: fc.option(fc.integer({ min: -1, max: 3_000_000 }), { nil: undefined }),
          spotMaxWaitSeconds: fc.option(fc.integer({ min: 0, max: 3_000_000 }), { nil: undefined }),
          retries: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
          keepAliveSeconds: fc.option(fc.integer({ min: -5, max: 30_000 }), { nil: undefined }),
          compressOutput: fc.option(fc.boolean(), { nil: undefined }),
          vpc: fc.option(
            fc.record({
              securityGroups: fc.array(text(/^sg-[0-9a-f]{1,8}$/), { maxLength: 6 }),
              subnets: fc.array(fc.oneof(text(/^subnet-[0-9a-f]{1,8}$/), fc.string({ maxLength: 6 })), {
                maxLength: 17,
              }),
            }),
            { nil: undefined },
          ),
          tags: fc
            .dictionary(text(/^[a-z:-]{1,20}$/), fc.string({ maxLength: 300 }), { maxKeys: 5 })
            .map((more) => tagsFor('training', more)),
        }),
        (change) => {
          let request: object;
          try {
            request = jumpStartRequest({ ...job, ...change }, plan);
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
            return;
          }
          expect(requestFaults('CreateTrainingJob', request)).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the hosting requests', () => {
  const hosting: Hosting = {
    name: 'drafts',
    roleArn: job.roleArn,
    instanceType: 'ml.g5.2xlarge',
    instanceCount: 1,
    artifactUri: 's3://hospital/impressions/job/output/job/output/model/',
    plan: resolveHosting(spec, { region, instanceType: 'ml.g5.2xlarge', environment: {} }),
    prompt: 'Findings: {findings}',
    dialect: 'tgi',
    environment: { MAX_INPUT_LENGTH: '1500' },
    tags: tagsFor('endpoint', {}),
  };

  it('mount a prefix as it is and a tarball by its URL', () => {
    const prefix = modelRequest({ ...hosting, artifactUri: 's3://hospital/model' });
    expect(prefix.PrimaryContainer?.ModelDataSource?.S3DataSource).toMatchObject({
      S3Uri: 's3://hospital/model/',
      S3DataType: 'S3Prefix',
      CompressionType: 'None',
    });
    const tarball = modelRequest({ ...hosting, artifactUri: 's3://hospital/model.tar.gz' });
    expect(tarball.PrimaryContainer).toMatchObject({ ModelDataUrl: 's3://hospital/model.tar.gz' });
    expect(tarball.PrimaryContainer?.ModelDataSource).toBeUndefined();
    for (const request of [prefix, tarball]) expect(requestFaults('CreateModel', request)).toEqual([]);
  });

  it('carry the prompt, and let the user’s variables win', () => {
    expect(modelRequest(hosting).PrimaryContainer?.Environment).toMatchObject({
      IMPRESSIONIST_PROMPT: 'Findings: {findings}',
      IMPRESSIONIST_DIALECT: 'tgi',
      MAX_INPUT_LENGTH: '1500',
      HF_MODEL_ID: '/opt/ml/model',
    });
    expect(refusals(() => modelRequest({ ...hosting, prompt: 'x'.repeat(1100) }))).toMatch(/too long to travel/);
    expect(refusals(() => modelRequest({ ...hosting, environment: { 'a-b': '1' } }))).toMatch(/--env a-b/);
  });

  it('pass AWS’s own service model, with and without disks of the machine’s own', () => {
    for (const instanceType of ['ml.g5.2xlarge', 'ml.p3.8xlarge']) {
      const config = endpointConfigRequest({ ...hosting, instanceType, plan: { ...hosting.plan, volumeGb: 600 } });
      expect(requestFaults('CreateEndpointConfig', config)).toEqual([]);
      expect(config.ProductionVariants?.[0]?.VolumeSizeInGB).toBe(instanceType === 'ml.p3.8xlarge' ? 512 : undefined);
    }
    expect(requestFaults('CreateEndpoint', endpointRequest(hosting))).toEqual([]);
    expect(refusals(() => endpointConfigRequest({ ...hosting, kmsKeyId: 'k' }))).toMatch(/--kms-key/);
  });

  it('transform one request a line in either dialect', () => {
    const place = { bucket: 'hospital', key: 'x/findings.jsonl' };
    for (const dialect of ['tgi', 'script'] as const) {
      const request = transformRequest({
        name: 'batch',
        modelName: 'batch',
        instanceType: 'ml.g5.2xlarge',
        instanceCount: 1,
        input: place,
        output: place,
        dialect,
        concurrency: 4,
        kmsKeyId: 'alias/reports',
        tags: tagsFor('transform', {}),
      });
      expect(requestFaults('CreateTransformJob', request)).toEqual([]);
      expect(request).toMatchObject({ BatchStrategy: 'SingleRecord', TransformInput: { SplitType: 'Line' } });
    }
  });
});

describe('what goes with the requests', () => {
  it('makes names that SageMaker takes, of any base', () => {
    expect(nameFrom('hf-text2text-flan-t5-xl', new Date(0))).toBe('hf-text2text-flan-t5-xl-1970-01-01-00-00-00-000');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,80}$/), (base) => {
        const name = nameFrom(base);
        expect(requestFaults('DescribeTrainingJob', { TrainingJobName: name })).toEqual([]);
      }),
    );
  });

  it('finds the figures of our own trainer in its metric lines', () => {
    const find = metricFinder([...ownMetrics, { Name: 'bad', Regex: '(?P<x>a' }]);
    expect(find('impressionist metric step=20 epoch=0.5 train_loss=1.25e-1 learning_rate=0.001')).toEqual({
      'impressionist:train-loss': 0.125,
      'impressionist:epoch': 0.5,
    });
    expect(find('train_loss=3')).toEqual({});
  });
});
