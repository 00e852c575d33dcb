/** @file Evaluation reports: every score beside its interval and its baselines. */
import type { EvaluationEntry } from '../../server/wire.js';
import { Loaded } from '../loaded.js';
import { strings } from '../strings.js';

type Json = Readonly<Record<string, unknown>>;
const objectAt = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Json)[name] : undefined), value);

const TYPES = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;

/** `38.1 [36.0, 40.2]` from a mean and its interval, in whichever shape the file has it. */
const shown = (mean: unknown, interval: unknown): string => {
  if (typeof mean !== 'number') return '';
  const [low, high] = Array.isArray(interval) ? interval : [objectAt(interval, 'low'), objectAt(interval, 'high')];
  const percent = (value: number): string => (100 * value).toFixed(1);
  return typeof low === 'number' && typeof high === 'number'
    ? `${percent(mean)} [${percent(low)}, ${percent(high)}]`
    : percent(mean);
};

const Scores = ({ evaluation, setting }: { evaluation: unknown; setting: string }) => {
  const baselines = objectAt(evaluation, 'baselines');
  const rows: [string, unknown, unknown][] = [
    [strings.evaluations.predictions, evaluation, objectAt(evaluation, 'intervals')],
    ...Object.entries((typeof baselines === 'object' && baselines !== null ? baselines : {}) as Json).map(
      ([name, figures]): [string, unknown, unknown] => [
        name,
        objectAt(figures, 'figures') ?? figures,
        objectAt(figures, 'intervals'),
      ],
    ),
  ];
  return (
    <table>
      <caption>{strings.evaluations.setting[setting]}</caption>
      <thead>
        <tr>
          <th scope="col" />
          {TYPES.map((type) => (
            <th key={type} scope="col">
              {type.replace('rouge', 'ROUGE-')}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, figures, intervals]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {TYPES.map((type) => (
              <td key={type}>
                {shown(
                  objectAt(figures, 'rouge', setting, type, 'fmeasure'),
                  objectAt(intervals, 'rouge', setting, type, 'fmeasure'),
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

export const EvaluationsView = () => (
  <section class="page">
    <h1>{strings.evaluations.title}</h1>
    <Loaded<{ evaluations: EvaluationEntry[] }> path="/v1/evaluations">
      {({ evaluations }) => (
        <>
          {evaluations.length === 0 && <p class="quiet">{strings.evaluations.empty}</p>}
          {evaluations.map(({ name, evaluation }) => (
            <article key={name}>
              <h2>{name}</h2>
              {['plain', 'stemmed'].map((setting) => (
                <Scores key={setting} evaluation={evaluation} setting={setting} />
              ))}
              <details>
                <summary>{strings.evaluations.raw}</summary>
                <pre>{JSON.stringify(evaluation, null, 2)}</pre>
              </details>
            </article>
          ))}
        </>
      )}
    </Loaded>
  </section>
);
