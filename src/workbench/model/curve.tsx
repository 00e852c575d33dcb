/** @file Loss by step, training and development, on a logarithmic scale. */
import type { ModelAnswer } from '../../server/wire.js';
import { strings } from '../strings.js';

type Points = NonNullable<ModelAnswer['run']>['curve'];

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [720, 260, 44, 28];

export const Curve = ({ points }: { points: Points }) => {
  const values = points
    .flatMap(({ loss, devLoss }) => [loss, devLoss])
    .filter((value) => value !== undefined && value > 0) as number[];
  if (values.length === 0) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log);
  const last = Math.max(...points.map(({ step }) => step), 1);
  const x = (step: number): number => LEFT + (step / last) * (WIDTH - LEFT - 8);
  const y = (value: number): number => 8 + (1 - (Math.log(value) - low) / (high - low || 1)) * (HEIGHT - BOTTOM - 8);
  const path = (name: 'loss' | 'devLoss'): string =>
    points
      .filter((point) => (point[name] ?? 0) > 0)
      .map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.step).toFixed(1)} ${y(point[name]!).toFixed(1)}`)
      .join('');
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.exp(low + share * (high - low)));
  return (
    <figure class="curve">
      <figcaption>
        {strings.model.curve} <span class="key loss">{strings.model.train}</span>
        <span class="key dev">{strings.model.dev}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={strings.model.curve}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - 8} y1={y(tick)} y2={y(tick)} class="grid" />
            <text x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
              {tick.toPrecision(2)}
            </text>
          </g>
        ))}
        <text x={LEFT} y={HEIGHT - 6}>
          0
        </text>
        <text x={WIDTH - 8} y={HEIGHT - 6} text-anchor="end">
          {strings.model.step} {last.toLocaleString('en')}
        </text>
        <path d={path('loss')} class="loss" />
        <path d={path('devLoss')} class="dev" />
        {points
          .filter(({ devLoss }) => devLoss !== undefined)
          .map(({ step, devLoss }) => (
            <circle key={step} cx={x(step)} cy={y(devLoss!)} r="3" class="dev" />
          ))}
      </svg>
    </figure>
  );
};
