/**
 * @file What CheXbert's 14 heads mean (A. Smit et al., "CheXbert: combining automatic labelers and expert annotations for
 * accurate radiology report labeling using BERT", EMNLP 2020): the order of its outputs and the class of each.
 * Source: github stanfordmlgroup/CheXbert, `src/constants.py`.
 */
import { type Assertion, type Labels, type Observation, observations } from './observations.js';

/** The observations in the order of CheXbert's outputs, which is not that of the CheXpert labeler. */
export const chexbertObservations = [
  'Enlarged Cardiomediastinum',
  'Cardiomegaly',
  'Lung Opacity',
  'Lung Lesion',
  'Edema',
  'Consolidation',
  'Pneumonia',
  'Atelectasis',
  'Pneumothorax',
  'Pleural Effusion',
  'Pleural Other',
  'Fracture',
  'Support Devices',
  'No Finding',
] as const satisfies readonly Observation[];

/** Classes of a head; "No Finding" has the first two only. */
const classes: readonly (Assertion | undefined)[] = [undefined, 'positive', 'negative', 'uncertain'];

/** How many classes a head has. */
export const chexbertClasses = (observation: Observation): number =>
  observation === 'No Finding' ? 2 : classes.length;

/**
 * Labels from the class of each head.
 *
 * @param chosen The greatest logit's index a head, in {@link chexbertObservations}' order.
 * @example chexbertLabels([0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]); // { Cardiomegaly: 'positive', Pneumothorax: 'negative' }
 */
export const chexbertLabels = (chosen: readonly number[]): Labels => {
  const found = new Map<Observation, Assertion>();
  chexbertObservations.forEach((observation, head) => {
    const assertion = classes[chosen[head]];
    if (assertion !== undefined) found.set(observation, assertion);
  });
  return Object.fromEntries(observations.filter((name) => found.has(name)).map((name) => [name, found.get(name)]));
};
