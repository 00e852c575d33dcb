/**
 * @file Findings that an impression rules out although the findings hold something that could suggest them: `no
 * evidence for pneumonia` beside an opacity. Denying any other finding against its near evidence is a contradiction.
 * Source: counted in public reports.
 */
import type { ConceptId } from './concepts.js';

export const ruledOut: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'pneumonia',
  'heart-failure',
  'edema',
  'congestion',
  'malignancy',
  'tuberculosis',
  'sarcoidosis',
  'consolidation',
  'opacity',
  'mass',
  'nodule',
  'lesion',
  'adenopathy',
  'effusion',
  'pneumothorax',
  'fracture',
  'aspiration',
  'embolism',
  'bone-lesion',
  'dislocation',
  'contusion',
  'cavity',
  'interstitial',
  'aneurysm',
  'mediastinal-shift',
  'compression',
]);
