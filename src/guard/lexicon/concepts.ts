/** @file All findings of the guard in one table, by id, with their chains of broader findings. */
import { boneConcepts } from './bone.js';
import { abdomenConcepts, heartConcepts, pleuraConcepts } from './chest.js';
import type { ConceptRow } from './concept-row.js';
import { deviceConcepts } from './devices.js';
import { lungConcepts } from './lung.js';

const rows = [
  ...lungConcepts,
  ...pleuraConcepts,
  ...heartConcepts,
  ...abdomenConcepts,
  ...boneConcepts,
  ...deviceConcepts,
] as const;

/** The id of a finding. */
export type ConceptId = (typeof rows)[number]['id'];

/** A finding of the tables. */
export interface Concept extends ConceptRow {
  readonly id: ConceptId;
}

/** Every finding. */
export const concepts: readonly Concept[] = rows as readonly Concept[];

/** A finding by id. */
export const conceptById: ReadonlyMap<ConceptId, Concept> = new Map(concepts.map((concept) => [concept.id, concept]));

/** The ids of devices: they have positions and no evidence. */
export const deviceIds: ReadonlySet<ConceptId> = new Set(deviceConcepts.map(({ id }) => id));

/** A finding and everything that is a kind of it. */
export const kindsOf = (id: ConceptId): readonly ConceptId[] => kinds.get(id) ?? [id];

/** A finding's id followed by those of its broader findings. */
export const broaderChain = (id: ConceptId): readonly ConceptId[] => chains.get(id) ?? [id];

const chains: ReadonlyMap<ConceptId, readonly ConceptId[]> = new Map(
  concepts.map(({ id }) => {
    const chain: ConceptId[] = [id];
    for (let parent = conceptById.get(id)?.kindOf; parent !== undefined; ) {
      const next = parent as ConceptId;
      chain.push(next);
      parent = conceptById.get(next)?.kindOf;
    }
    return [id, chain];
  }),
);

const kinds: ReadonlyMap<ConceptId, readonly ConceptId[]> = new Map(
  concepts.map(({ id }) => [
    id,
    concepts.map((concept) => concept.id).filter((other) => chains.get(other)!.includes(id)),
  ]),
);
