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

/** A text with stretches marked. */
export const markedHtml = (text: string, ranges: readonly Range[], kind: string): string => {
  let html = '';
  let at = 0;
  for (const [start, end] of ranges) {
    html += `${escapeHtml(text.slice(at, start))}<mark class="${kind}">${escapeHtml(text.slice(start, end))}</mark>`;
    at = end;
  }
  return html + escapeHtml(text.slice(at));
};

/** One example as static HTML, differences marked. */
export const exampleHtml = (example: PageExample): string => {
  const block = (title: string, html: string): string =>
    `<div class="text-block"><h4>${title}</h4><p>${html}</p></div>`;
  const flags = example.flags.map(({ kind, severity, message }) => `${severity} ${kind}: ${message}`);
  return [
    '<article class="worst">',
    `<p class="meta">${escapeHtml(example.id)} · ${escapeHtml(example.stratum)} · stemmed ROUGE-L ${points(example.rougeL)} · labels F1 ${points(example.labelF1)}</p>`,
    '<div class="detail"><div class="texts">',
    block('Prediction', markedHtml(example.prediction, example.added, 'added') || '<span class="faint">(empty)</span>'),
    block('Reference', markedHtml(example.reference, example.missing, 'missing')),
    '</div>',
    flags.length === 0 ? '' : block('Flags', flags.map(escapeHtml).join('<br>')),
    `<details><summary class="faint">findings</summary>${block('Findings', escapeHtml(example.findings))}</details>`,
    '</div></article>',
  ].join('');
};
