/** @file What the fake AWS holds, and how it is told to misbehave. */

/** An object in S3. */
export interface StoredObject {
  readonly body: Buffer;
  readonly encryption?: string;
  readonly kmsKey?: string;
}

/** An upload in parts, not yet complete. */
export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly encryption?: string;
  readonly kmsKey?: string;
  readonly parts: Map<number, Buffer>;
}

/** A job, endpoint, configuration or model: the request that made it, and how far it has come. */
export interface Resource {
  readonly request: Record<string, unknown>;
  readonly arn: string;
  readonly createdAt: number;
  tags: { Key: string; Value: string }[];
  /** States still to come; each look takes one. */
  coming: string[];
  /** States that were. */
  past: string[];
  reason?: string;
  [more: string]: unknown;
}

/** An error to answer with, instead of doing what is asked. */
export interface Fault {
  /** `CreateTrainingJob`, `PutObject`, `InvokeEndpoint`, … */
  readonly operation: string;
  /** How often. */
  times: number;
  /** Passes so many requests by first. */
  skip?: number;
  readonly status?: number;
  readonly type?: string;
  readonly message?: string;
  /** Drops the connection instead of answering. */
  readonly cut?: boolean;
  /** Does what is asked, then drops the connection. */
  readonly lost?: boolean;
  /** More members of the error. */
  readonly more?: Record<string, unknown>;
}

/** How things go. */
export interface Behaviour {
  training: 'completes' | 'fails' | 'interrupted' | 'endless';
  /** AWS's reason when a job fails. */
  trainingReason: string;
  endpoint: 'healthy' | 'never healthy';
  stream: 'whole' | 'broken' | 'error event';
  transform: 'completes' | 'fails';
  /** Where a real container listens, for endpoints and transform jobs of our own image. */
  container?: string;
  /** The files of a finished model. */
  artefact: () => ReadonlyMap<string, Buffer>;
  /** What a model answers to a prompt. */
  answer: (prompt: string) => string;
}

/** A request that came, for tests to look at. */
export interface Seen {
  readonly operation: string;
  readonly input: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Everything. */
export interface State {
  readonly region: string;
  readonly buckets: Map<string, Map<string, StoredObject>>;
  readonly uploads: Map<string, OpenUpload>;
  readonly jobs: Map<string, Resource>;
  readonly transforms: Map<string, Resource>;
  readonly models: Map<string, Resource>;
  readonly configs: Map<string, Resource>;
  readonly endpoints: Map<string, Resource>;
  /** Log group → stream → lines. */
  readonly logs: Map<string, Map<string, string[]>>;
  /** Hub model id → version → document. */
  readonly hub: Map<string, Map<string, { document: string; support?: string }>>;
  /** Private hub → model id → what it is there; its document is the public hub's. */
  readonly privateHubs: Map<string, Map<string, 'Model' | 'ModelReference'>>;
  readonly faults: Fault[];
  readonly seen: Seen[];
  behaviour: Behaviour;
}

/** An error as AWS answers it. */
export class AwsError extends Error {
  readonly type: string;
  readonly status: number;
  readonly more: Record<string, unknown>;

  constructor(type: string, message: string, status = 400, more: Record<string, unknown> = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.more = more;
  }
}

/** Thrown to drop the connection. */
export class Cut extends Error {}

/** Throws the next fault for an operation, if one is set. */
export const strike = (state: State, operation: string): void => {
  const fault = state.faults.find(
    (candidate) => candidate.operation === operation && candidate.times > 0 && !candidate.lost,
  );
  if (fault === undefined) return;
  if (fault.skip !== undefined && fault.skip > 0) {
    fault.skip -= 1;
    return;
  }
  fault.times -= 1;
  if (fault.cut) throw new Cut();
  throw new AwsError(fault.type ?? 'InternalFailure', fault.message ?? 'injected', fault.status ?? 400, fault.more);
};

/** Throws when the answer to an operation is to be lost. */
export const loseAnswer = (state: State, operation: string): void => {
  const fault = state.faults.find(
    (candidate) => candidate.operation === operation && candidate.times > 0 && candidate.lost,
  );
  if (fault === undefined) return;
  fault.times -= 1;
  throw new Cut();
};

/** Empty state. */
export const newState = (): State => ({
  region: 'us-east-1',
  buckets: new Map([['hospital', new Map()]]),
  uploads: new Map(),
  jobs: new Map(),
  transforms: new Map(),
  models: new Map(),
  configs: new Map(),
  endpoints: new Map(),
  logs: new Map(),
  hub: new Map(),
  privateHubs: new Map(),
  faults: [],
  seen: [],
  behaviour: {
    training: 'completes',
    trainingReason: 'AlgorithmError: out of memory',
    endpoint: 'healthy',
    stream: 'whole',
    transform: 'completes',
    artefact: () => new Map(),
    answer: (prompt) => `Seen: ${prompt}`,
  },
});
