/**
 * @file Which findings carry which statement of an impression. A radiologist interprets: pneumonia from an opacity,
 * COPD from hyperexpanded lungs, heart failure from congestion. `near` says nearly the same thing (or the usual
 * reading of it); `far` can carry it. Source: the differential diagnoses of standard chest radiography teaching
 * (Fleischner glossary; Felson's Principles of Chest Roentgenology), checked against pairs in public reports.
 */
import { type ConceptId, concepts } from './concepts.js';

interface Evidence {
  readonly near?: readonly ConceptId[];
  readonly far?: readonly ConceptId[];
}

/** For each statement in an impression, the findings that carry it. */
const evidence: Partial<Record<ConceptId, Evidence>> = {
  opacity: {
    near: [
      'consolidation',
      'pneumonia',
      'atelectasis',
      'nodule',
      'nodular-opacity',
      'mass',
      'interstitial',
      'lesion',
      'fibrosis',
      'scar',
    ],
    far: ['edema', 'granuloma', 'cavity', 'blunting', 'effusion', 'pleural-thickening', 'crowding', 'chronic-lung'],
  },
  consolidation: {
    near: ['opacity', 'pneumonia', 'aspiration', 'nodular-opacity'],
    far: ['atelectasis', 'nodule', 'mass', 'interstitial', 'cavity', 'edema', 'fibrosis', 'scar'],
  },
  pneumonia: {
    near: ['consolidation', 'opacity', 'aspiration'],
    far: ['atelectasis', 'interstitial', 'nodule', 'nodular-opacity', 'cavity', 'bronchitis'],
  },
  aspiration: { near: ['pneumonia', 'consolidation', 'opacity'], far: ['atelectasis'] },
  atelectasis: {
    near: ['opacity'],
    far: [
      'consolidation',
      'hypoinflation',
      'crowding',
      'elevated-diaphragm',
      'interstitial',
      'blunting',
      'scar',
      'fibrosis',
      'effusion',
    ],
  },
  edema: { near: ['congestion', 'interstitial', 'heart-failure'], far: ['opacity', 'consolidation'] },
  congestion: { near: ['edema', 'heart-failure', 'crowding'], far: ['interstitial', 'pulmonary-hypertension'] },
  'heart-failure': { near: ['edema', 'congestion'], far: ['effusion', 'interstitial'] },
  interstitial: {
    near: ['edema', 'fibrosis', 'chronic-lung', 'opacity'],
    far: ['congestion', 'crowding', 'bronchitis', 'bronchiectasis', 'scar', 'consolidation'],
  },
  fibrosis: {
    near: ['interstitial', 'chronic-lung', 'scar', 'opacity'],
    far: ['atelectasis', 'pleural-thickening', 'granuloma', 'blunting', 'bronchiectasis'],
  },
  scar: {
    near: ['fibrosis', 'opacity', 'atelectasis'],
    far: [
      'interstitial',
      'chronic-lung',
      'pleural-thickening',
      'granuloma',
      'blunting',
      'bronchiectasis',
      'nodular-opacity',
    ],
  },
  bronchiectasis: { far: ['fibrosis', 'scar', 'interstitial', 'opacity'] },
  bronchitis: { far: ['interstitial', 'opacity', 'hyperinflation'] },
  emphysema: { near: ['hyperinflation', 'chronic-lung'] },
  'chronic-lung': {
    near: ['emphysema', 'hyperinflation', 'fibrosis', 'scar', 'interstitial', 'bronchiectasis'],
    far: ['granuloma', 'opacity', 'pleural-thickening', 'bronchitis', 'atelectasis', 'blunting'],
  },
  hyperinflation: { near: ['emphysema'] },
  hypoinflation: { near: ['crowding'], far: ['elevated-diaphragm', 'atelectasis'] },
  crowding: { near: ['hypoinflation'], far: ['congestion'] },
  nodule: {
    near: ['nodular-opacity', 'mass', 'lesion', 'granuloma', 'malignancy'],
    far: ['opacity', 'cavity', 'bone-lesion'],
  },
  'nodular-opacity': { near: ['nodule', 'opacity', 'mass', 'granuloma', 'lesion'], far: ['scar', 'consolidation'] },
  mass: {
    near: ['nodule', 'nodular-opacity', 'lesion', 'malignancy'],
    far: ['opacity', 'consolidation', 'mediastinal-widening', 'adenopathy', 'cavity', 'hilar-prominence', 'goiter'],
  },
  malignancy: { near: ['mass', 'nodule', 'lesion', 'bone-lesion'], far: ['adenopathy', 'nodular-opacity', 'opacity'] },
  lesion: { near: ['nodule', 'nodular-opacity', 'mass', 'bone-lesion', 'cavity'], far: ['opacity'] },
  granuloma: {
    near: ['nodule', 'nodular-opacity'],
    far: ['opacity', 'adenopathy', 'fibrosis', 'scar', 'sarcoidosis', 'lesion'],
  },
  cavity: {},
  tuberculosis: { far: ['cavity', 'consolidation', 'granuloma'] },
  sarcoidosis: { far: ['adenopathy', 'interstitial', 'hilar-prominence', 'granuloma', 'opacity'] },
  contusion: { far: ['opacity', 'consolidation'] },
  effusion: { near: ['blunting', 'hemothorax', 'empyema'], far: ['pleural-thickening'] },
  blunting: { near: ['effusion', 'pleural-thickening'] },
  hemothorax: { near: ['effusion', 'pneumothorax'] },
  empyema: { near: ['effusion'] },
  'pleural-thickening': { near: ['blunting', 'scar'], far: ['effusion', 'opacity', 'fibrosis'] },
  cardiomegaly: { near: ['chamber'], far: ['pericardial-effusion', 'heart-failure', 'mediastinal-widening'] },
  chamber: { near: ['cardiomegaly'] },
  'pericardial-effusion': { far: ['cardiomegaly'] },
  'aortic-tortuosity': { near: ['aneurysm'], far: ['atherosclerosis', 'mediastinal-widening'] },
  atherosclerosis: { far: ['aortic-tortuosity'] },
  aneurysm: { near: ['aortic-tortuosity'], far: ['mediastinal-widening'] },
  dissection: { far: ['aneurysm', 'mediastinal-widening'] },
  'mediastinal-widening': { far: ['mass', 'adenopathy', 'aneurysm', 'aortic-tortuosity', 'goiter'] },
  'mediastinal-shift': { far: ['atelectasis', 'goiter', 'mass', 'fibrosis', 'aortic-tortuosity'] },
  adenopathy: { near: ['hilar-prominence'], far: ['mass', 'mediastinal-widening', 'sarcoidosis'] },
  'hilar-prominence': { near: ['adenopathy', 'pulmonary-hypertension'], far: ['opacity', 'mass', 'congestion'] },
  'pulmonary-hypertension': { near: ['hilar-prominence'], far: ['congestion'] },
  goiter: { far: ['mass', 'mediastinal-widening', 'mediastinal-shift'] },
  'hiatal-hernia': { far: ['mass'] },
  'elevated-diaphragm': { near: ['eventration'], far: ['hypoinflation', 'atelectasis'] },
  eventration: { near: ['elevated-diaphragm'] },
  fracture: { near: ['compression'], far: ['old-fracture', 'dislocation', 'bone-lesion'] },
  obstruction: { near: ['bowel-dilation'] },
  'bowel-dilation': { near: ['obstruction'] },
  compression: { near: ['fracture', 'old-fracture'], far: ['kyphosis'] },
  'old-fracture': { near: ['fracture', 'compression'] },
  dislocation: { far: ['fracture'] },
  'bone-lesion': { near: ['lesion'], far: ['malignancy'] },
  degenerative: { far: ['scoliosis', 'kyphosis', 'atherosclerosis', 'osteopenia', 'dislocation'] },
  osteopenia: { far: ['compression', 'degenerative'] },
  scoliosis: { near: ['kyphosis'] },
  kyphosis: { near: ['scoliosis'], far: ['compression'] },
  'foreign-body': { far: ['surgical-hardware', 'opacity'] },
};

/** How closely a finding carries a statement: 0 the same, 1 near, 2 far. */
export type Closeness = 0 | 1 | 2;

const table: ReadonlyMap<ConceptId, ReadonlyMap<ConceptId, Closeness>> = new Map(
  concepts.map(({ id }) => {
    const row = new Map<ConceptId, Closeness>([[id, 0]]);
    for (const near of evidence[id]?.near ?? []) row.set(near, 1);
    for (const far of evidence[id]?.far ?? []) row.set(far, 2);
    return [id, row];
  }),
);

/** The findings that carry a statement, each with its closeness; the statement itself comes first, with 0. */
export const carriersOf = (statement: ConceptId): ReadonlyMap<ConceptId, Closeness> => table.get(statement)!;
