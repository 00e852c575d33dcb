// Time of the guard, on one core: `npm run build && node bench/guard.mjs [DATA]`.
// DATA is a file of reports as `check` reads it; without it the three invented reports of the tests are used.
// Prints the time a report takes once the code is warm, the first pass cold, and one line of a million characters.
import { checkImpression } from '../dist/guard/check.js';
import { readExamples } from '../dist/reports/dataset.js';

const data = process.argv[2] ?? 'test/fixtures/guard/reports.json';
const reports = await readExamples(data);
const passes = 10;
const leastReports = 500;
const batch = Array.from({ length: Math.ceil(leastReports / reports.length) }, () => reports).flat();

/** Milliseconds of processor time, so that a busy machine does not count. */
const timed = (work) => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const pass = () =>
  timed(() => {
    for (const report of batch) checkImpression(report);
  }) / batch.length;
const cold = pass();
const warm = Array.from({ length: passes }, pass).sort((a, b) => a - b);
const each = batch.map((report) => timed(() => checkImpression(report))).sort((a, b) => a - b);

console.log(`${data}: ${reports.length} reports, ${passes} passes of ${batch.length}`);
console.log(
  `cold ${cold.toFixed(3)} ms a report; warm, median pass ${warm[passes / 2].toFixed(3)} ms, best ${warm[0].toFixed(3)} ms`,
);
console.log(`99 % of reports under ${each[Math.floor(each.length * 0.99)].toFixed(3)} ms of processor time`);

const line = 'No pneumothorax, small left effusion and mild cardiomegaly, '.repeat(16667);
const input = { findings: line, background: line, impression: line };
console.log(
  `three lines of ${line.length.toLocaleString('en')} characters: ${(timed(() => checkImpression(input)) / 1000).toFixed(1)} s`,
);
