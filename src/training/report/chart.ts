/** @file Line charts as SVG text: no script and nothing fetched, so that a page with them opens anywhere. */

/** A line of a chart; points in rising x. */
export interface Line {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Shows each point as a dot, for lines of few. */
  readonly dots?: boolean;
}

const WIDTH = 560;
const HEIGHT = 240;
const LEFT = 58;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 30;

/** Points drawn of a line at most; a longer one is averaged in equal runs. */
const MOST_POINTS = 400;

/** Text as HTML. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[found]!);

/** A number with at most three significant digits. */
export const shown = (value: number): string => {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
};

/** Round values between two bounds, about `count` of them. */
export const ticks = (low: number, high: number, count: number): number[] => {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((each) => each >= raw)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
};

const thinned = (points: Line['points']): Line['points'] => {
  if (points.length <= MOST_POINTS) return points;
  const run = Math.ceil(points.length / MOST_POINTS);
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    const mean = (axis: 0 | 1): number => part.reduce((total, point) => total + point[axis], 0) / part.length;
    return [mean(0), mean(1)] as const;
  });
};

/**
 * Draws a chart.
 *
 * @param title What the y axis shows.
 * @param xLabel What the x axis shows.
 * @example lineChart('Loss', 'step', [{ label: 'training', color: '#1f6feb', points: [[1, 3.2], [2, 2.9]] }])
 */
export const lineChart = (title: string, xLabel: string, lines: readonly Line[]): string => {
  const drawn = lines
    .map((line) => ({ ...line, points: thinned(line.points.filter(([, y]) => Number.isFinite(y))) }))
    .filter(({ points }) => points.length > 0);
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return '';
  const [x0, x1] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
  const [low, high] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))];
  const margin = (high - low || Math.abs(high) || 1) * 0.05;
  const [y0, y1] = [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
  const px = (x: number): string => (LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (y: number): string => (HEIGHT - BOTTOM - ((y - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = ticks(y0, y1, 5).map(
    (y) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(y)}" y2="${py(y)}" class="grid"/>` +
      `<text x="${LEFT - 6}" y="${py(y)}" class="y">${shown(y)}</text>`,
  );
  const below = ticks(x0, x1, 6).map((x) => `<text x="${px(x)}" y="${HEIGHT - 10}" class="x">${shown(x)}</text>`);
  const paths = drawn.map(({ color, points, dots }) => {
    const path = points.map(([x, y]) => `${px(x)},${py(y)}`).join(' ');
    const marks = dots
      ? points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="3" fill="${color}"/>`).join('')
      : '';
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.6"/>${marks}`;
  });
  const legend = drawn.map(
    ({ label, color }) => `<span><i style="background:${color}"></i>${escapeHtml(label)}</span>`,
  );
  return `<figure><figcaption>${escapeHtml(title)} <small>over ${escapeHtml(xLabel)}</small> ${drawn.length > 1 ? legend.join(' ') : ''}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid.join('')}${below.join('')}${paths.join('')}</svg></figure>`;
};
