/**
 * @file What drafting does with a trained model and real findings: guessing ahead (tokens a decoder pass, speed, whether
 * every draft is the same), rounded weights (ROUGE-L beside float32's), and reports a minute beside Transformers with
 * batches of 8.
 *
 *     npm run build && node bench/drafting.mjs MODEL DATA [PYTHON|-] [COUNT]
 *
 * DATA: held-out examples with impressions. COUNT: how many of them; default 200.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRougeScorer } from '../dist/evaluation/rouge.js';
import { createDrafter } from '../dist/generation/drafts.js';
import { openStoredModel } from '../dist/models/stored.js';
import { readExamples } from '../dist/reports/dataset.js';
import { renderPrompt } from '../dist/reports/prompt.js';

const [directory, data, python = '-', count = '200'] = process.argv.slice(2);
if (data === undefined) {
  console.error('usage: node bench/drafting.mjs MODEL DATA [PYTHON|-] [COUNT]');
  process.exit(2);
}
const NEW = 64;
const model = await openStoredModel(directory);
const examples = (await readExamples(data)).slice(0, Number(count));
console.log(`${examples.length} reports, at most ${NEW} new tokens; load ${loadavg()[0].toFixed(1)}`);

const drafted = async (options, each = false) => {
  const drafter = await createDrafter(model, { maxNewTokens: NEW, ...options });
  await drafter.draft(examples.slice(0, 1)); // the first run lays out memory
  const before = { ...drafter.counts };
  const started = performance.now();
  const drafts = [];
  if (each) for (const example of examples) drafts.push(...(await drafter.draft([example])));
  else drafts.push(...(await drafter.draft(examples)));
  const seconds = (performance.now() - started) / 1000;
  const { passes, tokens } = drafter.counts;
  await drafter.release();
  return {
    texts: drafts.map(({ impression }) => impression),
    seconds,
    passes: passes - before.passes,
    tokens: tokens - before.tokens,
  };
};

const plain = await drafted({ copyTokens: 0 }, true);
for (const copyTokens of [2, 4, 8]) {
  const copied = await drafted({ copyTokens }, true);
  const same = copied.texts.filter((text, i) => text === plain.texts[i]).length;
  console.log(
    `guessing ${copyTokens} ahead: ${(copied.tokens / copied.passes).toFixed(2)} tokens a pass, ` +
      `${(plain.seconds / copied.seconds).toFixed(2)} times as fast one by one, ${same} of ${examples.length} drafts the same; load ${loadavg()[0].toFixed(1)}`,
  );
}

const rougeL = (texts) => {
  const scorer = createRougeScorer(['rougeL']);
  const sum = texts.reduce(
    (total, text, i) => total + scorer.score(examples[i].impression, text).stemmed.rougeL.fmeasure,
    0,
  );
  return sum / texts.length;
};
const whole = await drafted({});
const reference = rougeL(whole.texts);
console.log(
  `float32: stemmed ROUGE-L ${reference.toFixed(4)}, ${((examples.length / whole.seconds) * 60).toFixed(0)} reports a minute`,
);
for (const weights of ['int8', 'int4']) {
  const rounded = await drafted({ weights });
  const score = rougeL(rounded.texts);
  const same = rounded.texts.filter((text, i) => text === whole.texts[i]).length;
  console.log(
    `${weights}: stemmed ROUGE-L ${score.toFixed(4)} (${(score - reference).toFixed(4)}), ${same} drafts the same, ` +
      `${((examples.length / rounded.seconds) * 60).toFixed(0)} reports a minute`,
  );
}

if (python !== '-') {
  const folder = mkdtempSync(join(tmpdir(), 'impressionist-peer-'));
  try {
    const file = join(folder, 'prompts.json');
    writeFileSync(file, JSON.stringify(examples.map((example) => renderPrompt(model.prompt, example))));
    const peer = JSON.parse(
      execFileSync(
        python,
        [fileURLToPath(new URL('peers/drafting_peer.py', import.meta.url)), directory, file, String(NEW)],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      ),
    );
    const same = peer.texts.filter((text, i) => text === whole.texts[i]).length;
    console.log(
      `Transformers, batches of 8: ${((examples.length / peer.seconds) * 60).toFixed(0)} reports a minute, ` +
        `ratio ${(peer.seconds / whole.seconds).toFixed(2)}; ${same} of ${examples.length} drafts the same; load ${loadavg()[0].toFixed(1)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
