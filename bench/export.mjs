/**
 * @file An exported model run by Transformers.js: the same tokens as this package's own greedy drafts of the same model.
 *
 *     npm run build && node bench/export.mjs MODEL TRANSFORMERS_JS [DATA]
 *
 * MODEL: a model directory. TRANSFORMERS_JS: a folder in which `npm i @huggingface/transformers` was run. DATA: examples
 * (JSON); then reports a minute of both are printed too. Without it a few made-up findings are drafted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEngine } from '../dist/generation/decode.js';
import { prepareDecoder } from '../dist/generation/prepare.js';
import { readModel } from '../dist/models/directory.js';
import { encodeInput } from '../dist/models/encoding.js';
import { exportOnnx } from '../dist/models/export-onnx.js';
import { readExamples } from '../dist/reports/dataset.js';

const [directory, folder, data, limit = '40'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node bench/export.mjs MODEL TRANSFORMERS_JS [DATA [COUNT]]');
  process.exit(2);
}
const NEW = 64;
const found = createRequire(join(folder, 'package.json')).resolve('@huggingface/transformers');
const { AutoModelForSeq2SeqLM, AutoTokenizer, env, Tensor } = await import(pathToFileURL(found).href);

const sentences = [
  'The heart is normal in size.',
  'No focal consolidation, pleural effusion or pneumothorax.',
  'There is a small left pleural effusion.',
  'Degenerative changes of the thoracic spine.',
];
const made = Array.from({ length: 12 }, (_, i) => ({
  findings: sentences.filter((_, s) => (i + 1) & (1 << s)).join(' ') || sentences[i % 4],
  background: '',
}));
const reports = data === undefined ? made : (await readExamples(data)).slice(0, Number(limit));

const out = mkdtempSync(join(tmpdir(), 'impressionist-export-'));
try {
  const model = await readModel(directory);
  await exportOnnx(model, out);
  const inputs = reports.map((report) => encodeInput(model.tokenizer, model.prompt, report, 896).ids);

  const decoder = await prepareDecoder(model, {});
  const engine = createEngine(decoder, { maxNewTokens: NEW });
  await engine.decodeAll(inputs.slice(0, 2));
  let started = performance.now();
  const ours = await engine.decodeAll(inputs);
  const oursSeconds = (performance.now() - started) / 1000;
  await engine.release();

  env.allowRemoteModels = false;
  env.localModelPath = dirname(out);
  const options = { dtype: 'fp32', device: 'cpu', session_options: { intraOpNumThreads: availableParallelism() } };
  const theirs = await AutoModelForSeq2SeqLM.from_pretrained(basename(out), options);
  await AutoTokenizer.from_pretrained(basename(out));
  let same = 0;
  started = performance.now();
  for (const [index, input] of inputs.entries()) {
    const ids = new Tensor('int64', BigInt64Array.from(input, BigInt), [1, input.length]);
    const mask = new Tensor('int64', new BigInt64Array(input.length).fill(1n), [1, input.length]);
    const result = await theirs.generate({ inputs: ids, attention_mask: mask, max_new_tokens: NEW, do_sample: false });
    const sequence = result.tolist()[0].slice(1).map(Number);
    if (sequence.join() === ours[index][0].ids.join()) same++;
  }
  const theirSeconds = (performance.now() - started) / 1000;
  const rate = (seconds) => ((reports.length / seconds) * 60).toFixed(0);
  console.log(
    `${same} of ${reports.length} drafts have the same tokens; reports a minute: ${rate(oursSeconds)} here, ` +
      `${rate(theirSeconds)} with Transformers.js, ratio ${(theirSeconds / oursSeconds).toFixed(2)}; load ${loadavg()[0].toFixed(1)}`,
  );
  if (same !== reports.length) process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
