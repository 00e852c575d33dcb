/** @file What `deploy` and `transform` have in common: finding the model that is to be hosted, and what hosts it. */

import { Failure } from '../../ground/failure.js';
import { DEFAULT_PROMPT, parsePrompt } from '../../reports/prompt.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { Hosting } from '../../sagemaker/hosting/requests.js';
import type { Dialect } from '../../sagemaker/inference/dialect.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import type { HostingPlan } from '../../sagemaker/jumpstart/resolve.js';
import { checkSameModel, documentFor } from './document.js';
import { type ModelOptions, onlyForJumpStart, refuseUnused, required } from './options.js';

/** The options that decide what is hosted. */
export interface HostingOptions extends ModelOptions {
  readonly pretrained?: boolean;
  readonly engine?: 'jumpstart' | 'impressionist';
  readonly baseModel?: string;
  readonly role?: string;
  readonly instance?: string;
  readonly instances: number;
  readonly env?: Record<string, string>;
  readonly prompt?: string;
  readonly dialect?: Dialect;
  readonly kmsKey?: string;
  readonly subnet?: string[];
  readonly securityGroup?: string[];
  readonly tag?: Record<string, string>;
  readonly startupMinutes?: number;
}

/** What is to be hosted; its name and tags are the caller's. */
export interface ChosenHosting {
  readonly hosting: Omit<Hosting, 'name' | 'tags' | 'vpc' | 'kmsKeyId'>;
  /** Tags of the model and its job. */
  readonly tags: Record<string, string>;
  readonly nameBase: string;
}

/** Our own container, or another image of the user's: no document says anything of it. */
const ownPlan = (image: string, artifactUri: string): HostingPlan => ({
  image,
  artifactUri,
  environment: {},
  networkIsolation: true,
  downloadTimeoutSeconds: 1200,
  startupTimeoutSeconds: 600,
  acceptEula: false,
  needsScript: false,
});

/**
 * Finds out what is to be hosted: a finished job's model, or a pre-trained one.
 *
 * @param job The training job; absent with `--pretrained`.
 * @throws {Failure} When the job has no model, or the document does not allow this hosting.
 */
export const chooseHosting = async (
  clients: Clients,
  job: string | undefined,
  options: HostingOptions,
): Promise<ChosenHosting> => {
  if ((job === undefined) !== (options.pretrained === true)) {
    throw new Failure({
      what: 'either a training job or the pre-trained model is hosted',
      where: job === undefined ? 'JOB' : '--pretrained',
      fix: 'name a JOB, or give --pretrained with --model-id',
    });
  }
  const [{ artefactOf, findRun }, { readSpec }, { resolveHosting }, { specDialect }, { jobTag }, { parseS3, s3Uri }] =
    await Promise.all([
      import('../../sagemaker/find-run.js'),
      import('../../sagemaker/jumpstart/spec.js'),
      import('../../sagemaker/jumpstart/resolve.js'),
      import('../../sagemaker/inference/spec-dialect.js'),
      import('../../sagemaker/aws/tags.js'),
      import('../../sagemaker/data/s3-uri.js'),
    ]);
  const instanceType = required(options.instance, '--instance', 'ml.g5.2xlarge');
  const found = job === undefined ? undefined : await findRun(clients, job);
  const artefact = found === undefined ? undefined : artefactOf(found.job);
  const roleArn = options.role ?? found?.job.RoleArn;
  const record = found?.record;
  const jobTags: Record<string, string> = job === undefined ? {} : { [jobTag]: job };

  const engine = options.engine ?? record?.engine ?? 'jumpstart';
  if (options.baseModel !== undefined && (engine !== 'impressionist' || options.pretrained !== true)) {
    throw new Failure({
      what: 'a model in S3 is hosted by our own container, and in the place of a trained one',
      where: '--base-model',
      fix: 'add --pretrained --engine impressionist --image URI, or leave it out',
    });
  }
  let plan: HostingPlan;
  let dialect: Dialect | undefined;
  let nameBase = 'impressionist';
  let tags: Record<string, string> = {};
  if (engine === 'impressionist') {
    refuseUnused(options, onlyForJumpStart, 'our own container');
    // The image that trained a model also serves it.
    const image = required(
      options.image ?? (record?.image || undefined),
      '--image',
      '123456789012.dkr.ecr.us-east-1.amazonaws.com/impressionist:0.1.0',
    );
    const base = artefact ?? required(options.baseModel, '--base-model', 's3://my-bucket/models/flan-t5-base/');
    plan = ownPlan(image, s3Uri(parseS3(base, '--base-model')));
    dialect = options.dialect ?? record?.dialect ?? 'script';
  } else if (record?.engine === 'impressionist') {
    throw new Failure({
      what: 'JumpStart has no image for a model of our own container',
      where: '--engine jumpstart',
      fix: 'leave it out; --image names another image to serve it',
    });
  } else {
    const document: ModelDocument =
      options.spec === undefined && found?.document !== undefined
        ? found.document
        : await documentFor(clients, options);
    if (options.spec === undefined && found?.document !== undefined) {
      await checkSameModel(document, options, `training job ${job}`);
    }
    const spec = readSpec(document);
    plan = resolveHosting(spec, { ...options, region: clients.region, instanceType });
    dialect = options.dialect ?? record?.dialect ?? specDialect(spec, plan.image);
    nameBase = spec.resourceNameBase;
    tags = {
      'sagemaker-sdk:jumpstart-model-id': spec.modelId,
      'sagemaker-sdk:jumpstart-model-version': spec.version,
    };
    if (artefact === undefined && plan.needsScript) {
      throw new Failure({
        what: 'the pre-trained artefact of this version lacks its inference code',
        where: `${spec.modelId} ${spec.version}`,
        fix: 'pin another --model-version, or deploy a trained model',
      });
    }
  }
  if (dialect === undefined) {
    throw new Failure({
      what: 'nothing tells how the endpoint is spoken to',
      where: nameBase,
      fix: 'add --dialect script or --dialect tgi',
    });
  }
  if (record !== undefined && options.prompt !== undefined && options.prompt !== record.prompt) {
    throw new Failure({
      what: 'the model learned another prompt',
      where: '--prompt',
      got: 'a template that differs from the one of the training job',
      fix: 'leave --prompt out, or train with it',
    });
  }
  const prompt = parsePrompt(options.prompt ?? record?.prompt ?? DEFAULT_PROMPT.template).template;
  const startupTimeoutSeconds = options.startupMinutes === undefined ? undefined : options.startupMinutes * 60;
  return {
    hosting: {
      roleArn: required(roleArn, '--role', 'arn:aws:iam::123456789012:role/SageMaker'),
      instanceType,
      instanceCount: options.instances,
      artifactUri: artefact ?? plan.artifactUri,
      plan: startupTimeoutSeconds === undefined ? plan : { ...plan, startupTimeoutSeconds },
      prompt,
      dialect,
      environment: options.env ?? {},
    },
    tags: { ...tags, ...jobTags, ...options.tag },
    nameBase,
  };
};
