/**
 * @file `report.html`: the evaluation as one page that needs nothing else, neither network nor fonts nor scripts from
 * elsewhere. It holds report text, so it is as confidential as the data it was made from.
 */
import type { Interval } from './bootstrap.js';
import { baselineNames, type EvaluatedExample, type Evaluation, type ScoredWithBaselines } from './evaluate.js';
import { rougeSettings, rougeTypes, type ScoredSet } from './figures.js';
import type { EvaluationItem } from './item.js';
import { observations } from './labels/observations.js';
import { exampleHtml, type PageExample, type PageFlag, pageExamples } from './report/examples.js';
import { escapeHtml, htmlTable, jsonForScript } from './report/html.js';
import { histogram, intervalPlot, legend, type PlottedGroup } from './report/plots.js';
import { script } from './report/script.js';
import { style } from './report/style.js';
import {
  figureTitle,
  judgedFigures,
  judgeLines,
  points,
  rougeTitles,
  settingTitles,
  shortFigures,
  systemTitles,
  titledSets,
} from './table.js';

/** What the page is made of. */
export interface ReportPageParts {
  /** The page's title, e.g. the name of the predictions file. */
  readonly title: string;
  readonly evaluation: Evaluation;
  readonly items: readonly EvaluationItem[];
  readonly examples: readonly EvaluatedExample[];
  /** A guard's flags, one list an item. */
  readonly flags?: readonly (readonly PageFlag[])[];
}

/** Examples in the page's table at most: hard flags first, then the lowest stemmed ROUGE-L; `examples.jsonl` has all. */
const mostExamples = 2000;
const worstShown = 8;

const interval = ({ low, high }: Interval): string => `<span class="faint">[${points(low)}, ${points(high)}]</span>`;

const seriesTitles = [systemTitles.system, ...baselineNames.map((name) => systemTitles[name])];

const groupsOf = (
  set: ScoredWithBaselines,
  groups: readonly (readonly [string, (one: ScoredSet) => readonly [number, Interval]])[],
): PlottedGroup[] =>
  groups.map(([title, figure]) => ({
    title,
    figures: titledSets(set).map(([name, one], series) => {
      const [value, bounds] = figure(one);
      return { title: name, series, value, interval: bounds };
    }),
  }));

const figureCards = ({ rouge, labels, intervals, baselines, examples }: Evaluation): string => {
  type Figure = (one: ScoredSet) => number;
  const card = (title: string, value: number, bounds: Interval, of: Figure): string =>
    `<div class="figure"><span>${title}</span><b>${points(value)}</b>${interval(bounds)}<span>fixed sentence ${points(of(baselines.fixed))}<br>nearest report ${points(of(baselines.nearest))}</span></div>`;
  const { stemmed, plain } = intervals.rouge;
  return [
    '<div class="figures">',
    card(
      'ROUGE-L, stemmed',
      rouge.stemmed.rougeL.fmeasure,
      stemmed.rougeL.fmeasure,
      (one) => one.rouge.stemmed.rougeL.fmeasure,
    ),
    card(
      'ROUGE-L, plain',
      rouge.plain.rougeL.fmeasure,
      plain.rougeL.fmeasure,
      (one) => one.rouge.plain.rougeL.fmeasure,
    ),
    card(
      'labels, micro F1 of 14',
      labels.fourteen.micro.f1,
      intervals.labels.fourteen.micro.f1,
      (one) => one.labels.fourteen.micro.f1,
    ),
    `<div class="figure"><span>reports</span><b>${examples.toLocaleString('en')}</b><span>scored against the impressions that radiologists wrote</span></div>`,
    '</div>',
  ].join('');
};

const rougeSection = (evaluation: Evaluation): string => {
  const parts = rougeSettings.map((setting) => {
    const groups = groupsOf(
      evaluation,
      rougeTypes.map((type) => [
        rougeTitles[type],
        (one) => [one.rouge[setting][type].fmeasure, one.intervals.rouge[setting][type].fmeasure],
      ]),
    );
    const rows = titledSets(evaluation).map(([title, { rouge, intervals }]) => [
      escapeHtml(title),
      ...rougeTypes.map(
        (type) => `${points(rouge[setting][type].fmeasure)} ${interval(intervals.rouge[setting][type].fmeasure)}`,
      ),
    ]);
    return `<div data-setting="${setting}"><div class="card">${htmlTable([settingTitles[setting], ...rougeTypes.map((type) => rougeTitles[type])], rows, 'systems')}</div><div class="card">${legend(seriesTitles)}${intervalPlot(groups, `ROUGE with intervals, ${settingTitles[setting]}`)}</div></div>`;
  });
  return `<section><h2>Overlap of words</h2><p class="note">ROUGE as rouge_score computes it. Papers differ in the stemmer setting by a point or two, so compare like with like; and compare with the baselines, which know no medicine.</p><div class="switch" role="group" aria-label="stemmer setting"><button type="button" value="stemmed">stemmed</button><button type="button" value="plain">plain</button></div>${parts.join('')}</section>`;
};

const observationTable = (scores: ScoredSet['observations']): string =>
  htmlTable(
    ['observation', 'in references', 'in predictions', 'precision', 'recall', 'F1'],
    observations.map((name) => {
      const { precision, recall, f1, inReferences, inPredictions } = scores[name];
      return [
        name,
        String(inReferences),
        String(inPredictions),
        points(precision),
        points(recall),
        `${points(f1)}<span class="bar"><i style="width:${points(f1)}%"></i></span>`,
      ];
    }),
  );

const contentSection = (evaluation: Evaluation): string => {
  const groups = groupsOf(evaluation, [
    ['micro, 14', (one) => [one.labels.fourteen.micro.f1, one.intervals.labels.fourteen.micro.f1]],
    ['macro, 14', (one) => [one.labels.fourteen.macro.f1, one.intervals.labels.fourteen.macro.f1]],
    ['micro, 5', (one) => [one.labels.five.micro.f1, one.intervals.labels.five.micro.f1]],
    ['macro, 5', (one) => [one.labels.five.macro.f1, one.intervals.labels.five.macro.f1]],
    ['change words', (one) => [one.temporal.f1, one.intervals.temporal.f1]],
  ]);
  const other = titledSets(evaluation).map(([title, { length, novelty }]) => [
    escapeHtml(title),
    Number.isFinite(length.prediction) ? length.prediction.toFixed(1) : '–',
    Number.isFinite(length.ratio) ? length.ratio.toFixed(2) : '–',
    points(novelty.prediction.words),
    points(novelty.prediction.pairs),
  ]);
  other.push([
    'references',
    Number.isFinite(evaluation.length.reference) ? evaluation.length.reference.toFixed(1) : '–',
    '1.00',
    points(evaluation.novelty.reference.words),
    points(evaluation.novelty.reference.pairs),
  ]);
  return `<section><h2>What is said</h2><p class="note">F1 of the 14 CheXpert observations found by rules in prediction and reference, positive or uncertain against the rest; and of the words that speak of change. The rules are CheXpert-style, not CheXbert.</p><div class="card">${legend(seriesTitles)}${intervalPlot(groups, 'Label and change-word F1 with intervals')}</div><div class="card"><h3>By observation</h3>${observationTable(evaluation.observations)}</div><div class="card"><h3>Length, and n-grams that the findings lack</h3>${htmlTable(['', 'words', 'length ratio', 'new words, %', 'new pairs, %'], other, 'systems')}</div></section>`;
};

/** The figures of the judges as groups of a plot. */
const judgedGroups = (set: ScoredWithBaselines, wanted: (title: string) => boolean = () => true): PlottedGroup[] =>
  judgedFigures(set).flatMap(([title], at) =>
    wanted(title)
      ? groupsOf(set, [
          [
            title,
            (one) => {
              const [, value, bounds] = judgedFigures(one)[at];
              return [value, bounds];
            },
          ],
        ])
      : [],
  );

const judgeSection = (evaluation: Evaluation): string => {
  const lines = judgeLines(evaluation);
  if (lines.length === 0) return '';
  const cards = lines.map((line) => {
    const [judge] = line.split(':', 1);
    const own = judgedGroups(evaluation, (title) => title.startsWith(judge)).map((group) => ({
      ...group,
      title: group.title.slice(judge.length + 1),
    }));
    return `<div class="card"><h3>${judge}</h3><p class="note">${escapeHtml(line)}.</p>${legend(seriesTitles)}${intervalPlot(own, `${judge} with intervals`)}</div>`;
  });
  const { chexbertObservations } = evaluation;
  const byObservation =
    chexbertObservations === undefined
      ? ''
      : `<div class="card"><h3>By observation, as CheXbert labels it</h3>${observationTable(chexbertObservations)}</div>`;
  return `<section><h2>What models say</h2><p class="note">Scores of models that were given as files. They compare with those of the same file and setting only; and with the baselines, which know no medicine.</p>${cards.join('')}${byObservation}</section>`;
};

const strataSection = (evaluation: Evaluation): string => {
  const card = (stratum: 'normal' | 'abnormal'): string => {
    const set = evaluation.strata[stratum];
    const groups = groupsOf(set, [
      ['ROUGE-1', (one) => [one.rouge.stemmed.rouge1.fmeasure, one.intervals.rouge.stemmed.rouge1.fmeasure]],
      ['ROUGE-2', (one) => [one.rouge.stemmed.rouge2.fmeasure, one.intervals.rouge.stemmed.rouge2.fmeasure]],
      ['ROUGE-L', (one) => [one.rouge.stemmed.rougeL.fmeasure, one.intervals.rouge.stemmed.rougeL.fmeasure]],
      ['labels, 14', (one) => [one.labels.fourteen.micro.f1, one.intervals.labels.fourteen.micro.f1]],
    ]).concat(
      judgedGroups(set, (title) => shortFigures.includes(title)).map((group) => ({
        ...group,
        title: group.title.replace(/ (?:micro-14|F1)$/, ''),
      })),
    );
    return `<div class="card"><h3>${stratum}, n = ${set.examples}</h3>${intervalPlot(groups, `Scores of ${stratum} reports, stemmed`, 'narrow')}</div>`;
  };
  return `<section><h2>Normal and abnormal reports</h2><p class="note">${escapeHtml(evaluation.strata.rule)}. ROUGE with stemmer.</p>${legend(seriesTitles)}<div class="pair">${card('normal')}${card('abnormal')}</div></section>`;
};

const distributionSection = (examples: readonly PageExample[]): string => {
  const of = (stratum: string): number[] =>
    examples.filter((one) => one.stratum === stratum).map(({ rougeL }) => rougeL);
  return `<section><h2>Distribution</h2><p class="note">Reports by their stemmed ROUGE-L. A mean hides two humps: ready-made normal sentences, and everything else.</p><div class="card"><ul class="legend"><li><i class="upper"></i>abnormal</li><li><i class="lower"></i>normal</li></ul>${histogram(of('normal'), of('abnormal'), 'Histogram of stemmed ROUGE-L by stratum')}</div></section>`;
};

const testSection = ({ against, settings }: Evaluation): string => {
  if (against === undefined) return '';
  const rows = against.tests.map(({ figure, system, other, difference, p }) => [
    escapeHtml(figureTitle(figure)),
    points(system),
    points(other),
    `${difference < 0 ? '' : '+'}${points(difference)}`,
    p < 0.001 ? '&lt; 0.001' : p.toFixed(3),
  ]);
  return `<section><h2>Against ${escapeHtml(against.name)}</h2><p class="note">Two-sided paired approximate randomisation, ${settings.randomisationSamples.toLocaleString('en')} samples, seed ${settings.seed}. With this many figures one in twenty falls below 0.05 by chance.</p><div class="card">${htmlTable(['', 'predictions', 'other', 'difference', 'p'], rows)}</div></section>`;
};

const flagSection = ({ flags }: Evaluation): string => {
  if (flags === undefined) return '';
  const rows = [
    [
      'any kind',
      points(flags.hard),
      points(flags.soft),
      points(flags.strata.normal.hard),
      points(flags.strata.abnormal.hard),
    ],
    ...Object.entries(flags.byKind).map(([kind, { hard, soft }]) => [
      escapeHtml(kind),
      points(hard),
      points(soft),
      points(flags.strata.normal.byKind[kind]?.hard ?? 0),
      points(flags.strata.abnormal.byKind[kind]?.hard ?? 0),
    ]),
  ];
  return `<section><h2>Flags</h2><p class="note">Share of reports, in percent, whose prediction the guard flagged when comparing it with the findings.</p><div class="card">${htmlTable(['', 'hard', 'soft', 'hard, normal', 'hard, abnormal'], rows)}</div></section>`;
};

const examplesSection = (
  examples: readonly PageExample[],
  shown: readonly PageExample[],
  hasFlags: boolean,
  hasBertScore: boolean,
): string => {
  const hard = ({ flags }: PageExample): number => flags.filter(({ severity }) => severity === 'hard').length;
  const worst = examples
    .toSorted((a, b) => a.rougeL - b.rougeL || a.labelF1 - b.labelF1 || a.index - b.index)
    .slice(0, worstShown);
  const flagged = examples
    .filter((one) => hard(one) > 0)
    .sort((a, b) => hard(b) - hard(a) || a.index - b.index)
    .slice(0, worstShown);
  const head = (key: string, title: string, width: string, first = 'ascending'): string =>
    `<th scope="col" data-key="${key}" data-first="${first}" style="width:${width}"><button type="button">${title}</button></th>`;
  const option = (value: string, title: string): string => `<option value="${value}">${title}</option>`;
  const marks =
    '<ul class="legend"><li><i style="background:var(--added)"></i>only in the prediction</li><li><i style="background:var(--missing)"></i>only in the reference</li></ul>';
  const cut =
    shown.length < examples.length
      ? ` Here are ${shown.length.toLocaleString('en')}, hard flags and the lowest ROUGE-L first, of ${examples.length.toLocaleString('en')}; examples.jsonl has all.`
      : '';
  return [
    `<section><h2>The lowest scores</h2><p class="note">By stemmed ROUGE-L. A low score may be another way to say the same.</p>${marks}<div class="card">${worst.map(exampleHtml).join('')}</div></section>`,
    flagged.length === 0
      ? ''
      : `<section><h2>The most flagged</h2>${marks}<div class="card">${flagged.map(exampleHtml).join('')}</div></section>`,
    `<section><h2>All examples</h2><p class="note">Select a row to unfold it.${cut}</p>`,
    '<div class="controls"><input type="search" id="search" placeholder="words in findings, prediction or reference" aria-label="search">',
    `<select id="stratum" aria-label="stratum">${option('', 'normal and abnormal')}${option('normal', 'normal')}${option('abnormal', 'abnormal')}</select>`,
    hasFlags
      ? `<select id="flagged" aria-label="flags">${option('', 'flagged or not')}${option('any', 'flagged')}${option('hard', 'hard flags')}</select>`
      : '',
    '<span class="count" id="count" aria-live="polite"></span></div>',
    `<div class="scroll"><table class="examples"><thead><tr>${head('id', 'study', '12%')}<th scope="col" style="text-align:left">prediction</th>${head('stratum', 'stratum', '10%')}${head('rouge1', 'R-1, stemmed', '9%')}${head('rougeL', 'R-L, stemmed', '9%')}${head('labelF1', 'labels F1', '9%')}${hasBertScore ? head('bertscore', 'BERTScore F1', '10%') : ''}${head('words', 'words', '8%')}${hasFlags ? head('flags', 'flags', '7%', 'descending') : ''}</tr></thead><tbody></tbody></table></div>`,
    '<button type="button" class="more" id="more" hidden>show more</button><noscript><p class="note">The table needs JavaScript; everything above does not.</p></noscript></section>',
  ].join('');
};

/**
 * The page.
 *
 * @returns A whole HTML document in which all report text is escaped.
 * @example await writeWhole('report.html', reportPage({ title: 'predictions.jsonl', items, ...evaluate(items) }));
 */
export const reportPage = ({ title, evaluation, items, examples, flags }: ReportPageParts): string => {
  const { settings, baselineDescriptions, emptyPredictions } = evaluation;
  const all = pageExamples(items, examples, flags);
  const hasHard = (one: PageExample): number => (one.flags.some(({ severity }) => severity === 'hard') ? 1 : 0);
  const shown =
    all.length <= mostExamples
      ? all
      : all
          .toSorted((a, b) => hasHard(b) - hasHard(a) || a.rougeL - b.rougeL || a.index - b.index)
          .slice(0, mostExamples);
  const baselines = baselineNames.map((name) => `${systemTitles[name]}: ${baselineDescriptions[name]}`).join('; ');
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">",
    `<title>${escapeHtml(title)} · evaluation</title><style>${style}</style></head><body><main>`,
    `<h1>Evaluation of ${escapeHtml(title)}</h1>`,
    `<p class="lede">Impressions against those of radiologists. Scores × 100; brackets and whiskers are ${100 * settings.confidence} % bootstrap intervals (${settings.resamples.toLocaleString('en')} samples over the examples, seed ${settings.seed}).${emptyPredictions > 0 ? ` Empty predictions, which score 0: ${emptyPredictions}.` : ''}</p>`,
    figureCards(evaluation),
    rougeSection(evaluation),
    contentSection(evaluation),
    judgeSection(evaluation),
    strataSection(evaluation),
    testSection(evaluation),
    flagSection(evaluation),
    distributionSection(all),
    examplesSection(all, shown, flags !== undefined, evaluation.bertscore !== undefined),
    `<footer><p>Baselines. ${escapeHtml(baselines)}.</p><p>Contains report text: as confidential as the data.</p></footer>`,
    `</main><script type="application/json" id="examples-data">${jsonForScript(shown)}</script><script>${script}</script></body></html>\n`,
  ].join('\n');
};
