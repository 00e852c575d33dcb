/**
 * @file Statements made of a subject and a predicate: `heart size is normal`, `lungs are clear`, `heart is enlarged`.
 * For every subject, what each kind of predicate says about findings. Source: the "no finding" and cardiomegaly
 * patterns of the CheXpert labeler, and the wordings of public reports.
 */
import type { ConceptId } from './concepts.js';

/** Kinds of predicates. */
export type Predicate =
  | 'normal'
  | 'clear'
  | 'enlarged'
  | 'borderline'
  | 'low'
  | 'tortuous'
  | 'calcified'
  | 'prominent'
  | 'blunted'
  | 'flattened'
  | 'elevated'
  | 'deviated'
  | 'compressed'
  | 'nothing';

export const predicatePhrases: Readonly<Record<Predicate, readonly string[]>> = {
  normal: [
    'normal',
    'unremarkable',
    'intact',
    'within {normal,} {limit,limits}',
    'within {normal limit,limit of normal,the limit of normal}',
    'within expected limit',
    'sharp',
    'preserved',
    'well preserved',
    'maintained',
    'patent',
    'midline',
    'negative',
    'within normal range',
    'in normal limit',
    'not remarkable',
    'normally',
    'nonenlarged',
    'grossly {unremarkable,intact,normal}',
  ],
  clear: ['clear', 'grossly clear'],
  enlarged: [
    'enlarged',
    'enlargement',
    'increased in size',
    'increased size',
    '{is,remain,appear,slightly,mildly,moderately,markedly} large',
    'dilated',
    'dilatation',
    'aneurysmal',
    'widened',
    'wide',
    'widening',
  ],
  borderline: [
    'borderline',
    'borderline enlarged',
    'upper {limit of normal,normal,limit normal,normal limit}',
    'top normal',
    'top {normal size,of normal,limit of normal}',
    'high normal',
    'upper limits of normal',
    'at the upper limit',
    'normal to borderline',
    'borderline normal',
    'upper normal limit',
    'borderline in size',
    'borderline size',
  ],
  low: ['low', 'decreased', 'diminished', 'reduced', 'small'],
  tortuous: ['tortuous', 'ectatic', 'unfolded', 'uncoiled', 'tortuosity', 'ectasia'],
  calcified: ['calcified', 'calcification', 'atherosclerotic'],
  prominent: [
    'prominent',
    'prominence',
    'engorged',
    'congested',
    'full',
    'fullness',
    'indistinct',
    'increased',
    'accentuated',
    'distended',
    'engorgement',
    'coarsened',
    'plethoric',
  ],
  blunted: ['blunted', 'blunting', 'obscured', 'obscuration'],
  flattened: ['flattened', 'flattening', 'flat', 'hyperinflated'],
  elevated: ['elevated', 'elevation', 'raised', 'eventrated'],
  deviated: ['deviated', 'shifted', 'displaced', 'deviation'],
  compressed: ['compressed', 'collapsed', 'wedged'],
  nothing: [
    'clear of',
    'free of',
    'clear from',
    'otherwise clear',
    'otherwise unremarkable',
    'not well seen',
    'otherwise normal',
    'remainder',
  ],
};

/** What a predicate says of a subject: findings affirmed or denied. */
export interface Saying {
  readonly affirms?: ConceptId;
  readonly denies?: readonly ConceptId[];
}

/** A subject: what is normal, enlarged, clear. */
export interface Subject {
  readonly phrases: readonly string[];
  readonly sayings: Partial<Record<Predicate, Saying>>;
}

export const subjects = {
  heart: {
    phrases: [
      'heart',
      'heart size',
      'cardiac',
      '{cardiac,heart,cardiomediastinal,cardio mediastinal,cardiopericardial} {silhouette,size,contour,shadow,border,outline,silhouette size}',
      'size of the {heart,cardiac silhouette}',
      'cardiac and mediastinal {silhouette,contour}',
      'cardiac {silhouette and mediastinal contour,mediastinal silhouette,mediastinal contour}',
    ],
    sayings: {
      normal: { denies: ['cardiomegaly', 'chamber', 'heart-failure'] },
      enlarged: { affirms: 'cardiomegaly' },
      borderline: { affirms: 'cardiomegaly' },
      prominent: { affirms: 'cardiomegaly' },
    },
  },
  lungs: {
    phrases: [
      'lung',
      'lung field',
      'lung zone',
      'lung parenchyma',
      'left lung',
      'right lung',
      'both lung',
      'lung apex',
      'lung base',
      'pulmonary parenchyma',
      'parenchyma',
      '{left,right} lung {base,apex,field}',
    ],
    sayings: {
      normal: { denies: ['opacity', 'edema'] },
      clear: { denies: ['opacity', 'edema'] },
    },
  },
  volumes: {
    phrases: ['lung volume', 'inspiratory volume'],
    sayings: {
      normal: { denies: ['hypoinflation', 'hyperinflation'] },
      low: { affirms: 'hypoinflation' },
      enlarged: { affirms: 'hyperinflation' },
      prominent: { affirms: 'hyperinflation' },
    },
  },
  pleura: {
    phrases: [
      'pleura',
      'pleural space',
      'pleural surface',
      '{costophrenic,lateral costophrenic,posterior costophrenic} {angle,sulcus,recess,}',
    ],
    sayings: {
      normal: { denies: ['effusion', 'blunting', 'pneumothorax'] },
      clear: { denies: ['effusion', 'blunting', 'pneumothorax'] },
      blunted: { affirms: 'blunting' },
    },
  },
  vessels: {
    phrases: [
      '{pulmonary,} {vascularity,vasculature,vessel,vascular marking}',
      'pulmonary vascular {marking,pattern,}',
      'vascular pedicle',
      'pulmonary vein',
    ],
    sayings: {
      normal: { denies: ['congestion', 'edema', 'heart-failure'] },
      prominent: { affirms: 'congestion' },
      enlarged: { affirms: 'congestion' },
    },
  },
  interstitium: {
    phrases: ['interstitium', '{interstitial,lung,bronchovascular} marking', 'pulmonary interstitium'],
    sayings: { normal: { denies: ['interstitial'] }, prominent: { affirms: 'interstitial' } },
  },
  mediastinum: {
    phrases: [
      'mediastinum',
      'superior mediastinum',
      'mediastinal {contour,silhouette,structure,border,width}',
      'cardio mediastinal contour',
    ],
    sayings: {
      normal: { denies: ['mediastinal-widening', 'mediastinal-shift'] },
      enlarged: { affirms: 'mediastinal-widening' },
      prominent: { affirms: 'mediastinal-widening' },
      deviated: { affirms: 'mediastinal-shift' },
    },
  },
  aorta: {
    phrases: [
      'aorta',
      'thoracic aorta',
      'aortic',
      'aortic {arch,knob,contour,silhouette}',
      '{ascending,descending} {thoracic,} aorta',
      'transverse aorta',
    ],
    sayings: {
      normal: { denies: ['aortic-tortuosity', 'aneurysm'] },
      tortuous: { affirms: 'aortic-tortuosity' },
      prominent: { affirms: 'aortic-tortuosity' },
      calcified: { affirms: 'atherosclerosis' },
      enlarged: { affirms: 'aneurysm' },
    },
  },
  hila: {
    phrases: ['hilum', 'hilar {contour,structure,shadow}', '{left,right} hilum'],
    sayings: {
      normal: { denies: ['hilar-prominence', 'adenopathy'] },
      prominent: { affirms: 'hilar-prominence' },
      enlarged: { affirms: 'hilar-prominence' },
    },
  },
  'pulmonary-artery': {
    phrases: ['{central,main,left,right,} pulmonary artery', 'pulmonary arterial'],
    sayings: { enlarged: { affirms: 'pulmonary-hypertension' }, prominent: { affirms: 'pulmonary-hypertension' } },
  },
  diaphragm: {
    phrases: ['diaphragm', 'hemidiaphragm'],
    sayings: {
      normal: { denies: ['elevated-diaphragm'] },
      flattened: { affirms: 'hyperinflation' },
      elevated: { affirms: 'elevated-diaphragm' },
    },
  },
  trachea: {
    phrases: ['trachea', 'tracheal air column'],
    sayings: { normal: { denies: ['mediastinal-shift'] }, deviated: { affirms: 'mediastinal-shift' } },
  },
  bones: {
    phrases: [
      '{osseous,bony,skeletal} {structure,thorax,skeleton,}',
      'bone',
      'visualized bone',
      'thoracic cage',
      'skeleton',
      'bony {cage,element}',
      'bone structure',
      'rib',
      'clavicle',
      '{thoracic,lumbar,} spine',
    ],
    sayings: { normal: { denies: ['fracture', 'dislocation'] } },
  },
  vertebra: {
    phrases: ['vertebra', 'vertebral body', 'vertebral'],
    sayings: { normal: { denies: ['compression'] }, compressed: { affirms: 'compression' } },
  },
  node: {
    phrases: ['lymph node', 'lymph', 'node'],
    sayings: { enlarged: { affirms: 'adenopathy' }, calcified: { affirms: 'granuloma' } },
  },
  bowel: {
    phrases: ['bowel', 'bowel gas', 'bowel gas pattern'],
    sayings: { normal: { denies: ['obstruction', 'bowel-dilation'] }, enlarged: { affirms: 'bowel-dilation' } },
  },
} as const satisfies Record<string, Subject>;

/** The name of a subject. */
export type SubjectName = keyof typeof subjects;

/**
 * The general statement of an impression: `no acute cardiopulmonary abnormality`. It is an opener (acute, active, or
 * an organ word that no single finding has) and a head noun, with only organ words and `or`, `and`, commas between.
 */
export const generalOpeners: ReadonlySet<string> = new Set([
  'recent',
  'acute',
  'active',
  'cardiopulmonary',
  'intrathoracic',
  'cardiothoracic',
]);
export const generalHeads: ReadonlySet<string> = new Set([
  'abnormality',
  'disease',
  'process',
  'finding',
  'pathology',
  'change',
  'complication',
  'feature',
  'injury',
  'issue',
  'disorder',
  'condition',
  'problem',
]);
export const generalBetween: ReadonlySet<string> = new Set([
  'acute',
  'active',
  'recent',
  'complicating',
  'cardiopulmonary',
  'cardio',
  'pulmonary',
  'cardiac',
  'pleural',
  'radiographic',
  'or',
  'and',
  ',',
  '/',
  'intrathoracic',
  'chest',
  'thoracic',
  'cardiothoracic',
  'preoperative',
  'lung',
  'disease',
  'process',
  'infectious',
  'significant',
  'traumatic',
  'posttraumatic',
  'osseous',
  'bony',
  'bone',
  'mediastinal',
  'abdominal',
  'intraabdominal',
  'intra',
  'parenchymal',
  'radiographically',
  'evident',
  'focal',
  'cardiovascular',
  'skeletal',
  'of',
  'the',
  'inflammatory',
  'visible',
  'heart',
  'other',
  'specific',
  'subacute',
  'abnormality',
  'finding',
]);
/** Words that make the general statement one about bones or the abdomen only. */
export const generalElsewhere: ReadonlySet<string> = new Set([
  'osseous',
  'bony',
  'bone',
  'skeletal',
  'abdominal',
  'intraabdominal',
  'traumatic',
  'posttraumatic',
]);
