/** @file The report page's plots as inline SVG, coloured by the page's style sheet: intervals and histograms. */
import type { Interval } from '../bootstrap.js';
import { points } from '../table.js';
import { escapeHtml } from './html.js';

/** A figure with its interval, drawn as a point with whiskers. */
export interface PlottedFigure {
  readonly title: string;
  /** 0 the system, 1 to 3 the baselines; decides shape and colour. */
  readonly series: number;
  /** Fractions from 0 to 1. */
  readonly value: number;
  readonly interval: Interval;
}

/** Figures that are shown together under one heading. */
export interface PlottedGroup {
  readonly title: string;
  readonly figures: readonly PlottedFigure[];
}

const rowHeight = 20;
const groupGap = 16;
const plotWidth = 960;

/** Where the scale of an interval plot lies: across the page, or beside another plot. */
const extents = {
  wide: { left: 128, right: 790, width: plotWidth },
  narrow: { left: 84, right: 330, width: 460 },
} as const;

/** A different shape for each series, so that colour is not needed to tell them apart. */
const shape = (series: number, cx: number, cy: number): string => {
  switch (series) {
    case 0:
      return `<circle cx="${cx}" cy="${cy}" r="5"/>`;
    case 1:
      return `<rect x="${cx - 4}" y="${cy - 4}" width="8" height="8"/>`;
    case 2:
      return `<path d="M${cx} ${cy - 5}l5 9h-10z"/>`;
    default:
      return `<path d="M${cx} ${cy - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>`;
  }
};

/**
 * Points with their intervals, group below group, on one scale from 0 to 100.
 *
 * @param label What the plot shows, for readers who don't see it.
 * @param extent Default `wide`.
 */
export const intervalPlot = (
  groups: readonly PlottedGroup[],
  label: string,
  extent: keyof typeof extents = 'wide',
): string => {
  const { left, right, width } = extents[extent];
  const x = (fraction: number): number => left + fraction * (right - left);
  const parts: string[] = [];
  let y = 8;
  for (const { title, figures } of groups) {
    const top = y;
    for (const { title: name, series, value, interval } of figures) {
      const middle = y + rowHeight / 2;
      const known = Number.isFinite(value);
      parts.push(
        `<g class="s${series}"><title>${escapeHtml(`${title}, ${name}`)}</title>`,
        known
          ? `<line class="whisker" x1="${x(interval.low).toFixed(1)}" x2="${x(interval.high).toFixed(1)}" y1="${middle}" y2="${middle}"/>${shape(series, Number(x(value).toFixed(1)), middle)}`
          : '',
        `<text class="value" x="${right + 14}" y="${middle + 4}">${points(value)} <tspan class="faint">${points(interval.low)} – ${points(interval.high)}</tspan></text></g>`,
      );
      y += rowHeight;
    }
    parts.push(
      `<text class="group" x="${left - 16}" y="${top + (y - top) / 2 + 4}" text-anchor="end">${escapeHtml(title)}</text>`,
    );
    y += groupGap;
  }
  const bottom = y - groupGap + 6;
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (at) =>
      `<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="4" y2="${bottom}"/><text class="tick" x="${x(at)}" y="${bottom + 16}" text-anchor="middle">${100 * at}</text>`,
  );
  return `<svg class="plot" viewBox="0 0 ${width} ${bottom + 24}" role="img" aria-label="${escapeHtml(label)}">${ticks.join('')}${parts.join('')}</svg>`;
};

/** The shapes of the series with their names. */
export const legend = (titles: readonly string[]): string =>
  `<ul class="legend">${titles.map((title, series) => `<li><svg viewBox="0 0 14 14" aria-hidden="true" class="s${series}">${shape(series, 7, 7)}</svg>${escapeHtml(title)}</li>`).join('')}</ul>`;

/**
 * A histogram of scores from 0 to 1 in 20 bins, two kinds stacked.
 *
 * @param lower Values drawn below. @param upper Values drawn on top of them.
 */
export const histogram = (lower: readonly number[], upper: readonly number[], label: string): string => {
  const bins = 20;
  const count = (values: readonly number[]): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor(value * bins))] += 1;
    return counts;
  };
  const below = count(lower);
  const above = count(upper);
  const most = Math.max(1, ...below.map((value, bin) => value + above[bin]));
  const height = 150;
  const from = 44;
  const step = (plotWidth - from - 16) / bins;
  const bars = below.map((value, bin) => {
    const at = (from + bin * step + 1).toFixed(1);
    const lowerHeight = (height * value) / most;
    const upperHeight = (height * above[bin]) / most;
    const bar = (kind: string, y: number, tall: number): string =>
      tall === 0
        ? ''
        : `<rect class="${kind}" x="${at}" y="${y.toFixed(1)}" width="${(step - 2).toFixed(1)}" height="${tall.toFixed(1)}"/>`;
    return `<g><title>${bin * 5} to ${bin * 5 + 5}: ${value + above[bin]}</title>${bar('lower', 10 + height - lowerHeight, lowerHeight)}${bar('upper', 10 + height - lowerHeight - upperHeight, upperHeight)}</g>`;
  });
  const ticks = [0, 20, 40, 60, 80, 100].map(
    (at) =>
      `<text class="tick" x="${(from + (at / 5) * step).toFixed(1)}" y="${height + 28}" text-anchor="middle">${at}</text>`,
  );
  return `<svg class="plot" viewBox="0 0 ${plotWidth} ${height + 36}" role="img" aria-label="${escapeHtml(label)}"><line class="grid" x1="${from}" x2="${plotWidth - 16}" y1="${height + 10}" y2="${height + 10}"/><text class="tick" x="${from - 8}" y="20" text-anchor="end">${most}</text><text class="tick" x="${from - 8}" y="${height + 10}" text-anchor="end">0</text>${bars.join('')}${ticks.join('')}</svg>`;
};
