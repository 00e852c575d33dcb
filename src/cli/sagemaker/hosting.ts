/** @file What `deploy` and `transform` have in common: finding the model that is to be hosted, and what hosts it. */

import { Failure } from '../../ground/failure.js';
import { DEFAULT_PROMPT, parsePrompt } from '../../reports/prompt.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { Hosting } from '../../sagemaker/hosting/requests.js';
import type { Dialect } from '../../sagemaker/inference/dialect.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import type { HostingPlan } from '../../sagemaker/jumpstart/resolve.js';
import { checkSameModel, documentFor } from './document.js';
import { type ModelOptions, refuseUnused, required } from './options.js';

/** The options that decide what is hosted. */
export interface HostingOptions extends ModelOptions {
  readonly pretrained?: boolean;
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

/** A serving image of the user's for a model our own container trained: no document says anything of it. */
const ownPlan = (image: string): HostingPlan => ({
  image,
  artifactUri: '',
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
  const [{ artefactOf, findRun }, { readSpec }, { resolveHosting }, { specDialect }, { jobTag }] = await Promise.all([
    import('../../sagemaker/find-run.js'),
    import('../../sagemaker/jumpstart/spec.js'),
    import('../../sagemaker/jumpstart/resolve.js'),
    import('../../sagemaker/inference/spec-dialect.js'),
    import('../../sagemaker/aws/tags.js'),
  ]);
  const instanceType = required(options.instance, '--instance', 'ml.g5.2xlarge');
  const found = job === undefined ? undefined : await findRun(clients, job);
  const artefact = found === undefined ? undefined : artefactOf(found.job);
  const roleArn = options.role ?? found?.job.RoleArn;
  const record = found?.record;
  const jobTags: Record<string, string> = job === undefined ? {} : { [jobTag]: job };

  let plan: HostingPlan;
  let dialect: Dialect | undefined;
  let nameBase = 'impressionist';
  let tags: Record<string, string> = {};
  if (record?.engine === 'impressionist') {
    refuseUnused(options, ['modelId', 'modelVersion', 'spec', 'source'], 'a model of our own container');
    if (options.image === undefined) {
      throw new Failure({
        what: 'the image that trained this model does not serve it',
        where: record.image,
        fix: 'name an image that serves with --image, or use the model here: impressionist sagemaker pull JOB --out DIR',
      });
    }
    plan = ownPlan(options.image);
    dialect = options.dialect ?? record.dialect;
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
