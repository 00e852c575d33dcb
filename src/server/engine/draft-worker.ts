/**
 * @file A drafting process: opens the model, warms it up with a draft of its own, then drafts what it is sent, all
 * requests in one continuous batch. It exists because ONNX Runtime blocks the thread it runs on, and because a crash
 * here leaves the server standing.
 */
import { createHash } from 'node:crypto';
import type { Leaning } from '../../generation/choosing.js';
import { DraftMemory } from '../../generation/copying.js';
import { COPY_TOKENS, decodingSettings, searchFor } from '../../generation/options.js';
import { prepareDecoder } from '../../generation/prepare.js';
import { Scheduler } from '../../generation/schedule.js';
import type { Decoded, Search } from '../../generation/search.js';
import { textDeltas } from '../../generation/streaming.js';
import { Failure, type FailureParts } from '../../ground/failure.js';
import { type EncodedInput, encodeInput } from '../../models/encoding.js';
import { locateModel, openToDraft } from '../../models/open.js';
import { type AddSimilar, leaningOn, readRetrieval } from '../../models/similar.js';
import { parsePrompt } from '../../reports/prompt.js';
import { parameterShapes } from '../../t5/parameters.js';
import type { DraftSettings, DraftSource } from './draft-engine.js';
import { identify } from './model-identity.js';
import type { DraftWorkerInput, FromWorker, ToWorker } from './worker-messages.js';

const say = (message: FromWorker): void => {
  process.send?.(message);
};
const partsOf = ({ what, where, got, fix }: Failure): FailureParts => ({ what, where, got, fix });

/** A prompt that came whole is drafted from as it is. */
const BARE = parsePrompt('{findings}');

/** Tells when a search is first asked, which is when its place in the batch begins. */
const observed = (search: Search, begun: () => void): Search => {
  let told = false;
  return {
    queries: () => {
      if (!told) begun();
      told = true;
      return search.queries();
    },
    take: (scores) => search.take(scores),
    settled: () => search.settled(),
    outputs: () => search.outputs(),
  };
};

/** For a model that leans on similar reports: what adds them to a report. */
const similarReports = async (directory: string): Promise<AddSimilar | undefined> => {
  const retrieval = await readRetrieval(directory);
  if (retrieval === undefined) return undefined;
  if (retrieval.reports === undefined) {
    throw new Failure({
      what: 'the model leans on similar reports, but they were left out of its directory',
      where: directory,
      fix: 'serve a directory that holds them (similar.json)',
    });
  }
  return leaningOn(retrieval);
};

const start = async (options: DraftWorkerInput): Promise<void> => {
  const { model: name, batchSize, threads, maxInputTokens, weights, device, memoryBudget } = options;
  const model = await openToDraft(name);
  const directory = await locateModel(name);
  const prompt = options.prompt === undefined ? model.prompt : parsePrompt(options.prompt);
  const decoder = await prepareDecoder(model, { batchSize, threads, maxInputTokens, weights, device, memoryBudget });
  const scheduler = new Scheduler(decoder, batchSize);
  const memory = new DraftMemory();
  const { decoderStartTokenId: startId, eosTokenId: endId } = decoder.config;
  const { tokenizer } = model;
  const going = new Map<number, AbortController>();

  const addSimilar = await similarReports(directory);
  const encode = (source: DraftSource): Leaning<EncodedInput> => {
    if ('prompt' in source) {
      return encodeInput(tokenizer, BARE, { findings: source.prompt, background: '' }, maxInputTokens);
    }
    const report: Leaning<typeof source> = addSimilar === undefined ? source : addSimilar(source);
    return { ...encodeInput(tokenizer, prompt, report, maxInputTokens), leanedOn: report.leanedOn };
  };

  const decode = async (
    input: readonly number[],
    wanted: DraftSettings,
    {
      begun,
      onTokens,
      signal,
    }: { begun?: () => void; onTokens?: (ids: readonly number[]) => void; signal?: AbortSignal },
  ): Promise<Decoded[]> => {
    const settings = decodingSettings({ ...wanted, batchSize });
    // Guessing ahead pays while a request is alone, and changes no draft.
    const context = { purpose: '0', copyTokens: COPY_TOKENS, mayGuess: () => going.size <= 1, memory };
    const search = searchFor(settings, { startId, endId }, input, context);
    const outputs = await scheduler.submit({ input, search: observed(search, () => begun?.()), signal, onTokens });
    if (settings.mode === 'greedy') memory.remember([startId, ...outputs[0].ids]);
    return outputs.slice(0, settings.nBest);
  };

  const draft = async ({ id, source, settings, streams }: Extract<ToWorker, { kind: 'draft' }>): Promise<void> => {
    const controller = new AbortController();
    going.set(id, controller);
    try {
      const { ids, cutTokens, leanedOn } = encode(source);
      const deltas = textDeltas((tokens) => tokenizer.decode(tokens));
      const text = (added: string): void => {
        if (added !== '') say({ kind: 'text', id, text: added });
      };
      const outputs = await decode(ids, settings, {
        signal: controller.signal,
        begun: () => say({ kind: 'begun', id }),
        onTokens: streams ? (tokens) => text(deltas.next(tokens)) : undefined,
      });
      const candidates = outputs.map(({ ids: own, truncated, score }) => ({
        impression: tokenizer.decode(own),
        truncated,
        score,
      }));
      const [{ impression, truncated }] = candidates;
      if (streams) text(deltas.end(impression));
      const counts = { inputTokens: ids.length, outputTokens: outputs[0].ids.length };
      say({ kind: 'draft', id, draft: { impression, truncated, candidates, leanedOn, cutTokens, ...counts } });
    } catch (error) {
      if (controller.signal.aborted) return;
      say(error instanceof Failure ? { kind: 'refused', id, failure: partsOf(error) } : { kind: 'broken', id });
    } finally {
      going.delete(id);
    }
  };

  process.on('message', (message: ToWorker) => {
    if (message.kind === 'draft') void draft(message);
    else if (message.kind === 'cancel') going.get(message.id)?.abort(new Error('cancelled'));
  });

  await decode(encode({ findings: 'The lungs are clear.', background: '' }).ids, { maxNewTokens: 4 }, {});
  const shapes = parameterShapes(model.config, !model.config.scaleDecoderOutputs);
  const parameters = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const promptHash = createHash('sha256').update(prompt.template).digest('hex');
  say({
    kind: 'ready',
    model: {
      ...(await identify(directory)),
      ...{ directory, promptHash, parameters, leansOnSimilar: addSimilar !== undefined },
    },
  });
};

// A signal to the whole group, such as Ctrl-C, is the server's to handle; this process ends with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());
process.once('message', async (message: ToWorker) => {
  if (message.kind !== 'start') return;
  try {
    await start(message.input);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.send?.({ kind: 'unusable', failure: partsOf(error) } satisfies FromWorker, () => process.exit(1));
  }
});
