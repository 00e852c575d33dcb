/**
 * @file Hyperparameters of our own container: the settings of `impressionist train`, without dashes, as SageMaker hands
 * them over, text by name. They are checked before a job is created and again inside it.
 */
import { Failure } from '../../ground/failure.js';
import type { LoraSettings } from '../../t5/lora.js';
import type { Recipe } from '../../training/recipe.js';
import type { RunLength } from '../../training/train.js';
import { nearest } from '../nearest.js';

/** What a value must be. */
interface Kind {
  readonly fits: (value: string) => boolean;
  readonly wanted: string;
}

const isNumber = (value: string): boolean => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value);
const whole = (least: number): Kind => ({
  fits: (value) => /^\d+$/.test(value) && Number(value) >= least,
  wanted: `a whole number from ${least}`,
});
const positive: Kind = { fits: (value) => isNumber(value) && Number(value) > 0, wanted: 'a number above 0' };
const notNegative: Kind = { fits: (value) => isNumber(value) && Number(value) >= 0, wanted: 'a number from 0' };
const share = (most: number): Kind => ({
  fits: (value) => isNumber(value) && Number(value) >= 0 && Number(value) <= most,
  wanted: `a number from 0 to ${most}`,
});
const oneOf = (...words: string[]): Kind => ({ fits: (value) => words.includes(value), wanted: words.join(' or ') });

/** What the container does not train: similar reports must be of other patients, and the uploaded lines name none. */
type Unoffered = 'retrieve' | 'storeReports';

/** The settings of a run's recipe; a new one is missing here until it is added, says the compiler. */
const recipeKinds: Readonly<Record<Exclude<keyof Recipe, Unoffered | 'lora'>, Kind>> = {
  learningRate: positive,
  warmup: share(1),
  batchSize: whole(1),
  accumulation: whole(1),
  dropout: share(0.99),
  wordDropout: share(0.99),
  labelSmoothing: share(0.99),
  schedule: oneOf('linear', 'cosine', 'constant'),
  selectBy: oneOf('loss', 'rouge'),
  patience: whole(0),
  clipNorm: notNegative,
  evaluationsPerEpoch: positive,
  seed: whole(0),
  optimizer: oneOf('adamw', 'adafactor'),
  weightDecay: share(1),
  maxInputTokens: whole(2),
  maxTargetTokens: whole(2),
  devShare: { fits: (value) => isNumber(value) && Number(value) > 0 && Number(value) < 1, wanted: 'a share below 1' },
};

/** An adapter's settings; all need `lora`. */
const loraKinds: Readonly<Record<keyof AdapterChoice, Kind>> = {
  r: whole(1),
  alpha: positive,
  dropout: share(0.99),
  targets: {
    fits: (value) => /^(?:all|(?:q|k|v|o|wi|wi_0|wi_1|wo)(?:,(?:q|k|v|o|wi|wi_0|wi_1|wo))*)$/.test(value),
    wanted: 'layers among q, k, v, o, wi_0, wi_1, wo by commas, or all',
  },
};

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What is no part of a recipe. */
const otherKinds: Readonly<Record<string, Kind>> = {
  model: oneOf('tiny'),
  epochs: positive,
  minutes: positive,
  threads: whole(1),
  'checkpoint-minutes': positive,
  lora: oneOf('true', 'false'),
  weights: oneOf('float32', 'int8', 'int4'),
};

const loraName = (setting: string): string => `lora-${setting}`;

const kinds: ReadonlyMap<string, Kind> = new Map([
  ...Object.entries(otherKinds),
  ...Object.entries(recipeKinds).map(([name, kind]) => [kebab(name), kind] as const),
  ...Object.entries(loraKinds).map(([name, kind]) => [loraName(name), kind] as const),
]);

/** Refuses settings that contradict each other, as `impressionist train` does. */
const checkTogether = (values: Readonly<Record<string, string>>, where: string): void => {
  const refuse = (what: string, name: string, fix: string): never => {
    throw new Failure({ what, where: `${where} ${name}`, got: values[name], fix });
  };
  if (values.lora === 'true') {
    if (values.model !== undefined) {
      refuse('an adapter needs a trained model under it', 'model', 'leave it out and give a model directory in S3');
    }
    return;
  }
  const adapting = Object.keys(loraKinds).find((name) => values[loraName(name)] !== undefined);
  if (adapting !== undefined) refuse('this setting is for adapters', loraName(adapting), 'add lora=true');
  if ((values.weights ?? 'float32') !== 'float32')
    refuse('rounded weights can only be trained through an adapter', 'weights', 'add lora=true');
};

/** Names SageMaker or its toolkits add by themselves. */
const isForeign = (name: string): boolean => name.startsWith('sagemaker_');

/**
 * Checks hyperparameters.
 *
 * @param values By name.
 * @param where The option or file they come from.
 * @throws {Failure} For a name the trainer does not have, or a value of another kind.
 */
export const checkTrainingHyperparameters = (values: Readonly<Record<string, string>>, where: string): void => {
  for (const [name, value] of Object.entries(values)) {
    if (isForeign(name)) continue;
    const kind = kinds.get(name);
    if (kind === undefined) {
      const near = nearest(name, [...kinds.keys()]);
      throw new Failure({
        what: 'the trainer has no such hyperparameter',
        where: `${where} ${name}`,
        fix: near === undefined ? `it has ${[...kinds.keys()].join(', ')}` : `did you mean ${near}?`,
      });
    }
    if (!kind.fits(value)) {
      throw new Failure({
        what: 'the hyperparameter does not take this value',
        where: `${where} ${name}`,
        got: `'${value.slice(0, 40)}'`,
        fix: `give ${kind.wanted}`,
      });
    }
  }
  checkTogether(values, where);
};

/** What the user set of an adapter. */
type AdapterChoice = LoraSettings & { readonly dropout: number };

/** Hyperparameters as the trainer takes them. */
export interface TrainingChoice {
  /** `tiny`, to begin with an untrained model; else the channel `model`. */
  readonly model?: string;
  readonly threads?: number;
  readonly checkpointMinutes?: number;
  /** What the user set of the recipe. */
  readonly recipe: Partial<Omit<Recipe, 'lora'>>;
  /** An adapter is trained, and what the user set of it; else all weights. */
  readonly lora?: Partial<AdapterChoice>;
  /** Bits of the frozen weights under an adapter; absent: as they are. */
  readonly bits?: 4 | 8;
  readonly length: Partial<RunLength>;
}

/**
 * Reads hyperparameters.
 *
 * @throws {Failure} See {@link checkTrainingHyperparameters}.
 */
export const trainingChoice = (values: Readonly<Record<string, string>>, where: string): TrainingChoice => {
  checkTrainingHyperparameters(values, where);
  const recipe = Object.fromEntries(
    (Object.keys(recipeKinds) as (keyof typeof recipeKinds)[])
      .filter((name) => values[kebab(name)] !== undefined)
      .map((name) => {
        const value = values[kebab(name)]!;
        return [name, isNumber(value) ? Number(value) : value];
      }),
  ) as TrainingChoice['recipe'];
  const number = (name: string): number | undefined => (values[name] === undefined ? undefined : Number(values[name]));
  const { 'lora-r': r, 'lora-alpha': alpha, 'lora-dropout': dropout, 'lora-targets': targets } = values;
  const adapter: Partial<AdapterChoice> = {
    ...(r === undefined ? {} : { r: Number(r) }),
    ...(alpha === undefined ? {} : { alpha: Number(alpha) }),
    ...(dropout === undefined ? {} : { dropout: Number(dropout) }),
    ...(targets === undefined ? {} : { targets: targets.split(',') }),
  };
  return {
    ...(values.lora === 'true' ? { lora: adapter } : {}),
    ...(values.weights === 'int8' ? { bits: 8 } : values.weights === 'int4' ? { bits: 4 } : {}),
    model: values.model,
    threads: number('threads'),
    checkpointMinutes: number('checkpoint-minutes'),
    recipe,
    length: {
      ...(values.epochs === undefined ? {} : { epochs: Number(values.epochs) }),
      ...(values.minutes === undefined ? {} : { minutes: Number(values.minutes) }),
    },
  };
};
