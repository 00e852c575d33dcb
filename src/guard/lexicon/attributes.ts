/**
 * @file The words that qualify a finding: zone, degree, course, age (sides: `sides.ts`). Sources: the Fleischner glossary for zones,
 * the change words of Temporal-F1 (RadEval) for the course, wordings met in public reports for the rest.
 */

/** Where in the chest; findings in different zones are told apart by these. */
export type Zone =
  | 'upper'
  | 'middle'
  | 'lower'
  | 'hilar'
  | 'rib'
  | 'clavicle'
  | 'shoulder'
  | 'spine'
  | 'diaphragm'
  | 'apical'
  | 'perihilar'
  | 'atrium'
  | 'ventricle'
  | 'neck'
  | 'breast'
  | 'abdomen'
  | 'limb'
  | 'artery'
  | 'vein'
  | 'wall';

export const zonePhrases: Readonly<Record<Zone, readonly string[]>> = {
  upper: [
    'upper lobe',
    'upper lung',
    'upper zone',
    'suprahilar',
    'rul',
    'lul',
    'upper lung zone',
    'upper',
    'supraclavicular',
    'infraclavicular',
  ],
  middle: ['middle lobe', 'midlung', 'mid lung', 'lingula', 'lingular', 'rml', 'mid zone', 'midright', 'mid'],
  apical: ['apex', 'apical', 'biapical'],
  perihilar: ['perihilar', 'juxtahilar'],
  lower: [
    'lower lobe',
    'base',
    'basilar',
    'bibasilar',
    'basal',
    'bibasal',
    'lower lung',
    'lower zone',
    'infrahilar',
    'retrocardiac',
    'costophrenic',
    'rll',
    'lll',
    'lower',
  ],
  hilar: ['hilar', 'hilum'],
  rib: ['rib', 'costal', 'costochondral'],
  clavicle: ['clavicle', 'clavicular'],
  shoulder: [
    'shoulder',
    'acromioclavicular',
    'scapula',
    'glenohumeral',
    'glenoid',
    'scapular',
    'humeral',
    'humerus',
    'humeral head',
  ],
  spine: ['spine', 'vertebral', 'vertebra', 'thoracolumbar', 'lumbar', 'cervical', 'thoracic vertebral', 'paraspinal'],
  diaphragm: ['hemidiaphragm', 'diaphragm'],
  atrium: ['atrium', 'atrial'],
  ventricle: ['ventricle', 'ventricular'],
  neck: ['neck', 'jugular', 'ij'],
  breast: ['breast', 'axilla', 'axillary', 'mastectomy'],
  abdomen: ['upper quadrant', 'abdomen', 'abdominal', 'kidney', 'renal'],
  limb: ['arm', 'upper extremity', 'extremity', 'hip', 'knee', 'ankle', 'elbow', 'wrist', 'hand', 'foot', 'forearm'],
  artery: ['pulmonary artery'],
  vein: ['subclavian', 'picc'],
  wall: ['chest wall', 'anterior chest'],
};

/** Degrees of a finding, 1 least to 4 most; sizes and grades share the scale. */
export const degreePhrases: ReadonlyMap<number, readonly string[]> = new Map([
  [
    1,
    [
      'minimal',
      'minimally',
      'tiny',
      'trace',
      'minute',
      'subtle',
      'faint',
      'borderline',
      'minor',
      'punctate',
      'miniscule',
    ],
  ],
  [2, ['mild', 'mildly', 'small', 'slight', 'slightly', 'mild to moderate', 'small to moderate', 'early', 'low grade']],
  [
    3,
    [
      'moderate',
      'moderately',
      'moderate sized',
      'medium',
      'moderate to large',
      'moderate to severe',
      'moderate volume',
    ],
  ],
  [
    4,
    [
      'severe',
      'severely',
      'large',
      'marked',
      'markedly',
      'massive',
      'extensive',
      'extensively',
      'gross',
      'huge',
      'significant',
      'very large',
      'profound',
      'florid',
      'advanced',
      'innumerable',
      'giant',
      'substantial',
      'critical',
      'pronounced',
      'high grade',
    ],
  ],
]);

/** The course of a finding against an earlier study. */
export type Course = 'better' | 'worse' | 'same' | 'new' | 'gone' | 'changed';

export const coursePhrases: Readonly<Record<Course, readonly string[]>> = {
  better: [
    'improved',
    'improving',
    'improvement',
    'decreased',
    'decreasing',
    'interval decrease',
    'interval decrease {in,of}',
    'decrease in',
    'decrease of',
    'smaller',
    'resolving',
    'less prominent',
    'reduced',
    'reduction',
    'diminished',
    'better aerated',
    'improved aeration',
    'interval improvement',
    'partially resolved',
    'almost completely resolved',
    'nearly resolved',
    'near complete resolution',
  ],
  worse: [
    'worse',
    'worsened',
    'worsening',
    'increased',
    'increasing',
    'interval increase',
    'interval increase {in,of}',
    'increase in',
    'increase of',
    'larger',
    'progressed',
    'progressive',
    'progression',
    'more prominent',
    'enlarging',
    'has enlarged',
    'deteriorated',
    'growing',
    'grown',
    'deterioration',
    'interval worsening',
    'interval progression',
    'more confluent',
    'more extensive',
    'developing',
    'interval enlargement',
  ],
  same: [
    'stable',
    'unchanged',
    'no change',
    'no {significant,interval,significant interval,appreciable,} {change,interval change,increase,decrease,improvement,worsening}',
    'no {significant,interval,} {change,increase,decrease,improvement} {in,of}',
    'without {significant,interval,significant interval,} {change,increase,decrease}',
    'not {significantly,appreciably,} {changed,increased,decreased}',
    'persistent',
    'persistently',
    'persists',
    'persist',
    'similar',
    'constant',
    'grossly stable',
    'again {seen,noted,demonstrated}',
    'redemonstration',
    'redemonstrated',
    'remain',
    'remains',
    'continued',
    'stable appearing',
    'essentially unchanged',
  ],
  new: [
    'new',
    'newly',
    'has developed',
    'have developed',
    'interval development',
    'interval appearance',
    'not seen on prior',
    'not present previously',
    'has appeared',
  ],
  changed: [
    '{significant,interval,significant interval,substantial,definite,appreciable} change',
    '{has,have} {significantly,substantially,} changed',
    'change {since,from}',
  ],
  gone: [
    'clearing of',
    'interval clearing',
    'interval clearing of',
    'resolved',
    'resolution of',
    'interval resolution',
    'has cleared',
    'no longer seen',
    'complete resolution',
  ],
};

/** What a word says about a finding's age or nature. */
export type Nature = 'old' | 'steady' | 'acute' | 'calcified' | 'overlay';

export const naturePhrases: Readonly<Record<Nature, readonly string[]>> = {
  old: [
    'old',
    'healed',
    'remote',
    'chronic',
    'healing',
    'prior',
    'previous',
    'known',
    'longstanding',
    'long standing',
    'sequela',
    'posttraumatic',
    'post traumatic',
    'history of',
    'previously',
    'age indeterminate',
    'nonunion',
    'deformity',
    'postoperative',
    'postsurgical',
    'congenital',
  ],
  steady: ['stable', 'unchanged', 'again', 'redemonstrated', 'redemonstration', 'residual'],
  acute: ['acute', 'active', 'acutely'],
  calcified: ['calcified', 'calcific', 'calcification', 'granuloma', 'granulomatous', 'benign'],
  overlay: [
    'nipple',
    'nipple shadow',
    'artifact',
    'overlying soft tissue',
    'epicardial fat',
    'pericardial fat',
    'fat pad',
    'mediastinal fat',
    'superimposed',
    'overlapping',
    'vessel on end',
    'summation',
    'soft tissue overlay',
    'skinfold',
    'skin fold',
    'overlying structure',
  ],
};

/** Adjectives of places and the noun by which a place is compared: `left ventricular` is `left ventricle`. */
export const placeNouns: ReadonlyMap<string, string> = new Map(
  Object.entries({
    atrial: 'atrium',
    ventricular: 'ventricle',
    basilar: 'base',
    basal: 'base',
    apical: 'apex',
    hilar: 'hilum',
    clavicular: 'clavicle',
    humeral: 'humerus',
    scapular: 'scapula',
    hemidiaphragm: 'diaphragm',
    costal: 'rib',
    jugular: 'neck',
  }),
);
