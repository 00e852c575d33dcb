/**
 * @file A radiology report as a FHIR DiagnosticReport, R4 or R5 (https://hl7.org/fhir/R4/diagnosticreport.html,
 * https://hl7.org/fhir/R5/diagnosticreport.html): its findings, wherever the sender keeps them, and the report again
 * with an impression that is marked as a machine's draft. All that is not the impression's stays as it was sent.
 */
import { Failure } from '../../ground/failure.js';
import { type FreeTextReport, parseFreeText } from '../free-text.js';
import { isObject } from '../json.js';
import { BACKGROUND_TITLES, IMPRESSION_CODE, LOINC_SECTIONS, LOINC_URI } from '../loinc.js';
import { narrativeText } from './narrative.js';

/** A FHIR resource or element as JSON. */
export type FhirObject = Readonly<Record<string, unknown>>;

/** The versions that are understood. */
export type FhirVersion = 'R4' | 'R5';

/** What a report says. */
export type FhirReportTexts = Omit<FreeTextReport, 'recognised'>;

/** Sections in sections are read this deep; deeper ones are no report. */
const DEPTH_MAX = 12;

const objects = (value: unknown): FhirObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a CodeableConcept heads, with its code. */
const sectionOf = (concept: unknown): { kind: 'findings' | 'impression' | 'background'; code: string } | undefined => {
  if (!isObject(concept)) return undefined;
  for (const { system, code } of objects(concept.coding)) {
    const kind = LOINC_SECTIONS[text(code)];
    if (kind !== undefined && (system === undefined || system === LOINC_URI)) return { kind, code: text(code) };
  }
  return undefined;
};

interface Found {
  readonly kind: 'findings' | 'impression' | 'background';
  readonly code: string;
  readonly text: string;
}

const fromObservation = (observation: FhirObject): Found[] => {
  const section = sectionOf(observation.code);
  if (section === undefined) return [];
  const concept = isObject(observation.valueCodeableConcept) ? text(observation.valueCodeableConcept.text) : '';
  const notes = objects(observation.note).map((note) => text(note.text));
  const value = text(observation.valueString) || concept || notes.join('\n');
  return value.trim() === '' ? [] : [{ ...section, text: value }];
};

const fromSections = (sections: unknown, contained: ReadonlyMap<string, FhirObject>, depth = 0): Found[] => {
  if (depth > DEPTH_MAX) return [];
  return objects(sections).flatMap((section) => {
    const head = sectionOf(section.code);
    const own = isObject(section.text) ? narrativeText(text(section.text.div)) : '';
    const inner = fromSections(section.section, contained, depth + 1);
    if (head === undefined) return inner;
    if (own !== '') return [{ ...head, text: own }, ...inner];
    const entries = objects(section.entry).flatMap(({ reference }) => {
      const entry = contained.get(text(reference));
      return entry === undefined ? [] : [text(entry.valueString)];
    });
    return [...entries.filter((entry) => entry.trim() !== '').map((entry) => ({ ...head, text: entry })), ...inner];
  });
};

/** Forms that are text; others, such as PDF, are not read. */
const formText = (form: FhirObject): string => {
  const [type, ...parameters] = text(form.contentType).toLowerCase().split(';');
  if (!['text/plain', 'text/html', 'application/xhtml+xml', ''].includes(type.trim()) || text(form.data) === '')
    return '';
  const latin1 = parameters.some((each) => /charset *= *"?(iso-8859-1|latin1|windows-1252)/.test(each));
  const decoded = new TextDecoder(latin1 ? 'windows-1252' : 'utf-8').decode(Buffer.from(text(form.data), 'base64'));
  return type.includes('html') ? narrativeText(decoded) : decoded;
};

/**
 * Takes a report out of a DiagnosticReport. Coded sections (contained Observations and Compositions) come first; where
 * they hold no findings, the presented form and then the narrative are read by their headers.
 *
 * @throws {Failure} When the resource is no DiagnosticReport, or no findings are in it.
 * @example const { findings } = readDiagnosticReport(resource);
 */
export const readDiagnosticReport = (resource: unknown): FhirReportTexts => {
  if (!isObject(resource) || resource.resourceType !== 'DiagnosticReport') {
    throw new Failure({
      what: 'not a DiagnosticReport',
      where: 'resourceType',
      fix: 'send one, or Parameters with one',
    });
  }
  const contained = new Map(objects(resource.contained).map((each) => [`#${text(each.id)}`, each]));
  const coded = [...contained.values()].flatMap((each) => {
    if (each.resourceType === 'Observation') return fromObservation(each);
    return each.resourceType === 'Composition' ? fromSections(each.section, contained) : [];
  });
  // An Observation may also be a Composition's entry; its text counts once.
  const unique = coded.filter(
    (each, index) => coded.findIndex((other) => other.kind === each.kind && other.text === each.text) === index,
  );
  const joined = (kind: Found['kind']): string =>
    unique
      .filter((each) => each.kind === kind)
      .map((each) => (kind === 'background' ? `${BACKGROUND_TITLES[each.code]}: ${each.text}` : each.text))
      .join('\n');

  const uncoded = [
    ...objects(resource.presentedForm).map(formText),
    isObject(resource.text) ? narrativeText(text(resource.text.div)) : '',
  ].map(parseFreeText);
  const findings = joined('findings');
  const whole = findings.trim() === '' ? undefined : parseFreeText(findings);
  // A text without any header counts as findings only where nothing has a header.
  const chosen =
    whole ??
    uncoded.find((each) => each.recognised && each.findings !== '') ??
    uncoded.find((each) => each.findings !== '');
  if (chosen === undefined || chosen.findings === '') {
    throw new Failure({
      what: 'the report has no findings',
      where: 'DiagnosticReport',
      fix: 'send them under LOINC 59776-5 or 18782-3, or as text or presentedForm with the header FINDINGS',
    });
  }
  const background = [joined('background').replace(/\s+/g, ' ').trim(), chosen.background].filter(Boolean).join(' ');
  const impression = joined('impression').trim() || text(resource.conclusion) || chosen.impression;
  return { findings: chosen.findings, background, impression };
};

/** The version a report is of, by the elements that only one of them has. */
export const versionOf = (resource: FhirObject): FhirVersion =>
  ['study', 'composition', 'note', 'supportingInfo'].some((name) => resource[name] !== undefined) ? 'R5' : 'R4';

/** What the marks on a draft say. */
export interface DraftProvenance {
  readonly impression: string;
  readonly model: { readonly name: string; readonly fingerprint: string };
  readonly software: { readonly name: string; readonly version: string };
  /** Identifies the draft in the audit log. */
  readonly draftId: string;
  readonly recorded: Date;
  readonly version: FhirVersion;
}

/** https://terminology.hl7.org/CodeSystem-v3-ObservationValue.html */
const AIAST = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
} as const;
const IDS = {
  impression: 'impression-draft',
  provenance: 'impression-provenance',
  device: 'impression-device',
} as const;

const labelled = (meta: unknown): FhirObject => {
  const given = isObject(meta) ? meta : {};
  const security = objects(given.security);
  const present = security.some(({ system, code }) => system === AIAST.system && code === AIAST.code);
  return { ...given, security: present ? security : [...security, AIAST] };
};

/**
 * The report with a drafted impression: `conclusion`, an Observation under LOINC 19005-8, the label AIAST on both,
 * status `preliminary`, and a Provenance that names the model. An impression Observation that is there takes the text.
 *
 * @example withDraft(resource, { impression: 'No acute abnormality.', version: 'R4', … })
 */
export const withDraft = (resource: FhirObject, draft: DraftProvenance): FhirObject => {
  const contained = objects(resource.contained).filter(({ id }) => id !== IDS.provenance && id !== IDS.device);
  const existing = contained.find(
    ({ resourceType, code }) => resourceType === 'Observation' && sectionOf(code)?.kind === 'impression',
  );
  const observation: FhirObject = {
    ...(existing ?? {
      resourceType: 'Observation',
      id: IDS.impression,
      code: { coding: [{ system: LOINC_URI, ...IMPRESSION_CODE }] },
      ...(resource.subject === undefined ? {} : { subject: resource.subject }),
    }),
    meta: labelled(existing?.meta),
    status: 'preliminary',
    valueString: draft.impression,
  };
  const reference = `#${text(observation.id)}`;
  const results = objects(resource.result);
  return {
    ...resource,
    meta: labelled(resource.meta),
    contained: [
      ...contained.map((each) => (each === existing ? observation : each)),
      ...(existing === undefined ? [observation] : []),
      deviceOf(draft),
      provenanceOf(draft, reference),
    ],
    status: 'preliminary',
    result: results.some((each) => each.reference === reference) ? resource.result : [...results, { reference }],
    conclusion: draft.impression,
  };
};

const deviceOf = ({ model, software, version }: DraftProvenance): FhirObject => {
  const value = `${software.name} ${software.version}`;
  const common = { resourceType: 'Device', id: IDS.device };
  const versions = [
    { type: { text: 'software' }, value: software.version },
    { type: { text: 'model' }, value: model.fingerprint },
  ];
  return version === 'R5'
    ? { ...common, name: [{ value, type: 'user-friendly-name' }], modelNumber: model.name, version: versions }
    : {
        ...common,
        deviceName: [{ name: value, type: 'user-friendly-name' }],
        modelNumber: model.name,
        version: versions,
      };
};

const provenanceOf = ({ draftId, recorded }: DraftProvenance, reference: string): FhirObject => ({
  resourceType: 'Provenance',
  id: IDS.provenance,
  target: [{ reference: '#' }, { reference }],
  recorded: recorded.toISOString(),
  activity: { text: 'Draft of the impression by a language model; not reviewed' },
  agent: [
    {
      type: {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
            code: 'author',
            display: 'Author',
          },
        ],
      },
      who: { reference: `#${IDS.device}` },
    },
  ],
  entity: [{ role: 'source', what: { identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${draftId}` } } }],
});
