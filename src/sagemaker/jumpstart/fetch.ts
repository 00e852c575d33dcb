/**
 * @file Fetching a model's document: from the public hub or a private one by its API, or from the content bucket by its manifest as
 * AWS's Python SDK does. A document saved earlier is read again from its file instead, so that a run can be repeated.
 *
 * Source: SageMaker API, `DescribeHubContent`; sagemaker-python-sdk 2.257, `jumpstart/cache.py`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import {
  DescribeHubContentCommand,
  type DescribeHubContentCommandOutput,
  ListHubContentVersionsCommand,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking, isMissing } from '../aws/errors.js';
import { nearest } from '../nearest.js';
import { contentBucket, type Environment } from './buckets.js';
import { type ModelDocument, readDocument } from './document.js';
import { chooseVersion, compareVersions } from './versions.js';

/** AWS's own hub, open to every account. */
export const publicHub = 'SageMakerPublicHub';

/** The Python SDK whose abilities ours equal: entries of the manifest that ask for a newer one are left out. */
const equalsSdk = '2.257.6';

/** Which model. */
export interface ModelChoice {
  /** E.g. `huggingface-text2text-flan-t5-xl`. */
  readonly modelId: string;
  /** E.g. `2.2.7`, `2.*` or `*`. */
  readonly version: string;
}

const headerSchema = z.looseObject({
  model_id: z.string(),
  version: z.string(),
  min_version: z.string().nullish(),
  spec_key: z.string(),
});

const noVersion = (choice: ModelChoice, versions: readonly string[]): Failure =>
  new Failure({
    what: 'the model has no such version',
    where: `${choice.modelId} ${choice.version}`,
    got: `versions ${[...versions].sort(compareVersions).slice(-8).join(' ')}`,
    fix: "pin one of these with --model-version, or '*' for the newest",
  });

/** A private hub holds references to models of the public one, and models of its own. */
const kindsIn = (hub: string) => (hub === publicHub ? (['Model'] as const) : (['ModelReference', 'Model'] as const));

type Kind = ReturnType<typeof kindsIn>[number];

/**
 * Fetches a document from a hub.
 *
 * @param hub Name or ARN of a private hub; default: {@link publicHub}.
 * @throws {Failure} When the hub has no such model or version, or does not answer.
 */
export const fetchFromHub = async (
  clients: Pick<Clients, 'sagemaker'>,
  choice: ModelChoice,
  hub = publicHub,
): Promise<ModelDocument> => {
  for (const kind of kindsIn(hub)) {
    const answer = await describeIn(clients, choice, hub, kind);
    if (answer !== undefined) return documentOf(answer, `${choice.modelId} in ${hub}`, choice);
  }
  throw new Failure({
    what: hub === publicHub ? 'the public hub has no such model' : 'the hub has no such model',
    where: `${choice.modelId} ${choice.version}${hub === publicHub ? '' : ` in ${hub}`}`,
    fix:
      hub === publicHub
        ? 'check the id, e.g. huggingface-text2text-flan-t5-xl, and --model-version; or try --source bucket'
        : 'check --hub, --model-id, --model-version and --region',
  });
};

/** What a hub says of a model; undefined when it has none of that kind and version. */
const describeIn = async (
  { sagemaker }: Pick<Clients, 'sagemaker'>,
  choice: ModelChoice,
  hub: string,
  kind: Kind,
): Promise<DescribeHubContentCommandOutput | undefined> => {
  const where = `${choice.modelId} in ${hub}`;
  const asked = { HubName: hub, HubContentType: kind, HubContentName: choice.modelId } as const;
  const orMissing = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  let version: string | undefined;
  if (/^\d+\.\d+\.\d+$/.test(choice.version)) version = choice.version;
  else if (choice.version !== '*') {
    const versions: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await asking('cannot list the versions of the model', where, () =>
        orMissing(() => sagemaker.send(new ListHubContentVersionsCommand({ ...asked, NextToken }))),
      );
      if (page === undefined) return undefined;
      versions.push(...(page.HubContentSummaries ?? []).map((summary) => summary.HubContentVersion ?? ''));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    if (versions.length === 0) return undefined;
    version = chooseVersion(versions, choice.version);
    if (version === undefined) throw noVersion(choice, versions);
  }
  return asking('cannot read the model from the hub', where, () =>
    orMissing(() => sagemaker.send(new DescribeHubContentCommand({ ...asked, HubContentVersion: version }))),
  );
};

const documentOf = (answer: DescribeHubContentCommandOutput, where: string, choice: ModelChoice): ModelDocument => {
  const { HubContentName, HubContentVersion, HubContentArn, SupportStatus, HubContentDocument } = answer;
  const { DocumentSchemaVersion } = answer;
  const text = JSON.stringify(
    { HubContentName, HubContentVersion, HubContentArn, SupportStatus, DocumentSchemaVersion, HubContentDocument },
    undefined,
    1,
  );
  return readDocument(text, where, 'hub', { modelId: choice.modelId });
};

const headersOf = (text: string, where: string) => {
  try {
    return z.array(headerSchema).parse(JSON.parse(text));
  } catch (error) {
    throw new Failure(
      { what: 'the manifest of JumpStart models cannot be read', where, fix: 'try --source hub' },
      { cause: error },
    );
  }
};

/** Chooses the manifest's entry for a model. */
const chooseHeader = (text: string, where: string, choice: ModelChoice) => {
  const headers = headersOf(text, where);
  const usable = headers.filter(({ min_version: least }) => !least || compareVersions(least, equalsSdk) <= 0);
  const ofModel = usable.filter(({ model_id: id }) => id === choice.modelId);
  if (ofModel.length === 0) {
    const near = nearest(choice.modelId, [...new Set(usable.map(({ model_id: id }) => id))]);
    throw new Failure({
      what: 'JumpStart has no such model',
      where: choice.modelId,
      fix: near === undefined ? 'check --model-id' : `did you mean ${near}?`,
    });
  }
  const versions = ofModel.map(({ version }) => version);
  const version = chooseVersion(versions, choice.version);
  if (version === undefined) throw noVersion(choice, versions);
  return ofModel.find((header) => header.version === version)!;
};

/**
 * Fetches a document from the content bucket, by the manifest's key for it.
 *
 * @throws {Failure} When the manifest has no such model or version, or the bucket cannot be read.
 */
export const fetchFromBucket = async (
  { s3, region }: Pick<Clients, 's3' | 'region'>,
  choice: ModelChoice,
  environment: Environment = process.env,
): Promise<ModelDocument> => {
  const manifestRoot = environment.AWS_JUMPSTART_MANIFEST_LOCAL_ROOT_DIR_OVERRIDE;
  const specsRoot = environment.AWS_JUMPSTART_SPECS_LOCAL_ROOT_DIR_OVERRIDE;
  const bucket = contentBucket(region, environment);
  const read = async (key: string, root: string | undefined): Promise<[string, string]> => {
    if (root !== undefined && manifestRoot !== undefined && specsRoot !== undefined) {
      const path = join(root, key);
      return [await readText(path), path];
    }
    const uri = `s3://${bucket}/${key}`;
    const text = await asking('cannot read the content bucket of JumpStart', uri, async () => {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return (await object.Body?.transformToString('utf8')) ?? '';
    });
    return [text, uri];
  };
  const [manifest, manifestAt] = await read('models_manifest.json', manifestRoot);
  const header = chooseHeader(manifest, manifestAt, choice);
  const [text, specAt] = await read(header.spec_key, specsRoot);
  return readDocument(text, specAt, 'bucket', { modelId: header.model_id, version: header.version });
};

const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw readFailure(path, error);
  }
};

/**
 * Reads a document from a file, e.g. the one an earlier run saved.
 *
 * @param path A specification, a hub document, or a hub's whole answer, as JSON.
 * @param choice Id and version, for a hub document alone, which names neither.
 */
export const readDocumentFile = async (path: string, choice: Partial<ModelChoice>): Promise<ModelDocument> =>
  readDocument(await readText(path), path, 'file', {
    modelId: choice.modelId,
    version: choice.version === '*' ? undefined : choice.version,
  });
