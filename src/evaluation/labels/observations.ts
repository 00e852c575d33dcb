/**
 * @file The 14 observations of CheXpert (J. Irvin et al., "CheXpert: a large chest radiograph dataset with uncertainty
 * labels", AAAI 2019), in the order of its labeler's output, and the five of its competition.
 */

export const observations = [
  'No Finding',
  'Enlarged Cardiomediastinum',
  'Cardiomegaly',
  'Lung Lesion',
  'Lung Opacity',
  'Edema',
  'Consolidation',
  'Pneumonia',
  'Atelectasis',
  'Pneumothorax',
  'Pleural Effusion',
  'Pleural Other',
  'Fracture',
  'Support Devices',
] as const;

export type Observation = (typeof observations)[number];

/** The observations that most papers report as "F1-5". */
export const fiveObservations = [
  'Cardiomegaly',
  'Edema',
  'Consolidation',
  'Atelectasis',
  'Pleural Effusion',
] as const satisfies readonly Observation[];

/** What a report says of an observation; one that it does not mention has no label. */
export type Assertion = 'positive' | 'negative' | 'uncertain';

/** The labels of a report. */
export type Labels = Readonly<Partial<Record<Observation, Assertion>>>;
