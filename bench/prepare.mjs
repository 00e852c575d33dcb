/**
 * @file How much faster `impressionist prepare` is than MEDIQA 2021's official script, at how much memory, on the same
 * machine in the same run: both write their files from the same zip and split, taking turns, and the bytes are compared.
 *
 *   npm run build
 *   node bench/prepare.mjs REPORTS.zip SPLIT.csv OFFICIAL/make_mimic_data.py [RUNS]
 *
 * The official script and the `section_parser.py` beside it are in github.com/abachaa/MEDIQA2021, folder Task3. It needs
 * python3, and GNU time as /usr/bin/time for the peak memory.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [zip, split, official, runs = '5'] = process.argv.slice(2);
if (official === undefined) {
  console.error('usage: node bench/prepare.mjs REPORTS.zip SPLIT.csv OFFICIAL/make_mimic_data.py [RUNS]');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'bench-prepare-'));
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'cli', 'main.js');

/** Runs a command: its wall time and its processor time (all threads) in seconds, its peak resident memory in MB. */
const measure = (command, args) => {
  const log = join(folder, 'time');
  const { status, stderr, error } = spawnSync('/usr/bin/time', ['-f', '%e %U %S %M', '-o', log, command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed: ${stderr.trim().split('\n').at(-1)}`);
  const [seconds, user, system, kilobytes] = readFileSync(log, 'utf8').trim().split(' ').map(Number);
  return { seconds, processorSeconds: user + system, megabytes: kilobytes / 1024 };
};

const file = (name) => join(folder, name);
const theirs = () =>
  measure('python3', [official, zip, split, '--train_file', file('train.py'), '--dev_file', file('dev.py')]);
const ours = () =>
  measure(process.execPath, [
    main,
    'prepare',
    zip,
    split,
    '--train-file',
    file('train.ts'),
    '--dev-file',
    file('dev.ts'),
  ]);

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

try {
  const rounds = [];
  for (let run = 0; run < Number(runs); run++) {
    const round = { theirs: theirs(), ours: ours() };
    rounds.push(round);
    const ratio = round.theirs.seconds / round.ours.seconds;
    console.log(
      `run ${run + 1}: official ${round.theirs.seconds.toFixed(2)} s, impressionist ${round.ours.seconds.toFixed(2)} s, ratio ${ratio.toFixed(1)}`,
    );
  }
  for (const name of ['train', 'dev']) {
    if (!readFileSync(file(`${name}.py`)).equals(readFileSync(file(`${name}.ts`)))) throw new Error(`${name} differs`);
  }
  const of = (whose) => ({
    seconds: median(rounds.map((round) => round[whose].seconds)),
    processorSeconds: median(rounds.map((round) => round[whose].processorSeconds)),
    megabytes: Math.max(...rounds.map((round) => round[whose].megabytes)),
  });
  const summary = {
    cores: availableParallelism(),
    node: process.versions.node,
    official: of('theirs'),
    impressionist: of('ours'),
    ratio: median(rounds.map((round) => round.theirs.seconds / round.ours.seconds)),
    // Where other work keeps the cores busy, the threads wait for them; then this says more than the ratio of the times.
    ratioOfProcessorTime: median(rounds.map((round) => round.theirs.processorSeconds / round.ours.processorSeconds)),
    sameBytes: true,
  };
  console.log(
    `medians of ${runs}: ${JSON.stringify(summary, (_, v) => (typeof v === 'number' ? Number(v.toFixed(2)) : v), 2)}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
