/**
 * @file Hyperparameters of our own container: the options of `impressionist train`, without dashes, as SageMaker
 * hands them over, text by name. They are checked before a job is created and again inside it.
 */
import { Failure } from '../../ground/failure.js';
import { nearest } from '../nearest.js';

type Kind = 'whole' | 'number' | 'flag' | 'text';

/** The hyperparameters there are, and the kind of their values. */
export const trainingHyperparameters: Readonly<Record<string, Kind>> = {
  model: 'text',
  lora: 'flag',
  full: 'flag',
  epochs: 'number',
  steps: 'whole',
  minutes: 'number',
  'batch-size': 'whole',
  'learning-rate': 'number',
  'warmup-steps': 'whole',
  seed: 'whole',
  'max-input-tokens': 'whole',
  'max-target-tokens': 'whole',
  prompt: 'text',
};

const fits: Readonly<Record<Kind, (value: string) => boolean>> = {
  whole: (value) => /^\d+$/.test(value),
  number: (value) => value.trim() !== '' && Number.isFinite(Number(value)),
  flag: (value) => /^(?:true|false)$/i.test(value),
  text: (value) => value !== '',
};

const wanted: Readonly<Record<Kind, string>> = {
  whole: 'a whole number',
  number: 'a number',
  flag: 'true or false',
  text: 'a text',
};

/**
 * Checks hyperparameters.
 *
 * @param values By name.
 * @param where The option or file they come from.
 * @throws {Failure} For a name the trainer does not have, or a value of another kind.
 */
export const checkTrainingHyperparameters = (values: Readonly<Record<string, string>>, where: string): void => {
  for (const [name, value] of Object.entries(values)) {
    const kind = trainingHyperparameters[name];
    if (kind === undefined) {
      const near = nearest(name, Object.keys(trainingHyperparameters));
      throw new Failure({
        what: 'the trainer has no such hyperparameter',
        where: `${where} ${name}`,
        fix: near === undefined ? `it has ${Object.keys(trainingHyperparameters).join(', ')}` : `did you mean ${near}?`,
      });
    }
    if (!fits[kind](value)) {
      throw new Failure({
        what: 'a hyperparameter of another kind',
        where: `${where} ${name}`,
        got: `'${value.slice(0, 40)}'`,
        fix: `give ${wanted[kind]}`,
      });
    }
  }
};

/** Hyperparameters as options of `impressionist train`, e.g. `['--epochs', '3', '--lora']`. */
export const trainingArguments = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    if (trainingHyperparameters[name] !== 'flag') return [`--${name}`, value];
    return /^true$/i.test(value) ? [`--${name}`] : [];
  });
