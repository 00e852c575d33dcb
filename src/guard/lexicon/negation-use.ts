/**
 * @file Findings that an impression rules out although the findings hold something that could suggest them: `no
 * evidence for pneumonia` beside an opacity. Denying any other finding against its near evidence is a contradiction.
 * Source: counted in public reports.
 */
import type { ConceptId } from './concepts.js';

/** Of these the denial beside near evidence is shown softly: heart failure is denied beside congestion, but rarely. */
export const rarelyRuledOut: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'heart-failure',
  'edema',
  'congestion',
  'interstitial',
]);

/**
 * Findings that are made of others: with the first and one of the rest described, a denial is shown. Source: the
 * radiographic criteria of heart failure (cardiomegaly with effusion or edema, Framingham study).
 */
export const constellations: ReadonlyMap<
  ConceptId,
  { readonly needs: ConceptId; readonly oneOf: readonly ConceptId[] }
> = new Map([
  [
    'heart-failure',
    { needs: 'cardiomegaly', oneOf: ['effusion', 'blunting', 'edema', 'congestion', 'interstitial', 'consolidation'] },
  ],
]);

export const ruledOut: ReadonlySet<ConceptId> = new Set<ConceptId>([
  'pneumonia',
  'heart-failure',
  'edema',
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
  'dislocation',
]);
