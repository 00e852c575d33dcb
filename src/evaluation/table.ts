/**
 * @file The evaluation as lines of text: both stemmer settings, n, intervals, and the baselines as rows beside the
 * system, whole and by stratum.
 */
import type { Interval } from './bootstrap.js';
import { baselineNames, type Evaluation, type ScoredWithBaselines } from './evaluate.js';
import { type ReportedRouge, rougeSettings, rougeTypes, type ScoredSet } from './figures.js';
import type { JudgeSetting } from './judges.js';
import { strata } from './strata.js';

export const rougeTitles: Readonly<Record<ReportedRouge, string>> = {
  rouge1: 'ROUGE-1',
  rouge2: 'ROUGE-2',
  rougeL: 'ROUGE-L',
  rougeLsum: 'ROUGE-Lsum',
};

/** How the two stemmer settings are named wherever a ROUGE is shown. */
export const settingTitles = { plain: 'F1, plain words', stemmed: 'F1, Porter-stemmed words' } as const;

/** The names under which systems are shown. */
export const systemTitles = {
  system: 'predictions',
  fixed: 'fixed sentence',
  lead: 'lead sentence',
  nearest: 'nearest report',
} as const;

/**
 * A tested figure's path as a reader says it.
 *
 * @example figureTitle('rouge.stemmed.rougeL.fmeasure'); // 'ROUGE-L F1, stemmed'
 */
export const figureTitle = (path: string): string => {
  const [family, one, two] = path.split('.');
  if (family === 'rouge') return `${rougeTitles[two as ReportedRouge]} F1, ${one}`;
  if (family === 'labels' || family === 'chexbert')
    return `${family === 'labels' ? 'labels' : 'CheXbert'} ${two} F1 of ${one === 'five' ? 5 : 14}`;
  if (family === 'bertscore') return 'BERTScore F1';
  return family === 'temporal' ? 'change words F1' : 'length ratio';
};

/** A fraction as points: 48.7; a dash where there is none. */
export const points = (fraction: number): string => (Number.isFinite(fraction) ? (100 * fraction).toFixed(1) : '–');

const withInterval = (fraction: number, { low, high }: { readonly low: number; readonly high: number }): string =>
  `${points(fraction)} [${points(low)}, ${points(high)}]`;

/**
 * Rows of cells as aligned lines: the first column to the left, the others to the right.
 *
 * @param rows The first is the head; all of one length.
 */
export const alignedLines = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
};

/** The system and its baselines, each with its title. */
export const titledSets = (set: ScoredWithBaselines): readonly (readonly [string, ScoredSet])[] => [
  [systemTitles.system, set],
  ...baselineNames.map((name) => [systemTitles[name], set.baselines[name]] as const),
];

const rougeBlocks = (set: ScoredWithBaselines): string[][] =>
  rougeSettings.map((setting) =>
    alignedLines([
      [settingTitles[setting], ...rougeTypes.map((type) => rougeTitles[type])],
      ...titledSets(set).map(([title, { rouge, intervals }]) => [
        title,
        ...rougeTypes.map((type) =>
          withInterval(rouge[setting][type].fmeasure, intervals.rouge[setting][type].fmeasure),
        ),
      ]),
    ]),
  );

const contentBlock = (set: ScoredWithBaselines): string[] =>
  alignedLines([
    ['What is said', 'labels micro-14', 'macro-14', 'micro-5', 'macro-5', 'change words', 'words', 'new pairs'],
    ...titledSets(set).map(([title, { labels, intervals, temporal, length, novelty }]) => [
      title,
      withInterval(labels.fourteen.micro.f1, intervals.labels.fourteen.micro.f1),
      withInterval(labels.fourteen.macro.f1, intervals.labels.fourteen.macro.f1),
      withInterval(labels.five.micro.f1, intervals.labels.five.micro.f1),
      withInterval(labels.five.macro.f1, intervals.labels.five.macro.f1),
      points(temporal.f1),
      Number.isFinite(length.prediction) ? length.prediction.toFixed(1) : '–',
      points(novelty.prediction.pairs),
    ]),
  ]);

/**
 * What judged, in a sentence each: a score of a model says nothing without the model.
 *
 * @example judgeLines(evaluation)[0]; // 'BERTScore: roberta.onnx (sha256 0123456789ab), layer 17, equal weights, …'
 */
export const judgeLines = ({ judges }: Evaluation): string[] => {
  const { chexbert, bertscore } = judges ?? {};
  const file = ({ file: name, sha256 }: JudgeSetting): string => `${name} (sha256 ${sha256.slice(0, 12)})`;
  const cut = ({ cut: texts, maxTokens }: JudgeSetting & { readonly cut: number }): string =>
    texts === 0 ? '' : `; ${texts} texts cut at ${maxTokens} tokens`;
  return [
    ...(chexbert === undefined
      ? []
      : [`CheXbert: F1 of the labels of ${file(chexbert)}, positive or uncertain against the rest${cut(chexbert)}`]),
    ...(bertscore === undefined
      ? []
      : [
          `BERTScore: ${file(bertscore)}, layer ${bertscore.layer ?? 'last'}, ${bertscore.idf ? 'idf weights of the references' : 'equal weights'}, ${bertscore.baseline === null ? 'not rescaled' : `rescaled by ${bertscore.baseline}`}${cut(bertscore)}`,
        ]),
  ];
};

/** The columns of what judges said: title, value, interval. */
export const judgedFigures = (
  set: ScoredSet,
): readonly (readonly [title: string, value: number, interval: Interval])[] => {
  const { chexbert, bertscore, intervals } = set;
  return [
    ...(chexbert === undefined
      ? []
      : (['fourteen', 'five'] as const).flatMap((many) =>
          (['micro', 'macro'] as const).map(
            (mean) =>
              [
                `CheXbert ${mean}-${many === 'five' ? 5 : 14}`,
                chexbert[many][mean].f1,
                intervals.chexbert![many][mean].f1,
              ] as const,
          ),
        )),
    ...(bertscore === undefined
      ? []
      : (
          [
            ['BERTScore precision', 'precision'],
            ['BERTScore recall', 'recall'],
            ['BERTScore F1', 'f1'],
          ] as const
        ).map(([title, measure]) => [title, bertscore[measure], intervals.bertscore![measure]] as const)),
  ];
};

/** A table a judge, each with what it is. */
const judgeBlocks = (evaluation: Evaluation): string[][] =>
  judgeLines(evaluation).map((line) => {
    const [judge] = line.split(':', 1);
    const own = (set: ScoredSet) => judgedFigures(set).filter(([title]) => title.startsWith(judge));
    return [
      ...alignedLines([
        ['By a model', ...own(evaluation).map(([title]) => title)],
        ...titledSets(evaluation).map(([title, set]) => [
          title,
          ...own(set).map(([, value, interval]) => withInterval(value, interval)),
        ]),
      ]),
      line,
    ];
  });

/** Of what judges said, the figures that stand for all where there is little room. */
export const shortFigures = ['CheXbert micro-14', 'BERTScore F1'];

const strataBlock = (evaluation: Evaluation): string[] => {
  const { strata: byStratum } = evaluation;
  const judgedShort = (set: ScoredSet) => judgedFigures(set).filter(([title]) => shortFigures.includes(title));
  const head = ['By stratum', 'n', 'stemmed ROUGE-1', 'stemmed ROUGE-2', 'stemmed ROUGE-L', 'labels micro-14'];
  return [
    ...alignedLines([
      [...head, ...judgedShort(evaluation).map(([title]) => title)],
      ...strata.flatMap((stratum) =>
        titledSets(byStratum[stratum]).map(([title, set]) => {
          const { rouge, intervals, labels, examples } = set;
          return [
            `${stratum}: ${title}`,
            String(examples),
            ...(['rouge1', 'rouge2', 'rougeL'] as const).map((type) =>
              withInterval(rouge.stemmed[type].fmeasure, intervals.rouge.stemmed[type].fmeasure),
            ),
            withInterval(labels.fourteen.micro.f1, intervals.labels.fourteen.micro.f1),
            ...judgedShort(set).map(([, value, interval]) => withInterval(value, interval)),
          ];
        }),
      ),
    ]),
    byStratum.rule,
  ];
};

const testBlock = ({ against, settings }: Evaluation): string[] =>
  against === undefined
    ? []
    : [
        ...alignedLines([
          [`Against ${against.name}`, 'predictions', 'other', 'difference', 'p'],
          ...against.tests.map(({ figure, system, other, difference, p }) => [
            figureTitle(figure),
            points(system),
            points(other),
            `${difference < 0 ? '' : '+'}${points(difference)}`,
            p < 0.001 ? '< 0.001' : p.toFixed(3),
          ]),
        ]),
        `p: two-sided paired approximate randomisation, ${settings.randomisationSamples} samples, seed ${settings.seed}`,
      ];

const flagBlock = ({ flags }: Evaluation): string[] =>
  flags === undefined
    ? []
    : alignedLines([
        ['Flags, % of reports', 'hard', 'soft'],
        ['any kind', points(flags.hard), points(flags.soft)],
        ...Object.entries(flags.byKind).map(([kind, { hard, soft }]) => [kind, points(hard), points(soft)]),
      ]);

/**
 * The tables that `evaluate` prints.
 *
 * @example console.log(scoreTable(evaluate(items).evaluation));
 */
export const scoreTable = (evaluation: Evaluation): string => {
  const { settings, examples, baselineDescriptions, emptyPredictions, length } = evaluation;
  const blocks: string[][] = [
    [
      `n = ${examples} examples; scores x 100; [ ] = ${100 * settings.confidence} % bootstrap intervals, ${settings.resamples} samples, seed ${settings.seed}`,
    ],
    ...rougeBlocks(evaluation),
    [
      ...contentBlock(evaluation),
      `labels: F1 of CheXpert-style rules, positive or uncertain against the rest; references have ${Number.isFinite(length.reference) ? length.reference.toFixed(1) : '–'} words and ${points(evaluation.novelty.reference.pairs)} % new pairs`,
    ],
    ...judgeBlocks(evaluation),
    strataBlock(evaluation),
    testBlock(evaluation),
    flagBlock(evaluation),
    baselineNames.map((name) => `${systemTitles[name]}: ${baselineDescriptions[name]}`),
    emptyPredictions > 0 ? [`Empty predictions, which score 0: ${emptyPredictions}.`] : [],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
};
