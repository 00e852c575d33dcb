/**
 * @file A drafting thread: opens the model, warms it up with a draft of its own, then drafts what it is sent. It exists
 * because ONNX Runtime blocks the thread it runs on, and because a crash here leaves the server standing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createHash } from 'node:crypto';
import { buildDecoder } from '../../generation/decoder.js';
import { Failure, type FailureParts } from '../../ground/failure.js';
import type { Model } from '../../models/directory.js';
import { encodeInput } from '../../models/encoding.js';
import { openModel } from '../../models/open.js';
import { parsePrompt } from '../../reports/prompt.js';
import { DRAFT_SETTINGS, type DraftSource } from './draft-engine.js';
import { identify } from './model-identity.js';
import { decodeRows, type Row, type RowDecoding } from './rows.js';
import type { DraftWorkerInput, FromWorker, ToWorker } from './worker-messages.js';

const port = parentPort!;
const { model: directory, threads, maxInputTokens, limits } = workerData as DraftWorkerInput;
const say = (message: FromWorker): void => port.postMessage(message);
const partsOf = ({ what, where, got, fix }: Failure): FailureParts => ({ what, where, got, fix });

/** A prompt that came whole is drafted from as it is. */
const BARE = parsePrompt('{findings}');

const encode = ({ tokenizer, prompt }: Model, source: DraftSource) =>
  'prompt' in source
    ? encodeInput(tokenizer, BARE, { findings: source.prompt, background: '' }, maxInputTokens)
    : encodeInput(tokenizer, prompt, source, maxInputTokens);

const warmUp = (rows: RowDecoding, model: Model): Promise<void> =>
  new Promise((resolve, reject) => {
    const { ids } = encode(model, { findings: 'The lungs are clear.', background: '' });
    rows.add({
      input: ids,
      settings: { ...DRAFT_SETTINGS, maxNewTokens: 4 },
      begun: () => undefined,
      grown: () => undefined,
      ended: () => resolve(),
      failed: reject,
    });
  });

const serve = (model: Model, rows: RowDecoding): void => {
  const going = new Map<number, Row>();
  const draft = ({ id, source, settings, streams }: Extract<ToWorker, { kind: 'draft' }>): void => {
    let input: ReturnType<typeof encode>;
    try {
      input = encode(model, source);
    } catch (error) {
      say(error instanceof Failure ? { kind: 'refused', id, failure: partsOf(error) } : { kind: 'broken', id });
      return;
    }
    const row: Row = {
      input: input.ids,
      settings,
      begun: () => say({ kind: 'begun', id }),
      grown: (ids) => {
        if (streams) say({ kind: 'text', id, text: model.tokenizer.decode(ids) });
      },
      ended: (ids, truncated) => {
        going.delete(id);
        const draft = {
          impression: model.tokenizer.decode(ids),
          truncated,
          cutTokens: input.cutTokens,
          inputTokens: input.ids.length,
          outputTokens: ids.length,
        };
        say({ kind: 'draft', id, draft });
      },
      failed: () => {
        going.delete(id);
        say({ kind: 'broken', id });
      },
    };
    going.set(id, row);
    rows.add(row);
  };
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'draft') draft(message);
    else {
      const row = going.get(message.id);
      going.delete(message.id);
      if (row !== undefined) rows.cancel(row);
    }
  });
};

try {
  const model = await openModel(directory);
  const decoder = await buildDecoder(model, { threads });
  const rows = decodeRows(decoder, limits);
  await warmUp(rows, model);
  const promptHash = createHash('sha256').update(model.prompt.template).digest('hex');
  const parameters = [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const identity = { ...(await identify(directory)), promptHash, parameters };
  serve(model, rows);
  say({ kind: 'ready', model: identity });
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say({ kind: 'unusable', failure: partsOf(error) });
  port.close();
}
