/**
 * @file A JumpStart model as this program uses it: one typed shape for what either document spelling says of
 * training and hosting. Nothing is decided here; `resolve.ts` decides for a region and an instance type.
 *
 * Source: sagemaker-python-sdk 2.257, `JumpStartModelSpecs` in `jumpstart/types.py`.
 */
import { z } from 'zod';
import { Failure } from '../../ground/failure.js';
import { withTopConfig } from './configs.js';
import type { ModelDocument } from './document.js';
import { type Variants, variantsSchema } from './variants.js';

const text = z.string().nullish();
const flag = z.boolean().nullish();
const whole = z.number().int().nullish();
const textList = z.array(z.string()).nullish();

/** One hyperparameter as a document declares it. `default` is text: see `pythonNumber`. */
export const hyperparameterSchema = z.looseObject({
  name: z.string(),
  type: z.string(),
  default: z.unknown(),
  scope: z.string().nullish(),
  options: z.array(z.union([z.string(), z.number(), z.boolean()])).nullish(),
  min: z.number().nullish(),
  max: z.number().nullish(),
  exclusive_min: z.number().nullish(),
  exclusive_max: z.number().nullish(),
  min_length: z.number().nullish(),
  max_length: z.number().nullish(),
});

/** One hyperparameter as a document declares it. */
export type Hyperparameter = z.infer<typeof hyperparameterSchema>;

const ecrSpecs = z.looseObject({
  framework: z.string(),
  framework_version: text,
  py_version: text,
  huggingface_transformers_version: text,
});

/** A framework image named by versions, as older documents do. */
export type EcrSpecs = z.infer<typeof ecrSpecs>;

const metric = z.union([
  z.looseObject({ Name: z.string(), Regex: z.string() }),
  z.looseObject({ name: z.string(), regex: z.string() }).transform(({ name, regex }) => ({ Name: name, Regex: regex })),
]);

const fieldsSchema = z.looseObject({
  url: text,
  min_sdk_version: text,
  resource_name_base: text,
  deprecated: flag,
  deprecated_message: text,
  gated_bucket: flag,
  hosting_eula_key: text,
  hosting_eula_uri: text,

  training_supported: flag,
  validation_supported: flag,
  training_vulnerable: flag,
  training_vulnerabilities: textList,
  training_ecr_specs: ecrSpecs.nullish(),
  training_ecr_uri: text,
  training_artifact_key: text,
  training_artifact_uri: text,
  training_script_key: text,
  training_script_uri: text,
  training_prepacked_script_key: text,
  training_prepacked_script_uri: text,
  training_model_package_artifact_uris: z.record(z.string(), z.string()).nullish(),
  training_model_package_artifact_uri: text,
  hyperparameters: z.array(hyperparameterSchema).nullish(),
  metrics: z.array(metric).nullish(),
  default_training_instance_type: text,
  supported_training_instance_types: textList,
  training_volume_size: whole,
  training_enable_network_isolation: flag,
  estimator_kwargs: z.looseObject({}).nullish(),
  encrypt_inter_container_traffic: flag,
  disable_output_compression: flag,
  max_runtime_in_seconds: whole,
  training_instance_type_variants: variantsSchema.nullish(),

  inference_vulnerable: flag,
  inference_vulnerabilities: textList,
  hosting_ecr_specs: ecrSpecs.nullish(),
  hosting_ecr_uri: text,
  hosting_artifact_key: text,
  hosting_artifact_uri: text,
  hosting_prepacked_artifact_key: text,
  hosting_prepacked_artifact_uri: text,
  hosting_script_key: text,
  hosting_script_uri: text,
  hosting_use_script_uri: flag,
  hosting_model_package_arn: text,
  hosting_model_package_arns: z.record(z.string(), z.string()).nullish(),
  inference_environment_variables: z
    .array(
      z.looseObject({
        name: z.string(),
        default: z.unknown(),
        required_for_model_class: flag,
      }),
    )
    .nullish(),
  default_inference_instance_type: text,
  supported_inference_instance_types: textList,
  inference_volume_size: whole,
  inference_enable_network_isolation: flag,
  deploy_kwargs: z.looseObject({}).nullish(),
  model_data_download_timeout: whole,
  container_startup_health_check_timeout: whole,
  inference_ami_version: text,
  predictor_specs: z.looseObject({ default_content_type: text }).nullish(),
  sage_maker_sdk_predictor_specifications: z.looseObject({ default_content_type: text }).nullish(),
  default_payloads: z.record(z.string(), z.looseObject({ prompt_key: text })).nullish(),
  hosting_instance_type_variants: variantsSchema.nullish(),
});

/** An object of JumpStart: a key in its content bucket, or a URI where the document gives one. */
export type Place = { readonly key: string } | { readonly uri: string };

/** What a document says of training. */
export interface TrainingSpec {
  readonly image?: string;
  readonly ecrSpecs?: EcrSpecs;
  readonly artifact?: Place;
  readonly script?: Place;
  /** Base weights in AWS Marketplace's own buckets, of older gated models; they travel in the environment. */
  readonly packageArtifacts: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly metrics: readonly { readonly Name: string; readonly Regex: string }[];
  readonly defaultInstanceType?: string;
  readonly supportedInstanceTypes: readonly string[];
  readonly volumeGb?: number;
  readonly networkIsolation: boolean;
  readonly encryptTraffic: boolean;
  readonly compressOutput: boolean;
  readonly maxRuntimeSeconds?: number;
  readonly validationSupported: boolean;
  readonly vulnerabilities: readonly string[];
  readonly variants?: Variants;
}

/** What a document says of hosting. */
export interface HostingSpec {
  readonly image?: string;
  readonly ecrSpecs?: EcrSpecs;
  readonly artifact?: Place;
  readonly prepackedArtifact?: Place;
  readonly script?: Place;
  readonly useScript: boolean;
  readonly packageArns: Readonly<Record<string, string>>;
  /** Variables that AWS's clients set on the model. */
  readonly environment: Readonly<Record<string, string>>;
  readonly defaultInstanceType?: string;
  readonly supportedInstanceTypes: readonly string[];
  readonly volumeGb?: number;
  readonly networkIsolation: boolean;
  readonly downloadTimeoutSeconds?: number;
  readonly startupTimeoutSeconds?: number;
  readonly amiVersion?: string;
  readonly contentType?: string;
  /** The name under which the example payloads carry the prompt: `inputs`, `text_inputs`, … */
  readonly promptKey?: string;
  readonly vulnerabilities: readonly string[];
  readonly variants?: Variants;
}

/** A JumpStart model: who it is, how it is trained (if it can be) and hosted. */
export interface ModelSpec {
  readonly modelId: string;
  readonly version: string;
  readonly hubContentArn?: string;
  readonly resourceNameBase: string;
  /** Why it should not be used any more, where AWS says so. */
  readonly deprecation?: string;
  /** Whether its licence must be accepted first. */
  readonly gated: boolean;
  /** Whether its weights lie in the gated bucket. */
  readonly gatedBucket: boolean;
  readonly training?: TrainingSpec;
  readonly hosting: HostingSpec;
}

const place = (key: string | null | undefined, uri: string | null | undefined): Place | undefined => {
  if (uri) return { uri };
  if (!key) return undefined;
  return key.startsWith('s3://') ? { uri: key } : { key };
};

/** A default as the Python SDK's `str()` writes it. */
export const defaultText = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Members of `estimator_kwargs` and `deploy_kwargs`, which the hub document holds at its top level. */
const setting = <T>(own: T | null | undefined, bag: Record<string, unknown> | null | undefined, name: string) =>
  own ?? (bag?.[name] as T | null | undefined) ?? undefined;

/**
 * Reads what a document says into a {@link ModelSpec}.
 *
 * @param document See `readDocument`.
 * @throws {Failure} When a field is not of the kind JumpStart's schema gives it.
 * @example readSpec(readDocument(text, path, 'file')).training?.hyperparameters.length
 */
export const readSpec = (document: ModelDocument): ModelSpec => {
  const parsed = fieldsSchema.safeParse(withTopConfig(document.fields));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new Failure({
      what: 'the model document does not follow the JumpStart schema',
      where: `${document.modelId} ${document.version}, field ${issue.path.join('.') || '(top)'}`,
      got: issue.message,
      fix: 'pin another version with --model-version',
    });
  }
  const f = parsed.data;
  const trainable = f.training_supported === true;
  const deprecated = f.deprecated === true || document.supportStatus === 'Deprecated';
  const defaults = f.inference_environment_variables ?? [];
  return {
    modelId: document.modelId,
    version: document.version,
    hubContentArn: document.hubContentArn,
    resourceNameBase: f.resource_name_base ?? document.modelId,
    deprecation: deprecated ? (f.deprecated_message ?? 'AWS marks it as deprecated') : undefined,
    gated: f.gated_bucket === true || Boolean(f.hosting_eula_key ?? f.hosting_eula_uri),
    gatedBucket: f.gated_bucket === true,
    training: trainable
      ? {
          image: f.training_ecr_uri ?? undefined,
          ecrSpecs: f.training_ecr_specs ?? undefined,
          artifact: place(f.training_artifact_key, f.training_artifact_uri),
          script:
            place(f.training_prepacked_script_key, f.training_prepacked_script_uri) ??
            place(f.training_script_key, f.training_script_uri),
          packageArtifacts:
            f.training_model_package_artifact_uris ??
            (f.training_model_package_artifact_uri ? { '*': f.training_model_package_artifact_uri } : {}),
          hyperparameters: f.hyperparameters ?? [],
          metrics: (f.metrics ?? []).map(({ Name, Regex }) => ({ Name: String(Name), Regex: String(Regex) })),
          defaultInstanceType: f.default_training_instance_type ?? undefined,
          supportedInstanceTypes: f.supported_training_instance_types ?? [],
          volumeGb: f.training_volume_size ?? undefined,
          networkIsolation: f.training_enable_network_isolation ?? false,
          encryptTraffic:
            setting<boolean>(
              f.encrypt_inter_container_traffic,
              f.estimator_kwargs,
              'encrypt_inter_container_traffic',
            ) ?? false,
          compressOutput: !(
            setting<boolean>(f.disable_output_compression, f.estimator_kwargs, 'disable_output_compression') ?? false
          ),
          maxRuntimeSeconds: setting<number>(f.max_runtime_in_seconds, f.estimator_kwargs, 'max_run'),
          validationSupported: f.validation_supported ?? false,
          vulnerabilities: f.training_vulnerable === true ? (f.training_vulnerabilities ?? ['unnamed']) : [],
          variants: f.training_instance_type_variants ?? undefined,
        }
      : undefined,
    hosting: {
      image: f.hosting_ecr_uri ?? undefined,
      ecrSpecs: f.hosting_ecr_specs ?? undefined,
      artifact: place(f.hosting_artifact_key, f.hosting_artifact_uri),
      prepackedArtifact: place(f.hosting_prepacked_artifact_key, f.hosting_prepacked_artifact_uri),
      script: place(f.hosting_script_key, f.hosting_script_uri),
      useScript: f.hosting_use_script_uri ?? true,
      packageArns:
        f.hosting_model_package_arns ?? (f.hosting_model_package_arn ? { '*': f.hosting_model_package_arn } : {}),
      environment: Object.fromEntries(
        defaults
          .filter((variable) => variable.required_for_model_class === true)
          .map((variable) => [variable.name, defaultText(variable.default) ?? '']),
      ),
      defaultInstanceType: f.default_inference_instance_type ?? undefined,
      supportedInstanceTypes: f.supported_inference_instance_types ?? [],
      volumeGb: f.inference_volume_size ?? undefined,
      networkIsolation: f.inference_enable_network_isolation ?? false,
      downloadTimeoutSeconds: setting<number>(
        f.model_data_download_timeout,
        f.deploy_kwargs,
        'model_data_download_timeout',
      ),
      startupTimeoutSeconds: setting<number>(
        f.container_startup_health_check_timeout,
        f.deploy_kwargs,
        'container_startup_health_check_timeout',
      ),
      amiVersion: setting<string>(f.inference_ami_version, f.deploy_kwargs, 'inference_ami_version'),
      contentType: (f.predictor_specs ?? f.sage_maker_sdk_predictor_specifications)?.default_content_type ?? undefined,
      promptKey: Object.values(f.default_payloads ?? {}).find((payload) => payload.prompt_key)?.prompt_key ?? undefined,
      vulnerabilities: f.inference_vulnerable === true ? (f.inference_vulnerabilities ?? ['unnamed']) : [],
      variants: f.hosting_instance_type_variants ?? undefined,
    },
  };
};
