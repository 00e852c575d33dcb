/** @file The examples of the report page: what the table's script reads, and the worst ones as static HTML. */
import type { EvaluatedExample } from '../evaluate.js';
import type { EvaluationItem } from '../item.js';
import { type Labels, type Observation, observations } from '../labels/observations.js';
import { points } from '../table.js';
import { type Range, wordDifference } from '../word-diff.js';
import { escapeHtml } from './html.js';

/** A stretch of a text that a flag speaks of, in UTF-16 units. */
export interface FlagSpan {
  readonly start: number;
  readonly end: number;
}

/** A guard's flag on one prediction. */
export interface PageFlag {
  readonly kind: string;
  readonly severity: 'hard' | 'soft';
  readonly impression: FlagSpan | null;
  readonly findings: FlagSpan | null;
  readonly message: string;
}

/** An example as the page shows it. */
export interface PageExample {
  readonly index: number;
  readonly id: string;
  readonly stratum: string;
  readonly prediction: string;
  readonly reference: string;
  readonly findings: string;
  /** F1 with stemmer, 0 to 1. */
  readonly rouge1: number;
  readonly rougeL: number;
  /** F1 of this example's labels; 1 where neither side has any. */
  readonly labelF1: number;
  /** F1; only where an encoder was given. */
  readonly bertscore?: number;
  readonly words: number;
  /** Stretches of the prediction that the reference lacks, and the other way round. */
  readonly added: readonly Range[];
  readonly missing: readonly Range[];
  readonly flags: readonly PageFlag[];
  readonly labels: string;
  /** By CheXbert, where it was given. */
  readonly chexbert?: string;
}

const present = (labels: Labels): Observation[] =>
  observations.filter((name) => labels[name] === 'positive' || labels[name] === 'uncertain');

const labelLine = (reference: Labels, prediction: Labels): string => {
  const side = (labels: Labels): string =>
    observations
      .filter((name) => labels[name] !== undefined)
      .map((name) => `${name} ${labels[name]}`)
      .join(', ') || 'none';
  return `prediction: ${side(prediction)}; reference: ${side(reference)}`;
};

/**
 * Puts items and their scores together for the page.
 *
 * @param flags One list an item, or undefined.
 */
export const pageExamples = (
  items: readonly EvaluationItem[],
  scored: readonly EvaluatedExample[],
  flags?: readonly (readonly PageFlag[])[],
): PageExample[] =>
  items.map(({ studyId, findings, reference, prediction }, index) => {
    const { rouge, labels, novelty, stratum, bertscore, chexbert } = scored[index];
    const { onlyInReference, onlyInPrediction } = wordDifference(reference, prediction);
    const expected = present(labels.reference);
    const found = present(labels.prediction);
    const hits = found.filter((name) => expected.includes(name)).length;
    const total = expected.length + found.length;
    return {
      index,
      id: studyId,
      stratum,
      prediction,
      reference,
      findings,
      rouge1: rouge.stemmed.rouge1.fmeasure,
      rougeL: rouge.stemmed.rougeL.fmeasure,
      labelF1: total === 0 ? 1 : (2 * hits) / total,
      ...(bertscore === undefined ? {} : { bertscore: bertscore.f1 }),
      words: novelty.prediction.words,
      added: onlyInPrediction,
      missing: onlyInReference,
      flags: flags?.[index] ?? [],
      labels: labelLine(labels.reference, labels.prediction),
      ...(chexbert === undefined ? {} : { chexbert: labelLine(chexbert.reference, chexbert.prediction) }),
    };
  });

/** A stretch of a text with what it is marked for. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Class of the mark. */
  readonly kind: string;
  /** The flag that it belongs to, by its place among the example's. */
  readonly flag?: number;
}

/**
 * A text with stretches marked; they may overlap, so that the text is cut at every bound. What a flag speaks of carries
 * the flags' numbers, by which the page's script links it. The script does the same for the examples of the table.
 */
export const markedHtml = (text: string, stretches: readonly Stretch[], flags: readonly PageFlag[]): string => {
  const bounds = stretches.flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, text.length, ...bounds])].sort((a, b) => a - b);
  return cuts
    .slice(0, -1)
    .map((cut, at) => {
      const piece = escapeHtml(text.slice(cut, cuts[at + 1]));
      const over = stretches.filter(({ start, end }) => start <= cut && end >= cuts[at + 1]);
      if (over.length === 0) return piece;
      const numbers = over.flatMap(({ flag }) => (flag === undefined ? [] : [flag]));
      const said = numbers.map((number) => flags[number].message).join(' ');
      const link =
        numbers.length === 0 ? '' : ` data-flags="${numbers.join(' ')}" tabindex="0" title="${escapeHtml(said)}"`;
      return `<mark class="${over.map(({ kind }) => kind).join(' ')}"${link}>${piece}</mark>`;
    })
    .join('');
};

/** One example as static HTML, differences and flagged stretches marked. */
export const exampleHtml = ({ id, stratum, rougeL, labelF1, flags, ...example }: PageExample): string => {
  const block = (title: string, html: string): string =>
    `<div class="text-block"><h3>${title}</h3><p>${html}</p></div>`;
  const ranges = (list: readonly Range[], kind: string): Stretch[] =>
    list.map(([start, end]) => ({ start, end, kind }));
  const spans = (side: 'impression' | 'findings'): Stretch[] =>
    flags.flatMap((flag, number) => {
      const span = flag[side];
      return span === null ? [] : [{ start: span.start, end: span.end, kind: `flag ${flag.severity}`, flag: number }];
    });
  const prediction = [...ranges(example.added, 'added'), ...spans('impression')];
  const findings = block('Findings', markedHtml(example.findings, spans('findings'), flags));
  const flagItems = flags.map(
    ({ kind, severity, message }, number) =>
      `<li><button type="button" class="${severity}" data-flags="${number}">${escapeHtml(`${kind}: ${message}`)}</button></li>`,
  );
  return [
    '<article class="worst">',
    `<p class="meta">${escapeHtml(id)} · ${escapeHtml(stratum)} · stemmed ROUGE-L ${points(rougeL)} · labels F1 ${points(labelF1)}</p>`,
    '<div class="detail"><div class="texts">',
    block('Prediction', markedHtml(example.prediction, prediction, flags) || '<span class="faint">(empty)</span>'),
    block('Reference', markedHtml(example.reference, ranges(example.missing, 'missing'), flags)),
    '</div>',
    // What a flag speaks of is to be seen; findings that none speaks of only stand in the way.
    flags.length === 0
      ? `<details><summary class="faint">findings</summary>${findings}</details>`
      : `${findings}<div class="text-block"><h3>Flags</h3><ul class="flags">${flagItems.join('')}</ul></div>`,
    '</div></article>',
  ].join('');
};
