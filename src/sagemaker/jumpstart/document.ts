/**
 * @file A JumpStart model's document, in either of its two spellings: the snake_case specification of the content
 * bucket (`specs_v2.2.3.json`) and the PascalCase document of the public hub (`HubContentDocument`). Both are read
 * into one snake_case shape here; what the fields mean is decided in `spec.ts`.
 *
 * Source: sagemaker-python-sdk 2.257, `jumpstart/hub/parser_utils.py` and `jumpstart/types.py`.
 */
import { Failure } from '../../ground/failure.js';

/** Where a document was found. */
export type DocumentOrigin = 'hub' | 'bucket' | 'file';

/** A model's document with its identity; `text` is kept to be saved beside the run, unchanged. */
export interface ModelDocument {
  readonly modelId: string;
  readonly version: string;
  readonly origin: DocumentOrigin;
  /** The document as it was received. */
  readonly text: string;
  /** Its fields under snake_case names; numbers in `default` members are text, as Python would print them. */
  readonly fields: Record<string, unknown>;
  /** The hub's own word on the model, `Supported`, `Deprecated` or `Restricted`; absent from a bucket's specification. */
  readonly supportStatus?: string;
  /** The hub content's ARN, for the tag AWS's own clients set. */
  readonly hubContentArn?: string;
}

/** Members whose children carry names of their own (environment variables, payload bodies), not fields. */
const namesOfTheirOwn = new Set(['environment_variables', 'body', 'metrics', 'training_metrics']);

/** `HostingArtifactS3DataType` → `hosting_artifact_s3_data_type`, as the Python SDK's `camel_to_snake`. */
const snakeCase = (name: string): string => name.replace(/(?<!^)(?=[A-Z])/g, '_').toLowerCase();

const renamed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => {
      const field = snakeCase(name);
      return [field, namesOfTheirOwn.has(field) ? child : renamed(child)];
    }),
  );
};

/**
 * A number as Python's `str` writes it. AWS's SDK sends defaults that way, and a job must not differ from the
 * reference by a spelling: JavaScript would turn `0.0` into `0` and `1e-08` into `1e-8`.
 *
 * @param literal A JSON number literal.
 * @example pythonNumber('1e-8') // '1e-08'
 */
export const pythonNumber = (literal: string): string => {
  if (/^-?\d+$/.test(literal)) return literal;
  const value = Number(literal);
  if (!Number.isFinite(value)) return literal;
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain = exponent < 0 ? value.toFixed(-exponent + (digits.replace(/[-.]/g, '').length - 1)) : String(value);
  return plain.includes('.') ? plain : `${Object.is(value, -0) ? '-0' : plain}.0`;
};

/** `"default": 0.0` → `"default": "0.0"`. Inside a JSON string the quotes would be escaped, so none is touched there. */
const defaultsAsText = (text: string): string =>
  text.replace(
    /"([dD]efault)"(\s*:\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g,
    (_, name: string, between: string, literal: string) => `"${name}"${between}"${pythonNumber(literal)}"`,
  );

const parseObject = (text: string, where: string): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(
      {
        what: 'the model document is not JSON',
        where,
        got: (error as Error).message.slice(0, 120),
        fix: 'fetch it again',
      },
      { cause: error },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure({ what: 'the model document is not a JSON object', where, fix: 'fetch it again' });
  }
  return value as Record<string, unknown>;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * Reads a model's document: a bucket's specification, a hub's document, or the hub's whole answer around it.
 *
 * @param text The document's text.
 * @param where Where it came from, for messages: a file, an S3 URI, a hub.
 * @param origin Which kind of place that is.
 * @param identity Model id and version for a bare hub document, which does not name them itself.
 * @throws {Failure} When it is not JSON or its model id or version is unknown.
 * @example readDocument(await readFile('specs_v2.2.3.json', 'utf8'), 'specs_v2.2.3.json', 'file');
 */
export const readDocument = (
  text: string,
  where: string,
  origin: DocumentOrigin,
  identity: { modelId?: string; version?: string } = {},
): ModelDocument => {
  const outer = parseObject(text, where);
  const inner = textOf(outer.HubContentDocument);
  const raw = inner === undefined ? outer : undefined;
  const parsed =
    raw === undefined ? parseObject(defaultsAsText(inner!), where) : parseObject(defaultsAsText(text), where);
  const isHub = !('model_id' in parsed) && Object.keys(parsed).some((name) => /^[A-Z]/.test(name));
  const fields = (isHub ? renamed(parsed) : parsed) as Record<string, unknown>;
  if (isHub && parsed.TrainingMetrics !== undefined) fields.metrics = parsed.TrainingMetrics;

  const modelId = textOf(fields.model_id) ?? textOf(outer.HubContentName) ?? identity.modelId;
  const version = textOf(fields.version) ?? textOf(outer.HubContentVersion) ?? identity.version;
  if (modelId === undefined || version === undefined) {
    throw new Failure({
      what: 'the model document does not say which model it describes',
      where,
      got: modelId === undefined ? 'no model id' : 'no version',
      fix: 'name both with --model-id and --model-version',
    });
  }
  return {
    modelId,
    version,
    origin,
    text,
    fields,
    supportStatus: textOf(outer.SupportStatus),
    hubContentArn: textOf(outer.HubContentArn),
  };
};
