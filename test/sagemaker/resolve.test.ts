import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connect } from '../../src/sagemaker/aws/clients.js';
import { specDialect } from '../../src/sagemaker/inference/spec-dialect.js';
import { pythonNumber, readDocument } from '../../src/sagemaker/jumpstart/document.js';
import { fetchFromBucket, fetchFromHub } from '../../src/sagemaker/jumpstart/fetch.js';
import { resolveHosting, resolveTraining } from '../../src/sagemaker/jumpstart/resolve.js';
import { type ModelSpec, readSpec } from '../../src/sagemaker/jumpstart/spec.js';
import { compareVersions } from '../../src/sagemaker/jumpstart/versions.js';
import { type FakeAws, startFakeAws } from './fake/server.js';

const text = await readFile(new URL('../fixtures/sagemaker/spec-flan-t5-base-2.2.3.json', import.meta.url), 'utf8');
const fields = JSON.parse(text) as Record<string, unknown>;
const spec = readSpec(readDocument(text, 'spec', 'file'));
const changed = (changes: Record<string, unknown>): ModelSpec =>
  readSpec(readDocument(JSON.stringify({ ...fields, ...changes }), 'spec', 'file'));
const choices = { region: 'us-west-2', instanceType: 'ml.p3.16xlarge', environment: {} };
const hosted = { ...choices, instanceType: 'ml.g5.2xlarge' };

/** A hub document as the hub spells it, its images already of one region. */
const hubDocument = {
  MinSdkVersion: '2.189.0',
  TrainingSupported: true,
  ValidationSupported: true,
  HostingEcrUri: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/huggingface-pytorch-tgi-inference:general',
  HostingArtifactUri: 's3://jumpstart-cache-prod-eu-west-1/flan/artifacts/inference/v1.0.0/',
  HostingPrepackedArtifactUri: 's3://jumpstart-cache-prod-eu-west-1/flan/artifacts/inference-prepack/v1.0.0/',
  HostingUseScriptUri: false,
  TrainingArtifactUri: 's3://jumpstart-cache-prod-eu-west-1/train-flan.tar.gz',
  TrainingScriptUri: 's3://jumpstart-cache-prod-eu-west-1/plain/sourcedir.tar.gz',
  TrainingPrepackedScriptUri: 's3://jumpstart-cache-prod-eu-west-1/prepack/sourcedir.tar.gz',
  TrainingModelPackageArtifactUri: null,
  Hyperparameters: [
    { Name: 'epochs', Type: 'int', Default: 1, Min: 1, Max: 10, Scope: 'algorithm' },
    { Name: 'learning_rate', Type: 'float', Default: 1e-5, ExclusiveMin: 0, Max: 1, Scope: 'algorithm' },
    { Name: 'peft_type', Type: 'text', Default: 'none', Options: ['none', 'lora'], Scope: 'algorithm' },
    { Name: 'sagemaker_program', Type: 'text', Default: 'transfer_learning.py', Scope: 'container' },
  ],
  TrainingMetrics: [{ Name: 'eval-loss', Regex: "'eval_loss': ([0-9\\.]+)" }],
  InferenceEnvironmentVariables: [
    { Name: 'HF_MODEL_ID', Type: 'text', Default: '/opt/ml/model', Scope: 'container', RequiredForModelClass: true },
    { Name: 'SAGEMAKER_CONTAINER_LOG_LEVEL', Type: 'text', Default: '20', RequiredForModelClass: false },
  ],
  DefaultTrainingInstanceType: 'ml.g5.24xlarge',
  SupportedTrainingInstanceTypes: ['ml.g5.24xlarge', 'ml.p4d.24xlarge'],
  DefaultInferenceInstanceType: 'ml.g5.2xlarge',
  SupportedInferenceInstanceTypes: ['ml.g5.2xlarge', 'ml.g5.12xlarge'],
  TrainingVolumeSize: 300,
  TrainingEnableNetworkIsolation: true,
  EncryptInterContainerTraffic: true,
  DisableOutputCompression: false,
  MaxRuntimeInSeconds: 86400,
  ModelDataDownloadTimeout: 900,
  ResourceNameBase: 'hf-text2text-flan-t5-xl',
  DefaultPayloads: { Any: { ContentType: 'application/json', PromptKey: 'text_inputs', Body: { TextInputs: 'x' } } },
  TrainingInstanceTypeVariants: {
    Aliases: { gpu: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/training:gpu' },
    Variants: {
      g5: { Properties: { ImageUri: '$gpu', EnvironmentVariables: { NCCL_DEBUG: 'INFO', KEEP_ME: 'family' } } },
      'ml.g5.24xlarge': {
        Properties: {
          EnvironmentVariables: { KEEP_ME: 'type' },
          TrainingArtifactUri: 's3://jumpstart-cache-prod-eu-west-1/train-flan-g5.tar.gz',
          Hyperparameters: [{ Name: 'epochs', Type: 'int', Default: 2, Min: 1, Max: 4, Scope: 'hyper' }],
        },
      },
    },
  },
  HostingInstanceTypeVariants: {
    Variants: { g5: { Properties: { ImageUri: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/hosting:g5' } } },
  },
};
const hubAnswer = (document: object, more: object = {}): string =>
  JSON.stringify({
    HubContentName: 'huggingface-text2text-flan-t5-xl',
    HubContentVersion: '2.2.7',
    HubContentDocument: JSON.stringify(document),
    ...more,
  });

describe('the specification of the content bucket', () => {
  it('resolves to what AWS’s own SDK asks for', () => {
    // The values of sagemaker-python-sdk 2.257, tests/unit/sagemaker/jumpstart/estimator/test_estimator.py.
    const plan = resolveTraining(spec, choices, {});
    expect(plan).toMatchObject({
      image:
        '763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-training:2.0.0-transformers4.28.1-gpu-py310-cu118-ubuntu20.04',
      modelUri:
        's3://jumpstart-cache-prod-us-west-2/huggingface-training/train-huggingface-text2text-flan-t5-base.tar.gz',
      scriptUri:
        's3://jumpstart-cache-prod-us-west-2/source-directory-tarballs/huggingface/transfer_learning/text2text/prepack/v2.0.0/sourcedir.tar.gz',
      metrics: [{ Name: 'huggingface-text2text:eval-loss', Regex: "'eval_loss': ([0-9\\.]+)" }],
      volumeGb: 512,
      maxRuntimeSeconds: 360000,
      compressOutput: false,
      networkIsolation: true,
      encryptTraffic: true,
      environment: {},
    });
    expect(plan.hyperparameters).toMatchObject({
      epochs: '1',
      learning_rate: '0.0001',
      warmup_ratio: '0.0',
      adam_epsilon: '1e-08',
      max_grad_norm: '1.0',
      label_smoothing_factor: '0',
      pad_to_max_length: 'True',
      max_steps: '-1',
    });
    expect(Object.keys(plan.hyperparameters)).toHaveLength(41);
    expect(resolveHosting(spec, hosted)).toMatchObject({
      image:
        '763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-tgi-inference:2.1.1-tgi1.4.0-gpu-py310-cu121-ubuntu20.04',
      artifactUri:
        's3://jumpstart-cache-prod-us-west-2/huggingface-text2text/huggingface-text2text-flan-t5-base/artifacts/inference-prepack/v2.0.0/',
      environment: {
        SAGEMAKER_PROGRAM: 'inference.py',
        ENDPOINT_SERVER_TIMEOUT: '3600',
        MODEL_CACHE_ROOT: '/opt/ml/model',
        SAGEMAKER_ENV: '1',
        HF_MODEL_ID: '/opt/ml/model',
        SM_NUM_GPUS: '1',
        MAX_INPUT_LENGTH: '1024',
        MAX_TOTAL_TOKENS: '2048',
        SAGEMAKER_MODEL_SERVER_WORKERS: '1',
      },
      downloadTimeoutSeconds: 1200,
      startupTimeoutSeconds: 1200,
      needsScript: false,
    });
    expect(specDialect(spec)).toBe('tgi');
  });

  it('gives no disk to machines that have their own, and a type’s variables over its family’s', () => {
    expect(resolveTraining(spec, { ...choices, instanceType: 'ml.g5.48xlarge' }, {}).volumeGb).toBeUndefined();
    const large = resolveHosting(spec, { ...hosted, instanceType: 'ml.g5.48xlarge', unlistedInstance: true });
    expect(large.environment.SM_NUM_GPUS).toBe('8');
  });

  it('uses the account of each region', () => {
    const plan = resolveTraining(spec, { ...choices, region: 'cn-north-1' }, {});
    expect(plan.image).toMatch(/^727897471807\.dkr\.ecr\.cn-north-1\.amazonaws\.com\.cn\//);
  });

  it('honours the overrides of AWS’s SDK', () => {
    const environment = {
      AWS_JUMPSTART_CONTENT_BUCKET_OVERRIDE: 'mirror',
      AWS_JUMPSTART_SCRIPT_BUCKET_OVERRIDE: 'scripts',
    };
    const plan = resolveTraining(spec, { ...choices, environment }, {});
    expect(plan.modelUri).toMatch(/^s3:\/\/mirror\//);
    expect(plan.scriptUri).toMatch(/^s3:\/\/scripts\//);
  });

  it.each([
    ['a region without image', { region: 'moon-east-1' }, /no training image in this region.*us-east-1/],
    ['a type it does not list', { instanceType: 'ml.g5.2xlarge' }, /does not list/],
    ['what is no type', { instanceType: 'p3.16xlarge' }, /not an instance type/],
    ['a family without image', { instanceType: 'ml.c5.xlarge', unlistedInstance: true }, /names no training image/],
  ])('refuses %s', (_, more, message) => {
    expect(() => resolveTraining(spec, { ...choices, ...more }, {})).toThrow(message);
  });

  it.each([
    ['deprecated', { deprecated: true, deprecated_message: 'use another' }, 'tolerateDeprecated', /use another/],
    ['vulnerable', { training_vulnerable: true, training_vulnerabilities: ['torch'] }, 'tolerateVulnerable', /torch/],
    ['gated', { hosting_eula_key: 'eula.txt' }, 'acceptEula', /licence/],
  ])('refuses a %s model unless told', (_, change, flag, message) => {
    const model = changed(change);
    expect(() => resolveTraining(model, choices, {})).toThrow(message);
    expect(() => resolveTraining(model, { ...choices, [flag]: true }, {})).not.toThrow();
  });

  it('gives older gated models their weights by the environment, and no model channel', () => {
    const variants = fields.training_instance_type_variants as { variants: Record<string, object> };
    const gated = changed({
      gated_bucket: true,
      training_instance_type_variants: {
        ...variants,
        variants: {
          ...variants.variants,
          p3: { ...variants.variants.p3, properties: { gated_model_key_env_var_value: 'w/p3.tar.gz' } },
        },
      },
    });
    const plan = resolveTraining(gated, { ...choices, acceptEula: true }, {});
    expect(plan.modelUri).toBeUndefined();
    expect(plan.environment.SageMakerGatedModelS3Uri).toBe('s3://jumpstart-private-cache-prod-us-west-2/w/p3.tar.gz');
  });

  it('falls back on framework versions for documents of 2023', () => {
    const old = changed({
      training_instance_type_variants: null,
      hosting_instance_type_variants: null,
      hosting_ecr_specs: {
        framework: 'huggingface',
        framework_version: '1.13.1',
        py_version: 'py39',
        huggingface_transformers_version: '4.26.0',
      },
      default_payloads: null,
    });
    expect(resolveTraining(old, { ...choices, region: 'eu-south-1' }, {}).image).toBe(
      '692866216735.dkr.ecr.eu-south-1.amazonaws.com/huggingface-pytorch-training:2.0.0-transformers4.28.1-gpu-py310-cu118-ubuntu20.04',
    );
    expect(resolveHosting(old, hosted).image).toMatch(
      /huggingface-pytorch-inference:1\.13\.1-transformers4\.26\.0-gpu-py39-cu117/,
    );
    expect(specDialect(old)).toBe('script');
  });

  it('takes the best ranked set-up where the top level names no image', () => {
    const { hosting_instance_type_variants: variants } = fields;
    const model = changed({
      hosting_instance_type_variants: null,
      hosting_ecr_specs: null,
      inference_configs: { slow: { component_names: ['slow'] }, fast: { component_names: ['fast'] } },
      inference_config_components: {
        slow: {},
        fast: { hosting_instance_type_variants: variants, supported_inference_instance_types: ['ml.g6.2xlarge'] },
      },
      inference_config_rankings: { overall: { rankings: ['fast', 'slow'] } },
    });
    expect(resolveHosting(model, { ...hosted, instanceType: 'ml.g6.2xlarge' }).image).toContain('tgi-inference');
  });

  it('says which field does not follow the schema', () => {
    expect(() => changed({ training_volume_size: 'large' })).toThrow(/field training_volume_size/);
    expect(() => readDocument('{"model_id": "x"', 'file.json', 'file')).toThrow(/not JSON, file\.json/);
    expect(() => readDocument('{"TrainingSupported": true}', 'file.json', 'file')).toThrow(
      /--model-id and --model-version/,
    );
  });
});

describe('the document of the hub', () => {
  const model = readSpec(readDocument(hubAnswer(hubDocument), 'hub', 'hub'));
  const there = { region: 'eu-west-1', instanceType: 'ml.g5.24xlarge', environment: {} };

  it('resolves as a specification does', () => {
    const plan = resolveTraining(model, there, { peft_type: 'lora' });
    expect(plan).toMatchObject({
      image: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/training:gpu',
      modelUri: 's3://jumpstart-cache-prod-eu-west-1/train-flan-g5.tar.gz',
      scriptUri: 's3://jumpstart-cache-prod-eu-west-1/prepack/sourcedir.tar.gz',
      hyperparameters: { epochs: '2', learning_rate: '1e-05', peft_type: 'lora' },
      container: { sagemaker_program: 'transfer_learning.py' },
      environment: { NCCL_DEBUG: 'INFO', KEEP_ME: 'type' },
      maxRuntimeSeconds: 86400,
      compressOutput: true,
      metrics: hubDocument.TrainingMetrics,
    });
    expect(resolveHosting(model, { ...there, instanceType: 'ml.g5.2xlarge' })).toMatchObject({
      image: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/hosting:g5',
      artifactUri: hubDocument.HostingPrepackedArtifactUri,
      environment: { HF_MODEL_ID: '/opt/ml/model' },
      downloadTimeoutSeconds: 900,
    });
    expect(specDialect(model)).toBe('script');
    expect(model).toMatchObject({ modelId: 'huggingface-text2text-flan-t5-xl', version: '2.2.7' });
  });

  it('checks values against a type’s own bounds, and exclusive ones', () => {
    expect(() => resolveTraining(model, there, { epochs: '5' })).toThrow(/at most 4/);
    expect(() => resolveTraining(model, there, { learning_rate: '0' })).toThrow(/more than 0/);
    expect(() => resolveTraining(model, there, { epochs: '2.0' })).toThrow(/whole number/);
    expect(() => resolveTraining(model, there, { peft_type: 'full' })).toThrow(/none, lora/);
    expect(() => resolveTraining(model, there, { sagemaker_program: 'x.py' })).toThrow(/container sets itself/);
  });

  it('is refused when the hub marks it as deprecated', () => {
    const old = readSpec(readDocument(hubAnswer(hubDocument, { SupportStatus: 'Deprecated' }), 'hub', 'hub'));
    expect(() => resolveTraining(old, there, {})).toThrow(/deprecated/);
  });

  it('is refused for another region than its own', () => {
    expect(() => resolveTraining(model, { ...there, region: 'us-east-1' }, {})).toThrow(/another region.*eu-west-1/);
  });
});

describe('finding a document', () => {
  const withAws = async (use: (aws: FakeAws, clients: Awaited<ReturnType<typeof connect>>) => Promise<void>) => {
    const aws = await startFakeAws();
    const before = { ...process.env };
    Object.assign(process.env, aws.environment);
    try {
      await use(aws, await connect());
    } finally {
      process.env = before;
      await aws.close();
    }
  };

  it('chooses the version in the hub', () =>
    withAws(async (aws, clients) => {
      const versions = ['1.2.0', '2.2.3', '2.10.0'].map(
        (version) => [version, { document: JSON.stringify(hubDocument) }] as const,
      );
      aws.state.hub.set('flan', new Map(versions));
      const version = async (pattern: string) =>
        (await fetchFromHub(clients, { modelId: 'flan', version: pattern })).version;
      expect(await version('2.2.3')).toBe('2.2.3');
      expect(await version('*')).toBe('2.10.0');
      expect(await version('2.*')).toBe('2.10.0');
      expect(await version('1.*')).toBe('1.2.0');
      await expect(version('3.*')).rejects.toThrow(/no such version.*2\.10\.0/);
      await expect(version('9.9.9')).rejects.toThrow(/no such model/);
    }));

  it('reads the bucket by its manifest, whatever the keys', () =>
    withAws(async (aws, clients) => {
      const entry = (version: string, key: string, min_version = '2.0.0') => ({
        model_id: 'huggingface-text2text-flan-t5-base',
        version,
        min_version,
        spec_key: key,
      });
      const manifest = [
        entry('2.1.0', 'old/x.json'),
        entry('2.2.3', 'odd/place.json'),
        entry('3.0.0', 'new.json', '99.0.0'),
      ];
      const put = (name: string, body: string) => [name, { body: Buffer.from(body) }] as const;
      aws.state.buckets.set(
        'jumpstart-cache-prod-us-east-1',
        new Map([put('models_manifest.json', JSON.stringify(manifest)), put('odd/place.json', text)]),
      );
      const found = await fetchFromBucket(clients, { modelId: 'huggingface-text2text-flan-t5-base', version: '*' }, {});
      expect(found).toMatchObject({ version: '2.2.3', text });
      const missing = fetchFromBucket(clients, { modelId: 'huggingface-text2text-flan-t5-bse', version: '*' }, {});
      await expect(missing).rejects.toThrow(/did you mean huggingface-text2text-flan-t5-base/);
    }));

  it('reads local copies where AWS’s SDK would', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jumpstart-'));
    try {
      const manifest = [
        {
          model_id: 'huggingface-text2text-flan-t5-base',
          version: '2.2.3',
          min_version: '2.0.0',
          spec_key: 'spec.json',
        },
      ];
      await writeFile(join(folder, 'models_manifest.json'), JSON.stringify(manifest));
      await writeFile(join(folder, 'spec.json'), text);
      const clients = await connect({ region: 'us-east-1' });
      const found = await fetchFromBucket(
        clients,
        { modelId: 'huggingface-text2text-flan-t5-base', version: '2.*' },
        {
          AWS_JUMPSTART_MANIFEST_LOCAL_ROOT_DIR_OVERRIDE: folder,
          AWS_JUMPSTART_SPECS_LOCAL_ROOT_DIR_OVERRIDE: folder,
        },
      );
      expect(found.version).toBe('2.2.3');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('small parts', () => {
  it.each([
    ['0.0', '0.0'],
    ['1e-8', '1e-08'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1.50', '1.5'],
    ['1E3', '1000.0'],
    ['1e16', '1e+16'],
    ['-2', '-2'],
    ['-0.05', '-0.05'],
    ['0.000123', '0.000123'],
  ])('writes %s as Python does', (literal, expected) => {
    expect(pythonNumber(literal)).toBe(expected);
  });

  it('keeps the value of every number it writes as Python does', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const literal = JSON.stringify(value);
        expect(Number(pythonNumber(literal))).toBe(Number(literal));
      }),
    );
  });

  it('orders versions by their numbers', () => {
    expect(['2.10.0', '2.9.1', '10.0', '2.9'].sort(compareVersions)).toEqual(['2.9', '2.9.1', '2.10.0', '10.0']);
  });
});
