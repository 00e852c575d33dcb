/** @file What the page shows of the model and of evaluations: files that training and `evaluate` left, as they are. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isObject, parseJson } from '../../reports/json.js';
import type { EvaluationEntry, ModelAnswer } from '../wire.js';
import type { Routes } from './context.js';

/** Points of the curve that are sent; a screen has not more columns. */
const POINTS_MAX = 600;
/** Evaluations that are listed. */
const EVALUATIONS_MAX = 100;

const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

const jsonIn = (text: string | null): unknown => {
  const parsed = text === null ? undefined : parseJson(text);
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined;
};

/** Settings of a run, without paths: where files lie is nobody's business over the network. */
const settingsOf = (run: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(run).filter(([name]) =>
      ['model', 'recipe', 'length', 'result', 'versions', 'seed', 'started'].includes(name),
    ),
  );

const curveOf = (text: string | null): NonNullable<ModelAnswer['run']>['curve'] => {
  const points = (text ?? '')
    .split('\n')
    .map((line) => jsonIn(line))
    .filter(isObject)
    .map(({ step, loss, devLoss }) => ({
      step: Number(step),
      ...(typeof loss === 'number' ? { loss } : {}),
      ...(typeof devLoss === 'number' ? { devLoss } : {}),
    }))
    .filter(({ step }) => Number.isFinite(step));
  const stride = Math.ceil(points.length / POINTS_MAX);
  return points.filter((point, index) => index % stride === 0 || 'devLoss' in point);
};

export const libraryRoutes: Routes = (app, { engine, evaluations }) => {
  const config = { scope: 'draft' } as const;

  app.get('/v1/model', { config }, async (): Promise<ModelAnswer> => {
    const model = engine.model?.directory ?? '';
    const run = jsonIn(await readText(join(dirname(model), 'run.json')));
    return {
      name: engine.model?.name ?? '',
      fingerprint: engine.model?.fingerprint ?? '',
      parameters: engine.model?.parameters ?? 0,
      card: await readText(join(model, 'README.md')),
      run: isObject(run)
        ? { settings: settingsOf(run), curve: curveOf(await readText(join(dirname(model), 'metrics.jsonl'))) }
        : null,
    };
  });

  app.get('/v1/evaluations', { config }, async (): Promise<{ evaluations: EvaluationEntry[] }> => {
    if (evaluations === undefined) return { evaluations: [] };
    const folders = await readdir(evaluations, { withFileTypes: true }).catch(() => []);
    const names = ['.', ...folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)].slice(
      0,
      EVALUATIONS_MAX,
    );
    const found = await Promise.all(
      names.map(async (name) => ({
        name,
        evaluation: jsonIn(await readText(join(evaluations, name, 'evaluation.json'))),
      })),
    );
    return { evaluations: found.filter(({ evaluation }) => evaluation !== undefined) };
  });
};
