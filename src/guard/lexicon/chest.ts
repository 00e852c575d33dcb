/**
 * @file Findings of the pleura, heart, mediastinum and great vessels, abdomen and soft tissues. Sources as in `lung.ts`.
 */
import type { ConceptRow } from './concept-row.js';

export const pleuraConcepts = [
  {
    id: 'effusion',
    label: 'pleural effusion',
    weight: 'critical',
    acute: true,
    phrases: [
      'effusion',
      '{pleural,parapneumonic,subpulmonic,loculated,loculated pleural} {effusion,fluid,collection,fluid collection}',
      'pleural or pericardial effusion',
      'fluid in the {fissure,minor fissure,major fissure}',
      'hydrothorax',
    ],
  },
  {
    id: 'hemothorax',
    label: 'hemothorax',
    weight: 'critical',
    acute: true,
    kindOf: 'effusion',
    phrases: ['hemothorax'],
  },
  { id: 'empyema', label: 'empyema', weight: 'critical', acute: true, kindOf: 'effusion', phrases: ['empyema'] },
  {
    id: 'blunting',
    label: 'costophrenic blunting',
    weight: 'minor',
    phrases: ['blunting', '{costophrenic,costophrenic angle,costophrenic sulcus} blunting', 'blunted costophrenic'],
  },
  {
    id: 'pleural-thickening',
    label: 'pleural thickening',
    weight: 'minor',
    phrases: [
      'pleural {thickening,scar,scarring,plaque,calcification,reaction,based opacity,capping,parenchymal scarring}',
      'apical cap',
    ],
  },
  {
    id: 'pneumothorax',
    label: 'pneumothorax',
    weight: 'critical',
    acute: true,
    phrases: [
      'pneumothorax',
      'hydropneumothorax',
      'hemopneumothorax',
      'tension pneumothorax',
      'pleural air',
      '{pleural,pleural or mediastinal} air collection',
      'pneumothorax {or,and} pneumomediastinum',
    ],
  },
] as const satisfies readonly ConceptRow[];

export const heartConcepts = [
  {
    id: 'cardiomegaly',
    label: 'cardiomegaly',
    weight: 'significant',
    phrases: [
      'cardiomegaly',
      '{cardiac,heart} enlargement',
      'enlargement of the {heart,cardiac silhouette,cardiomediastinal silhouette}',
      'borderline {heart size,cardiac size}',
      'cardiomyopathy',
    ],
  },
  {
    id: 'chamber',
    label: 'chamber enlargement',
    weight: 'minor',
    kindOf: 'cardiomegaly',
    phrases: ['{atrial,ventricular,biatrial} {enlargement,hypertrophy,prominence}'],
  },
  {
    id: 'pericardial-effusion',
    label: 'pericardial effusion',
    weight: 'critical',
    acute: true,
    phrases: ['pericardial {effusion,fluid}', 'tamponade', 'cardiac tamponade'],
  },
  {
    id: 'aortic-tortuosity',
    label: 'tortuous or ectatic aorta',
    weight: 'minor',
    phrases: [
      '{tortuosity,ectasia,unfolding,uncoiling} of the {aorta,thoracic aorta,descending aorta,ascending aorta}',
      '{tortuous,ectatic,unfolded,tortuous ectatic,prominent,uncoiled} {aorta,thoracic aorta,descending aorta,ascending aorta,descending thoracic aorta,ascending thoracic aorta,transverse aorta,aortic}',
      'aortic {tortuosity,ectasia,unfolding}',
      'tortuosity',
      'tortuous',
      'ectatic',
      'ectasia',
    ],
  },
  {
    id: 'atherosclerosis',
    label: 'atherosclerosis',
    weight: 'minor',
    phrases: [
      'atherosclerosis',
      'atherosclerotic',
      'atherosclerotic {disease,change,calcification,vascular disease,vascular calcification}',
      '{aortic,vascular,coronary,arterial} {calcification,atherosclerosis,atherosclerotic disease}',
      'calcified {aorta,thoracic aorta,aortic}',
      'calcification of the {aorta,aortic,thoracic aorta}',
    ],
  },
  {
    id: 'aneurysm',
    label: 'aneurysm',
    weight: 'critical',
    phrases: [
      'aneurysm',
      'aneurysmal',
      'aneurysmal {dilatation,dilation,enlargement}',
      'aortic {aneurysm,dilatation,dilation,enlargement}',
    ],
  },
  {
    id: 'dissection',
    label: 'aortic dissection',
    weight: 'critical',
    acute: true,
    phrases: ['{aortic,} dissection', 'aortic {injury,rupture,transection}'],
  },
  {
    id: 'mediastinal-widening',
    label: 'mediastinal widening',
    weight: 'critical',
    acute: true,
    phrases: [
      'mediastinal {widening,prominence,enlargement,fullness}',
      'widening of the {mediastinum,superior mediastinum}',
      'widened {mediastinum,superior mediastinum,mediastinal}',
      'prominence of the {mediastinum,superior mediastinum,upper mediastinum}',
      'prominent {mediastinum,superior mediastinum,mediastinal}',
    ],
  },
  {
    id: 'mediastinal-shift',
    label: 'mediastinal shift',
    weight: 'critical',
    acute: true,
    phrases: [
      '{mediastinal,tracheal,rightward,leftward} {shift,deviation}',
      'shift of the {mediastinum,trachea,mediastinal structure}',
      'deviation of the trachea',
    ],
  },
  {
    id: 'pneumomediastinum',
    label: 'pneumomediastinum',
    weight: 'critical',
    acute: true,
    phrases: ['pneumomediastinum', 'pneumopericardium', 'mediastinal {air,air collection,emphysema}'],
  },
  {
    id: 'adenopathy',
    label: 'adenopathy',
    weight: 'critical',
    phrases: [
      'adenopathy',
      'lymphadenopathy',
      '{hilar,mediastinal,axillary} {adenopathy,lymphadenopathy}',
      'enlarged {lymph node,lymph,node,hilar node,mediastinal node}',
      'large lymph node',
    ],
  },
  {
    id: 'hilar-prominence',
    label: 'hilar prominence',
    weight: 'minor',
    phrases: [
      'hilar {prominence,fullness,enlargement}',
      '{prominence,fullness,enlargement} of the {hilum,right hilum,left hilum,bilateral hilum}',
      'prominent {hilum,right hilum,left hilum}',
    ],
  },
  {
    id: 'pulmonary-hypertension',
    label: 'pulmonary hypertension',
    weight: 'minor',
    phrases: [
      'pulmonary {hypertension,artery hypertension,arterial hypertension}',
      '{enlarged,prominent,dilated} {pulmonary artery,central pulmonary artery,main pulmonary artery,pulmonary arterial}',
      'enlargement of the {pulmonary artery,left pulmonary artery,right pulmonary artery,main pulmonary artery}',
    ],
  },
  { id: 'goiter', label: 'goiter', weight: 'minor', phrases: ['goiter', 'thyroid enlargement', 'substernal thyroid'] },
] as const satisfies readonly ConceptRow[];

export const abdomenConcepts = [
  {
    id: 'free-air',
    label: 'free intraperitoneal air',
    weight: 'critical',
    acute: true,
    phrases: [
      'pneumoperitoneum',
      'free air',
      'free {intraperitoneal,intra peritoneal,subdiaphragmatic,peritoneal,intra abdominal,intraabdominal} {air,gas}',
      '{subdiaphragmatic,intraperitoneal} {air,gas}',
      'free subdiaphragmatic air',
      'air under the {diaphragm,right hemidiaphragm,left hemidiaphragm,hemidiaphragm}',
      'subdiaphragmatic free air',
      'extraluminal {air,gas}',
      'perforation',
    ],
  },
  {
    id: 'obstruction',
    label: 'bowel obstruction',
    weight: 'critical',
    acute: true,
    phrases: ['{bowel,small bowel,large bowel,colonic,intestinal} obstruction', 'ileus'],
  },
  {
    id: 'bowel-dilation',
    label: 'dilated bowel',
    weight: 'significant',
    phrases: [
      '{dilated,distended} {bowel,small bowel,large bowel,loop,bowel loop,loop of bowel,loop of small bowel,colon}',
      'bowel {dilation,dilatation,distention}',
      'obstruction',
    ],
  },
  { id: 'hiatal-hernia', label: 'hiatal hernia', weight: 'minor', phrases: ['{hiatal,hiatus} hernia', 'hernia'] },
  {
    id: 'elevated-diaphragm',
    label: 'elevated hemidiaphragm',
    weight: 'minor',
    phrases: [
      '{elevated,raised} {right,left,} {hemidiaphragm,diaphragm}',
      'elevation of the {right,left,} {hemidiaphragm,diaphragm}',
      'elevation {right,left} {hemidiaphragm,diaphragm}',
      'hemidiaphragm elevation',
    ],
  },
  {
    id: 'eventration',
    label: 'eventration of the diaphragm',
    weight: 'minor',
    phrases: ['eventration', 'diaphragmatic eventration'],
  },
  {
    id: 'subcutaneous-emphysema',
    label: 'subcutaneous emphysema',
    weight: 'significant',
    acute: true,
    phrases: ['{subcutaneous,soft tissue} {emphysema,air,gas}'],
  },
  {
    id: 'soft-tissue-swelling',
    label: 'soft tissue swelling',
    weight: 'minor',
    phrases: ['soft tissue {swelling,edema}', 'anasarca', 'joint effusion', 'knee joint effusion'],
  },
  {
    id: 'foreign-body',
    label: 'foreign body',
    weight: 'critical',
    phrases: ['foreign {body,object}', 'bullet', 'bullet fragment', 'projectile', 'shrapnel', 'gunshot wound'],
  },
] as const satisfies readonly ConceptRow[];
