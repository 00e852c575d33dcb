/**
 * @file A radiology report in an ORU^R01 message: findings and background out of its OBX segments, the impression into
 * them. Senders differ; understood are suffixes in OBX-3 (`71020&GDT`, `&IMP`), LOINC codes, names (`^FINDINGS`), one
 * OBX a line, and whole reports in one field. Nothing of the message changes but the impression's own segments.
 */
import { Failure } from '../../ground/failure.js';
import { parseFreeText } from '../free-text.js';
import { sectionName } from '../headers.js';
import { BACKGROUND_TITLES, IMPRESSION_CODE, LOINC_SECTIONS } from '../loinc.js';
import {
  componentOf,
  fieldOf,
  type Hl7Message,
  nameOf,
  readText,
  type Segment,
  withField,
  writeText,
} from './message.js';

/** One report of a message: an OBR with what follows it. */
export interface Hl7Report {
  readonly findings: string;
  readonly background: string;
  /** Empty where there is none yet. */
  readonly impression: string;
  /** Places of its segments in the message: from the OBR to before the next one. */
  readonly from: number;
  readonly to: number;
}

type Kind = 'findings' | 'impression' | 'background' | 'other';

/** OBX-2's types that carry text. */
const TEXT_TYPES = new Set(['TX', 'FT', 'ST', 'CWE', 'CE', '']);
const SUFFIXES: Readonly<Record<string, Kind>> = { GDT: 'findings', IMP: 'impression', REC: 'other', ADT: 'other' };

interface Observation {
  readonly place: number;
  readonly segment: Segment;
  readonly kind: Kind | undefined;
  readonly title: string | undefined;
  readonly text: string;
}

/** What an OBX is, by its suffix, its LOINC code or its name. */
const classify = (segment: Segment, message: Hl7Message): Pick<Observation, 'kind' | 'title'> => {
  const { delimiters } = message;
  const identifier = fieldOf(segment, 3, delimiters);
  const component = (number: number): string => componentOf(identifier, number, delimiters);
  const [code, suffix = ''] = component(1).split(delimiters.subcomponent);
  const bySuffix = SUFFIXES[suffix.trim().toUpperCase()];
  if (bySuffix !== undefined) return { kind: bySuffix, title: undefined };
  for (const each of [code, component(4)]) {
    const kind = LOINC_SECTIONS[each.trim()];
    if (kind !== undefined) return { kind, title: BACKGROUND_TITLES[each.trim()] };
  }
  for (const name of [component(2), component(5), code]) {
    const kind = sectionName(readText(name, message));
    if (kind === 'findings' && /finding/i.test(name)) return { kind, title: undefined };
    if (kind === 'impression') return { kind, title: undefined };
    if (kind === 'indication' || kind === 'history' || kind === 'comparison' || kind === 'technique') {
      return { kind: 'background', title: kind.toUpperCase() };
    }
  }
  return { kind: undefined, title: undefined };
};

const textOf = (segment: Segment, message: Hl7Message): string => {
  const { delimiters } = message;
  const type = fieldOf(segment, 2, delimiters).trim();
  if (!TEXT_TYPES.has(type)) return '';
  const value = fieldOf(segment, 5, delimiters);
  if (type === 'CWE' || type === 'CE') {
    return readText(componentOf(value, 2, delimiters) || componentOf(value, 9, delimiters), message);
  }
  return readText(value, message);
};

/**
 * The reports of a message.
 *
 * @throws {Failure} When it is no ORU^R01, or lacks its OBR.
 */
export const reportsOf = (message: Hl7Message): Hl7Report[] => {
  const { segments, delimiters } = message;
  const starts = segments.flatMap((segment, place) => (nameOf(segment, delimiters) === 'OBR' ? [place] : []));
  if (starts.length === 0)
    throw new Failure({
      what: 'the message has no report',
      where: 'OBR',
      got: 'no such segment',
      fix: 'send OBR and OBX segments',
    });
  return starts.map((from, index) => {
    const to = starts[index + 1] ?? segments.length;
    return { ...read(observations(message, from, to)), from, to };
  });
};

const observations = (message: Hl7Message, from: number, to: number): Observation[] =>
  message.segments
    .slice(from, to)
    .flatMap((segment, offset) =>
      nameOf(segment, message.delimiters) === 'OBX'
        ? [{ place: from + offset, segment, ...classify(segment, message), text: textOf(segment, message) }]
        : [],
    );

const joined = (all: readonly Observation[], kind: Kind | undefined): string =>
  all
    .filter((each) => each.kind === kind)
    .map(({ text }) => text)
    .join('\n');

const read = (all: readonly Observation[]): Omit<Hl7Report, 'from' | 'to'> => {
  const coded = joined(all, 'findings');
  const background = all
    .filter(({ kind, text }) => kind === 'background' && text.trim() !== '')
    .map(({ title, text }) => `${title}: ${text}`)
    .join('\n');
  // What is sent as the body may be a whole report with headers of its own.
  const parsed = parseFreeText(coded.trim() === '' ? joined(all, undefined) : coded);
  return {
    findings: parsed.findings,
    background: [background.replace(/\s+/g, ' ').trim(), parsed.background].filter(Boolean).join(' '),
    impression: (joined(all, 'impression').trim() || parsed.impression).replace(/\s+/g, ' '),
  };
};

/**
 * Puts an impression into a message.
 *
 * A segment of its own that is there already takes the text, and further lines of it go; otherwise one is added behind
 * the report's last observation, coded the way the sender codes. Its status (OBX-11) is `P`, preliminary, and a note
 * (NTE) behind it says that it was drafted by a program.
 *
 * @param report One of {@link reportsOf} the same message.
 * @param note The note's text.
 */
export const withImpression = (
  message: Hl7Message,
  report: Hl7Report,
  impression: string,
  note: string,
): Hl7Message => {
  const { segments, delimiters } = message;
  const all = observations(message, report.from, report.to);
  const own = all.filter(({ kind }) => kind === 'impression');
  const end = segments.find((segment) => segment.end !== '')?.end ?? '\r';
  const text = writeText(impression, message);
  const nte = { text: ['NTE', '1', 'L', writeText(note, message)].join(delimiters.field), end };

  const filled = (segment: Segment): Segment =>
    withField(withField(retyped(segment, message), 5, text, delimiters), 11, 'P', delimiters);
  const fresh = own.length > 0 ? filled(own[0].segment) : newObservation(message, all, text);
  const removed = new Set(own.slice(1).map(({ place }) => place));
  const behind = own[0]?.place ?? lastPlace(message, all, report);

  const result: Segment[] = [];
  segments.forEach((segment, place) => {
    if (removed.has(place)) return;
    const closed = { ...segment, end: segment.end === '' && place === behind ? end : segment.end };
    if (place !== behind) result.push(segment);
    else if (own.length > 0) result.push({ ...fresh, end }, withEnd(nte, segment.end));
    else result.push(closed, { ...fresh, end }, withEnd(nte, segment.end));
  });
  return { ...message, segments: result };
};

const withEnd = (segment: Segment, end: string): Segment => ({ ...segment, end });

/** An impression sent as a code cannot carry a sentence; it becomes text. */
const retyped = (segment: Segment, { delimiters }: Hl7Message): Segment =>
  ['TX', 'FT', 'ST'].includes(fieldOf(segment, 2, delimiters)) ? segment : withField(segment, 2, 'TX', delimiters);

/** Behind the last observation and the notes that belong to it. */
const lastPlace = (
  { segments, delimiters }: Hl7Message,
  all: readonly Observation[],
  { from, to }: Hl7Report,
): number => {
  let place = all.at(-1)?.place ?? from;
  while (place + 1 < to && nameOf(segments[place + 1], delimiters) === 'NTE') place++;
  return place;
};

const newObservation = (message: Hl7Message, all: readonly Observation[], text: string): Segment => {
  const { delimiters } = message;
  const { field, component, subcomponent } = delimiters;
  const body = all.find(({ kind }) => kind === 'findings') ?? all[0];
  const sent = body === undefined ? '' : componentOf(fieldOf(body.segment, 3, delimiters), 1, delimiters);
  const [code, suffix] = sent.split(subcomponent);
  const identifier =
    suffix !== undefined && suffix.trim().toUpperCase() === 'GDT'
      ? [`${code}${subcomponent}IMP`, 'Impression'].join(component)
      : [IMPRESSION_CODE.code, IMPRESSION_CODE.display, 'LN'].join(component);
  const numbers = all.map(({ segment }) => Number(fieldOf(segment, 1, delimiters))).filter(Number.isSafeInteger);
  const type = body !== undefined && fieldOf(body.segment, 2, delimiters) === 'FT' ? 'FT' : 'TX';
  const fields = ['OBX', String(Math.max(0, ...numbers) + 1), type, identifier, '', text, '', '', '', '', '', 'P'];
  return { text: fields.join(field), end: '' };
};
