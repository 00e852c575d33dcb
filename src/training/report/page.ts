/**
 * @file `report.html` of a run: its curves, its figures, and what the model drafted for a few dev reports at each
 * evaluation. One file that opens offline. It holds report text, and says so.
 */
import { readFile } from 'node:fs/promises';
import { readFailure, writeWhole } from '../../ground/durable.js';
import { systemCode } from '../../ground/failure.js';
import type { DevMetrics, StepMetrics } from '../metrics.js';
import { escapeHtml, lineChart, shown } from './chart.js';

/** Drafts of one evaluation: a line of `drafts.jsonl`. */
export interface SampleDrafts {
  readonly step: number;
  readonly drafts: readonly SampleDraft[];
}

/** A dev report with what its radiologist and what the model wrote. */
export interface SampleDraft {
  readonly studyId: string;
  readonly findings: string;
  readonly reference: string;
  readonly impression: string;
}

/** Where a page's parts come from. */
export interface ReportSources {
  readonly metricsFile: string;
  readonly draftsFile: string;
  readonly out: string;
  /** Rows of the table of settings. */
  readonly facts: readonly (readonly [string, string])[];
}

/** The lines of a JSON Lines file; none when it is missing. A last line that a kill cut short is left out. */
export const readLines = async <Line>(path: string): Promise<Line[]> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw readFailure(path, error);
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
};

/** Writes the page anew from a run's files. */
export const writeReport = async ({ metricsFile, draftsFile, out, facts }: ReportSources): Promise<void> => {
  const metrics = await readLines<StepMetrics | DevMetrics>(metricsFile);
  const steps = metrics.filter((line): line is StepMetrics => 'loss' in line);
  const evaluations = metrics.filter((line): line is DevMetrics => 'devLoss' in line);
  await writeWhole(out, reportPage(steps, evaluations, await readLines<SampleDrafts>(draftsFile), facts));
};

const BLUE = '#1f6feb';
const ORANGE = '#d1570a';

/** The page's text. */
export const reportPage = (
  steps: readonly StepMetrics[],
  evaluations: readonly DevMetrics[],
  samples: readonly SampleDrafts[],
  facts: readonly (readonly [string, string])[],
): string => {
  const over = (value: (line: StepMetrics) => number): [number, number][] =>
    steps.map((line) => [line.step, value(line)]);
  const charts = [
    lineChart('Loss (nats a token)', 'step', [
      { label: 'training', color: BLUE, points: over(({ loss }) => loss) },
      { label: 'dev', color: ORANGE, points: evaluations.map(({ step, devLoss }) => [step, devLoss]), dots: true },
    ]),
    lineChart('Dev ROUGE-L', 'step', [
      {
        label: 'dev ROUGE-L',
        color: ORANGE,
        points: evaluations.flatMap(({ step, devRouge }) =>
          devRouge === undefined ? [] : [[step, devRouge] as const],
        ),
        dots: true,
      },
    ]),
    lineChart('Learning rate', 'step', [{ label: 'rate', color: BLUE, points: over((line) => line.learningRate) }]),
    lineChart('Gradient norm before clipping', 'step', [
      { label: 'norm', color: BLUE, points: over((line) => line.gradientNorm) },
    ]),
    lineChart('Tokens a second', 'step', [
      { label: 'tokens/s', color: BLUE, points: over((line) => line.tokensPerSecond) },
    ]),
  ];
  const last = steps.at(-1);
  const rows: (readonly [string, string])[] = [
    ...facts,
    ...(last === undefined
      ? []
      : ([
          ['Steps', `${last.step.toLocaleString('en')} (epoch ${last.epoch.toFixed(2)})`],
          ['Training time', `${shown(last.seconds / 60)} min`],
        ] as const)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training run</title><style>${STYLE}</style></head><body>
<h1>Training run</h1>
<table>${rows.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table>
<section class="charts">${charts.join('\n')}</section>
${draftsSection(samples)}
</body></html>
`;
};

const draftsSection = (samples: readonly SampleDrafts[]): string => {
  const latest = samples.at(-1);
  if (latest === undefined) return '';
  const articles = latest.drafts.map(({ studyId, findings, reference }, index) => {
    const lines = samples.map(
      ({ step, drafts }) => `<tr><th>step ${step}</th><td>${escapeHtml(drafts[index]?.impression ?? '')}</td></tr>`,
    );
    return `<article><h3>Study ${escapeHtml(studyId)}</h3><p><b>Findings</b> ${escapeHtml(findings)}</p>
<p><b>Written by the radiologist</b> ${escapeHtml(reference)}</p><table>${lines.join('')}</table></article>`;
  });
  return `<h2>Drafts of dev reports at each evaluation</h2>
<p class="note">This page holds report text: keep it where the reports themselves may lie.</p>${articles.join('\n')}`;
};

const STYLE = `:root{color-scheme:light dark;--line:#8884}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin:.2rem 0}
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0}th{font-weight:600;white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1.2rem;margin-top:1.5rem}
figure{margin:0}figcaption{font-weight:600}figcaption small{font-weight:400}figcaption span{font-weight:400;margin-left:.8em}
figcaption i{display:inline-block;width:1em;height:.25em;margin-right:.3em;vertical-align:middle}
svg{width:100%;height:auto}.grid{stroke:var(--line)}svg text{font-size:11px;fill:currentColor}.y{text-anchor:end;dominant-baseline:middle}.x{text-anchor:middle}
article{border-top:1px solid var(--line);padding:.8rem 0}.note{opacity:.75}`;
