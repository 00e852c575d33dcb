/**
 * @file Our side of adapter_roundtrip.py: the logits of models, as float32 bytes, one file each.
 *
 *     node bench/peers/logits.mjs WORK.json
 *
 * WORK.json: `{"ids": [[…]], "decoderIds": [[…]], "models": [{"model", "adapter"?, "apart"?, "out"}]}`. An adapter is worked into the
 * weights, as for drafting, or with `apart` kept beside them, as in training.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { openModel } from '../../dist/models/open.js';
import { readAdapter } from '../../dist/t5/adapter-files.js';
import { decode, encode, head } from '../../dist/t5/forward.js';
import { compile, Graph } from '../../dist/tensors/index.js';
import { fullTuning, loraTuning } from '../../dist/training/tuning.js';

const { ids, decoderIds, models } = JSON.parse(await readFile(process.argv[2], 'utf8'));
const integers = (rows) => ({ data: BigInt64Array.from(rows.flat(), BigInt), dims: [rows.length, rows[0].length] });

for (const { model: name, adapter, apart = false, out } of models) {
  const { config, ownHead, weights } = await openModel(name, { adapter: apart ? undefined : adapter });
  const tuning = apart ? loraTuning({ weights }, await readAdapter(adapter, config), 0) : fullTuning(weights, true);
  const graph = new Graph();
  const input = (key, width) => graph.input(key, 'int64', ['batch', width]);
  const mask = input('mask', 'input');
  const t5 = { graph, config, ownHead, dropout: 0, parameters: tuning.parameters(graph, false) };
  const hidden = decode(t5, input('decoder', 'target'), encode(t5, input('ids', 'input'), mask), mask);
  const program = await compile(graph, { logits: head(t5, hidden) });
  const feeds = new Map([
    ...[...tuning.trained].map(([key, { data, shape }]) => [key, { data, dims: shape }]),
    ...tuning.frozen,
    ['ids', integers(ids)],
    ['mask', integers(ids.map((row) => row.map(() => 1)))],
    ['decoder', integers(decoderIds)],
  ]);
  const { logits } = await program.run(feeds);
  await writeFile(out, new Uint8Array(logits.data.buffer, logits.data.byteOffset, logits.data.byteLength));
  await program.release();
}
