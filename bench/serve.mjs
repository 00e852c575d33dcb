/**
 * @file Load on a running server over loopback: many clients in closed loops, then one at a time, and memory over time.
 *
 * Usage, after a build: node bench/serve.mjs --model runs/first/model [--clients 200] [--seconds 60] [--flat 0]
 *   --clients  concurrent clients of the loaded phase
 *   --seconds  its length
 *   --flat     minutes for which the load goes on while memory is watched; 0: not at all
 *   --audit    with an audit log in a temporary folder
 *   further options after -- go to `serve`
 *
 * Prints answers by status, rate, latency percentiles, event loop delay, memory; exits 1 when a bound is broken: a 5xx
 * that is not a documented 503, event loop delay p99 of 50 ms, less than 3 times the rate of one at a time.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    clients: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    flat: { type: 'string', default: '0' },
    audit: { type: 'boolean', default: false },
  },
});
if (values.model === undefined) {
  console.error('bench/serve: --model DIR is needed');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'serve-bench-'));
const audit = values.audit ? ['--audit', join(folder, 'audit.db')] : [];
const main = new URL('../dist/cli/main.js', import.meta.url).pathname;
const server = spawn(
  process.execPath,
  [main, 'serve', '--model', values.model, '--port', '0', ...audit, ...positionals],
  {
    stdio: ['ignore', 'pipe', 'ignore'],
  },
);
const url = await new Promise((resolve, reject) => {
  server.stdout.on('data', (chunk) => resolve(/at (\S+?)[,\s]/.exec(String(chunk))[1]));
  server.once('exit', (code) => reject(new Error(`serve ended with ${code}`)));
});
const { hostname, port } = new URL(url);

/** Sentences with places to be filled in. */
const sentences = [
  'The heart size is #degree.',
  'There is a #size #side pleural effusion.',
  'No pneumothorax.',
  'The lungs are #degree.',
  'A #mm mm nodule is seen in the #side #zone lobe.',
  '#size interstitial edema is #degree.',
  'The mediastinal contours are #degree.',
  'A #side internal jugular line ends #mm mm above the carina.',
  '#size #side #zone lobe opacity.',
  'Old fracture of the #mm. #side rib.',
];
const words = {
  degree: ['normal', 'stable', 'increased', 'unchanged', 'clear', 'enlarged'],
  size: ['small', 'large', 'mild', 'moderate', 'trace', 'marked'],
  side: ['left', 'right'],
  zone: ['upper', 'lower', 'middle'],
  mm: Array.from({ length: 29 }, (_, i) => String(i + 2)),
};

/** Invented reports of different lengths, hardly one like another, so that no draft can be recalled from an earlier one. */
const findings = (seed) => {
  let state = seed * 2654435761;
  const pick = (list) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
  return Array.from({ length: 2 + (seed % 7) }, () =>
    pick(sentences).replace(/#(\w+)/g, (_, kind) => pick(words[kind])),
  ).join(' ');
};

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const draft = (seed) =>
  new Promise((resolve) => {
    const body = JSON.stringify({ findings: findings(seed) });
    const started = performance.now();
    const sent = request(
      {
        agent,
        hostname,
        port,
        path: '/v1/impressions',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode, ms: performance.now() - started }));
      },
    );
    sent.on('error', () => resolve({ status: 0, ms: performance.now() - started }));
    sent.end(body);
  });

const run = async (clients, seconds) => {
  const results = [];
  const end = performance.now() + seconds * 1000;
  let seed = 0;
  const client = async () => {
    while (performance.now() < end) results.push(await draft(seed++));
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return { results, seconds: (performance.now() - started) / 1000 };
};

const metrics = async () => await (await fetch(`${url}/metrics`)).text();
const gauge = (text, name) => Number(new RegExp(`^impressionist_${name} (\\S+)$`, 'm').exec(text)[1]);
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

const report = (name, { results, seconds }) => {
  const times = results.map(({ ms }) => ms).sort((a, b) => a - b);
  const statuses = {};
  for (const { status } of results) statuses[status] = (statuses[status] ?? 0) + 1;
  const good = statuses[200] ?? 0;
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(times, share).toFixed(1));
  console.log(
    `${name}: ${results.length} answers ${JSON.stringify(statuses)}, ${(good / seconds).toFixed(1)} drafts/s, p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`,
  );
  return { rate: good / seconds, statuses };
};

let failed = false;
const must = (holds, what) => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
  failed ||= !holds;
};

const alone = Math.max(5, Number(values.seconds) / 6);
await run(1, 2);
const one = report('one at a time', await run(1, alone));
await metrics();
const many = report(`${values.clients} clients`, await run(Number(values.clients), Number(values.seconds)));
const text = await metrics();
const delay = gauge(text, 'event_loop_delay_seconds\\{quantile="0.99"\\}') * 1000;
must(
  Object.keys(many.statuses).every((status) => ['200', '429', '503'].includes(status)),
  'no answer but 200, 429, 503',
);
must(delay < 50, `event loop delay p99 ${delay.toFixed(1)} ms < 50 ms`);
must(many.rate >= 3 * one.rate, `${(many.rate / one.rate).toFixed(2)} times the rate of one at a time, at least 3`);

if (Number(values.flat) > 0) {
  const memory = [];
  const timer = setInterval(
    async () => memory.push(gauge(await metrics(), 'memory_bytes\\{kind="resident"\\}') / 1e6),
    5000,
  );
  await run(Number(values.clients), Number(values.flat) * 60);
  clearInterval(timer);
  const mean = (part) => part.reduce((sum, each) => sum + each, 0) / part.length;
  const third = Math.floor(memory.length / 3);
  const [middle, last] = [mean(memory.slice(third, 2 * third)), mean(memory.slice(2 * third))];
  must(
    last < middle * 1.05,
    `resident memory ${middle.toFixed(0)} MB in the second third, ${last.toFixed(0)} MB in the last`,
  );
}
server.kill('SIGTERM');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
