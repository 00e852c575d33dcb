/** @file Finding the document of the model that the options name. */
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import { defaultModelId, type ModelOptions, required } from './options.js';

/**
 * Makes sure that a document is of the model the user named, where the user named one.
 *
 * @param where Where the document comes from.
 * @throws {Failure} When it is of another model or version.
 */
export const checkSameModel = async (document: ModelDocument, options: ModelOptions, where: string): Promise<void> => {
  const { chooseVersion } = await import('../../sagemaker/jumpstart/versions.js');
  const { modelId, modelVersion } = options;
  const otherId = modelId !== undefined && modelId !== document.modelId;
  const otherVersion = modelVersion !== undefined && chooseVersion([document.version], modelVersion) === undefined;
  if (!otherId && !otherVersion) return;
  throw new Failure({
    what: 'the model document is of another model',
    where,
    got: `${document.modelId} ${document.version}`,
    fix: 'leave out --model-id and --model-version, or choose the document that belongs to them',
  });
};

/**
 * The document of the model that the options name: from a file, the hub or the bucket.
 *
 * @throws {Failure} When it cannot be found or read, or is of another model than the one named.
 */
export const documentFor = async (clients: Clients, options: ModelOptions): Promise<ModelDocument> => {
  const fetching = await import('../../sagemaker/jumpstart/fetch.js');
  if (options.spec !== undefined) {
    const named = { modelId: options.modelId, version: options.modelVersion };
    const document = await fetching.readDocumentFile(options.spec, named);
    await checkSameModel(document, options, options.spec);
    return document;
  }
  if (options.hub !== undefined) {
    const id = required(options.modelId, '--model-id', defaultModelId);
    return fetching.fetchFromHub(clients, { modelId: id, version: options.modelVersion ?? '*' }, options.hub);
  }
  const choice = { modelId: options.modelId ?? defaultModelId, version: options.modelVersion ?? '*' };
  const local = process.env.AWS_JUMPSTART_MANIFEST_LOCAL_ROOT_DIR_OVERRIDE;
  const source = options.source ?? (local === undefined ? 'hub' : 'bucket');
  return source === 'hub' ? fetching.fetchFromHub(clients, choice) : fetching.fetchFromBucket(clients, choice);
};
