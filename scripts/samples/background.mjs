/** @file What is known before the reading: the patient, the question, the technique, the earlier study. */

const REASONS = {
  healthy: [
    'with cough',
    'with chest pain',
    'with positive PPD',
    'with dizziness, evaluate for infection',
    'preoperative evaluation',
    'with palpitations',
  ],
  infection: [
    'with fever and cough',
    'with productive cough, evaluate for pneumonia',
    'with leukocytosis and hypoxia',
    'with fever, question pneumonia',
  ],
  failure: [
    'with shortness of breath',
    'with CHF, evaluate for edema',
    'with dyspnea and leg swelling',
    'with hypoxia, question fluid overload',
  ],
  intensive: [
    'status post intubation, evaluate tube position',
    'with respiratory failure',
    'status post line placement',
    'with septic shock, interval change',
  ],
  trauma: [
    'status post fall, evaluate for fracture',
    'status post motor vehicle collision',
    'with rib pain after trauma',
    'status post chest tube placement',
  ],
  outpatient: ['with COPD', 'with weight loss', 'follow-up of nodule', 'smoker with chronic cough'],
};

const TECHNIQUES = {
  two: [
    'Chest PA and lateral',
    'Frontal and lateral views of the chest',
    'PA and lateral views of the chest were obtained',
  ],
  portable: [
    'Single portable AP view of the chest',
    'Portable upright AP chest radiograph',
    'Semi-upright AP view of the chest',
  ],
};

/**
 * The sections before the findings.
 *
 * @returns Pairs of a header and its text, in the order in which they are dictated.
 */
export const background = (chest, chance) => {
  const patient = `___${chance.of([' year old ', '-year-old '])}${chance.of(['man', 'woman', 'male', 'female'])}`;
  const question = `${patient} ${chance.of(REASONS[chest.kind])}`;
  const sections = [];
  if (chance.is(0.6))
    sections.push([
      chance.of(['EXAMINATION', 'EXAM', 'TYPE OF EXAMINATION']),
      chest.portable ? 'CHEST (PORTABLE AP)' : 'CHEST (PA AND LAT)',
    ]);
  sections.push([
    chance.weighted([
      [6, 'INDICATION'],
      [3, 'HISTORY'],
      [1, 'CLINICAL HISTORY'],
      [1, 'REASON FOR EXAM'],
      [1, 'CLINICAL INFORMATION'],
    ]),
    `${question}.`,
  ]);
  if (chance.is(0.7)) sections.push(['TECHNIQUE', `${chance.of(TECHNIQUES[chest.portable ? 'portable' : 'two'])}.`]);
  const earlier = [
    '___.',
    'Chest radiograph from ___.',
    'Chest radiograph dated ___ at ___.',
    'Multiple prior chest radiographs, most recently ___.',
  ];
  sections.push([
    chance.weighted([
      [8, 'COMPARISON'],
      [1, 'COMPARISONS'],
      [0.3, 'COMPARISION'],
    ]),
    chest.compared ? chance.of(earlier) : 'None.',
  ]);
  return sections;
};
