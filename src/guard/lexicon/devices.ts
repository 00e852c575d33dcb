/**
 * @file Tubes, lines and other devices, and where their tips may lie. Sources: the device mentions of the CheXpert
 * labeler, and the usual target positions of lines and tubes (ACR practice parameter for portable chest radiography).
 */
import type { ConceptRow } from './concept-row.js';

export const deviceConcepts = [
  {
    id: 'central-line',
    label: 'central venous catheter',
    weight: 'minor',
    phrases: [
      'central {line,venous line,venous catheter,catheter}',
      '{picc,picc line,picc catheter}',
      '{ij,internal jugular,subclavian,jugular,dialysis,hemodialysis,venous,intravenous,infusion,tunneled,swan ganz,pulmonary artery} {catheter,line,central line,venous catheter,central venous catheter}',
      '{chest port,port a cath,portacath,mediport,chest port catheter,port catheter,port}',
      'catheter',
      'cvl',
      'cvc',
    ],
  },
  {
    id: 'endotracheal-tube',
    label: 'endotracheal tube',
    weight: 'minor',
    phrases: [
      '{endotracheal,et} tube',
      'ett',
      'intubated',
      'intubation',
      '{tracheostomy,tracheostomy tube,tracheostomy cannula}',
    ],
  },
  {
    id: 'enteric-tube',
    label: 'enteric tube',
    weight: 'minor',
    phrases: [
      '{nasogastric,orogastric,enteric,ng,og,dobbhoff,feeding,gastric,gastric suction,gastrostomy} tube',
      'ngt',
      'ogt',
      'dobbhoff',
    ],
  },
  {
    id: 'chest-tube',
    label: 'chest tube',
    weight: 'minor',
    phrases: ['{chest,thoracostomy,pleural,pigtail} {tube,drain,catheter}'],
  },
  {
    id: 'pacemaker',
    label: 'pacemaker or defibrillator',
    weight: 'minor',
    phrases: [
      'pacemaker',
      '{pacemaker,defibrillator,pacing,pacer,icd,aicd} {lead,wire,device,generator}',
      'pacer',
      'icd',
      'aicd',
      'defibrillator',
      '{cardiac,} pacing {device,lead}',
      'lead',
      'generator',
    ],
  },
  {
    id: 'surgical-hardware',
    label: 'surgical material',
    weight: 'minor',
    phrases: [
      'sternotomy',
      '{sternotomy,sternal} {wire,suture}',
      '{surgical,cholecystectomy,vascular} clip',
      'clip',
      '{heart,aortic,mitral,prosthetic,cardiac} valve',
      'cabg',
      'stent',
      'screw',
      'fixation',
      'plate',
      'rod',
      'hardware',
      'prosthesis',
      '{spinal,} fusion {hardware,rod}',
      '{orthopedic,surgical} hardware',
      'suture',
      'balloon pump',
      'shunt',
    ],
  },
] as const satisfies readonly ConceptRow[];

/** Where a tip may lie. Positions of one `group` exclude each other. */
export interface TipPosition {
  readonly id: string;
  readonly label: string;
  readonly phrases: readonly string[];
}

export const tipPositions: readonly TipPosition[] = [
  {
    id: 'right-atrium',
    label: 'right atrium',
    phrases: ['{right atrium,right atrial,atrium,ra}', '{upper,proximal,high,low} right atrium'],
  },
  { id: 'left-atrium', label: 'left atrium', phrases: ['left {atrium,atrial}'] },
  { id: 'right-ventricle', label: 'right ventricle', phrases: ['{right,} ventricle', 'right ventricular {apex,}'] },
  { id: 'left-ventricle', label: 'left ventricle', phrases: ['left ventricle'] },
  {
    id: 'cavoatrial',
    label: 'cavoatrial junction',
    phrases: ['{cavoatrial,caval atrial,cavo atrial,atriocaval,svc right atrial,svc ra,svc atrial} {junction,}'],
  },
  {
    id: 'svc',
    label: 'superior vena cava',
    phrases: ['{svc,superior vena cava}', '{upper,lower,mid,distal,proximal,low,high} svc'],
  },
  { id: 'brachiocephalic', label: 'brachiocephalic vein', phrases: ['{brachiocephalic,innominate} {vein,}'] },
  { id: 'subclavian', label: 'subclavian vein', phrases: ['subclavian vein'] },
  { id: 'jugular', label: 'jugular vein', phrases: ['{internal jugular,jugular} vein'] },
  { id: 'carina', label: 'carina', phrases: ['carina'] },
  { id: 'mainstem', label: 'main bronchus', phrases: ['{right,left,} {mainstem,main stem,main} {bronchus,}'] },
  { id: 'stomach', label: 'stomach', phrases: ['{stomach,gastric body,gastric fundus,gastric bubble,gastric antrum}'] },
  { id: 'esophagus', label: 'esophagus', phrases: ['esophagus', '{gastroesophageal,ge} junction'] },
  { id: 'duodenum', label: 'duodenum', phrases: ['duodenum', 'pylorus', 'jejunum'] },
  { id: 'outside', label: 'outside the chest', phrases: ['outside the {thoracic cavity,chest,thorax,pleural space}'] },
];

/** Words that say a tube or line lies wrong; its omission is then an omission of a critical finding. */
export const malpositionPhrases: readonly string[] = [
  'malpositioned',
  'malposition',
  'misplaced',
  'kinked',
  'coiled',
  'too {high,low,deep}',
  'outside the {thoracic cavity,chest,thorax,pleural space}',
  '{right,left,} {mainstem,main stem} {bronchus,}',
  'should be {repositioned,advanced,retracted,withdrawn}',
  '{needs,recommend} {repositioning,advancement,retraction}',
  'fractured lead',
];
