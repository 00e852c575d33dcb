/** @file Finding the document of the model that the options name. */
import type { Clients } from '../../sagemaker/aws/clients.js';
import type { ModelDocument } from '../../sagemaker/jumpstart/document.js';
import type { ModelOptions } from './options.js';

/**
 * The document of the model that the options name: from a file, the hub or the bucket.
 *
 * @throws {Failure} When it cannot be found or read.
 */
export const documentFor = async (clients: Clients, options: ModelOptions): Promise<ModelDocument> => {
  const fetching = await import('../../sagemaker/jumpstart/fetch.js');
  const choice = { modelId: options.modelId, version: options.modelVersion };
  if (options.spec !== undefined) return fetching.readDocumentFile(options.spec, choice);
  const local = process.env.AWS_JUMPSTART_MANIFEST_LOCAL_ROOT_DIR_OVERRIDE;
  const fromHub = options.source === 'hub' && local === undefined;
  return fromHub ? fetching.fetchFromHub(clients, choice) : fetching.fetchFromBucket(clients, choice);
};
