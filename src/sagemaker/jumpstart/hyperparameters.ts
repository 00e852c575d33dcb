/**
 * @file Hyperparameters: the document's defaults for an instance type, the user's on top, each checked against what
 * the document allows before a job is created. Values travel as text.
 *
 * Source: sagemaker-python-sdk 2.257, `jumpstart/validators.py` and `jumpstart/artifacts/hyperparameters.py`.
 */
import { Failure } from '../../ground/failure.js';
import { nearest } from '../nearest.js';
import { defaultText, type Hyperparameter, hyperparameterSchema, type TrainingSpec } from './spec.js';
import { variantList } from './variants.js';

const refuse = (where: string, got: string, fix: string): never => {
  throw new Failure({ what: 'the model does not take this hyperparameter', where, got, fix });
};

const bounds = (declared: Hyperparameter, value: number, where: string, what: string): void => {
  const limits: readonly [number | null | undefined, boolean, string][] = [
    [declared.min, value < (declared.min ?? 0), 'at least'],
    [declared.max, value > (declared.max ?? 0), 'at most'],
    [declared.exclusive_min, value <= (declared.exclusive_min ?? 0), 'more than'],
    [declared.exclusive_max, value >= (declared.exclusive_max ?? 0), 'less than'],
  ];
  for (const [limit, broken, words] of limits) {
    if (limit !== null && limit !== undefined && broken) refuse(where, `${what}${value}`, `give ${words} ${limit}`);
  }
};

/**
 * Checks one value against its declaration.
 *
 * @param declared The document's declaration.
 * @param value The value as text.
 * @throws {Failure} When it is of another type, outside the bounds or none of the options.
 */
export const checkHyperparameter = (declared: Hyperparameter, value: string): void => {
  const where = `hyperparameter ${declared.name}`;
  switch (declared.type) {
    case 'int':
      if (!/^[+-]?\d+$/.test(value)) refuse(where, `'${value}'`, 'give a whole number');
      bounds(declared, Number(value), where, '');
      return;
    case 'float': {
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) refuse(where, `'${value}'`, 'give a number');
      bounds(declared, Number(value), where, '');
      return;
    }
    case 'bool':
      if (!/^(?:true|false)$/i.test(value)) refuse(where, `'${value}'`, 'give true or false');
      return;
    case 'text': {
      const options = declared.options?.map((option) => defaultText(option)!);
      if (options && options.length > 0 && !options.includes(value)) {
        refuse(where, `'${value}'`, `give one of ${options.join(', ')}`);
      }
      bounds(declared, value.length, where, 'a length of ');
      const { min_length: shortest, max_length: longest } = declared;
      if (shortest != null && value.length < shortest) refuse(where, `${value.length} characters`, `give ${shortest}`);
      if (longest != null && value.length > longest)
        refuse(where, `${value.length} characters`, `give at most ${longest}`);
      return;
    }
    default:
      refuse(where, `the unknown type '${declared.type}' in the document`, 'pin another --model-version');
  }
};

/** The declarations that hold for an instance type: the document's, replaced or extended by the type's own. */
const declarations = (training: TrainingSpec, instanceType: string): Hyperparameter[] => {
  const special = variantList(training.variants, instanceType, 'hyperparameters').map((item) =>
    hyperparameterSchema.parse(item),
  );
  const replaced = new Set(special.map(({ name }) => name));
  return [...training.hyperparameters.filter(({ name }) => !replaced.has(name)), ...special];
};

/**
 * The algorithm's hyperparameters of a job.
 *
 * @param training The document's training part.
 * @param instanceType The job's instance type; a document may have other defaults for it.
 * @param given The user's values by name.
 * @returns Every one the algorithm declares, as text; the container's own are not among them.
 * @throws {Failure} For a name the document does not declare (with the nearest one), or a value it does not allow.
 */
export const algorithmHyperparameters = (
  training: TrainingSpec,
  instanceType: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> => {
  const all = declarations(training, instanceType);
  const chosen = all.filter(({ scope }) => scope !== 'container');
  const values: Record<string, string> = {};
  for (const declared of chosen) {
    const value = defaultText(declared.default);
    if (value !== undefined) values[declared.name] = value;
  }
  for (const [name, value] of Object.entries(given)) {
    const declared = chosen.find((candidate) => candidate.name === name);
    if (declared === undefined) {
      const near = nearest(
        name,
        chosen.map((candidate) => candidate.name),
      );
      throw new Failure({
        what: 'the model has no such hyperparameter',
        where: `--set ${name}`,
        got: all.some((candidate) => candidate.name === name) ? 'a name the container sets itself' : 'an unknown name',
        fix: near === undefined ? 'see those it has with --dry-run' : `did you mean ${near}? --dry-run shows all`,
      });
    }
    checkHyperparameter(declared, value);
    values[name] = value;
  }
  return values;
};

/** The hyperparameters that steer the container, by name, as the document gives them. */
export const containerHyperparameters = (training: TrainingSpec): Record<string, string> =>
  Object.fromEntries(
    training.hyperparameters
      .filter(({ scope }) => scope === 'container')
      .map((declared) => [declared.name, defaultText(declared.default) ?? '']),
  );
