/**
 * @file Acknowledgements (HL7 v2.5.1, chapter 2.9 and 2.15.8): AA taken, AE the content is at fault, AR the message is
 * not for us or cannot be taken now. Sender and receiver change places; the sender's control id is repeated.
 */
import { componentOf, fieldOf, type Hl7Message } from './message.js';

/** The three codes of the original mode. */
export type AckCode = 'AA' | 'AE' | 'AR';

/** What is wrong, with a code of table 0357. */
export interface AckError {
  /** E.g. 101 required field missing, 200 unsupported message type, 207 application error. */
  readonly code: number;
  /** Never the message's text. */
  readonly text: string;
}

/** HL7's time stamp, with the zone. */
export const hl7Time = (date: Date): string =>
  date
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, '+0000');

const STANDARD = { field: '|', component: '^', repetition: '~', escaping: '\\', subcomponent: '&' };

/**
 * An acknowledgement's bytes.
 *
 * @param message What is acknowledged; undefined when it could not be read.
 * @param id The acknowledgement's own control id.
 * @example acknowledge(message, 'AA', 'ACK1')
 */
export const acknowledge = (message: Hl7Message | undefined, code: AckCode, id: string, error?: AckError): Buffer => {
  const delimiters = message?.delimiters ?? STANDARD;
  const { field, component, repetition, escaping, subcomponent } = delimiters;
  const header = message?.segments[0];
  const of = (number: number): string => (header === undefined ? '' : fieldOf(header, number, delimiters));
  // Only what looks like an event is repeated: whatever else stands there could be anything.
  const event = /^[A-Z]\d\d$/.exec(componentOf(of(9), 2, delimiters))?.[0] ?? '';
  const version = of(12) || '2.5.1';
  const msh = [
    'MSH',
    component + repetition + escaping + subcomponent,
    of(5),
    of(6),
    of(3),
    of(4),
    hl7Time(new Date()),
    '',
    ['ACK', ...(event === '' ? [] : [event, 'ACK'])].join(component),
    id,
    of(11) || 'P',
    version,
    ...(of(18) === '' ? [] : ['', '', '', '', '', of(18)]),
  ];
  // MSA-3 is read by all versions; ERR's fields have been these since 2.5.
  const text = error === undefined ? undefined : escaped(error.text, delimiters);
  const msa = ['MSA', code, of(10), ...(text === undefined ? [] : [text])];
  const segments = [msh, msa];
  if (error !== undefined && !/^2\.[1-4]/.test(version)) {
    segments.push(['ERR', '', '', `${error.code}${component}${component}HL70357`, 'E', '', '', '', text!]);
  }
  return Buffer.from(segments.map((fields) => `${fields.join(field)}\r`).join(''), 'latin1');
};

const escaped = (text: string, { field, component, subcomponent, repetition, escaping }: typeof STANDARD): string => {
  const codes: Readonly<Record<string, string>> = {
    [field]: 'F',
    [component]: 'S',
    [subcomponent]: 'T',
    [repetition]: 'R',
    [escaping]: 'E',
  };
  return [...text.replace(/[^\x20-\x7e]/g, ' ')]
    .map((char) => (codes[char] === undefined ? char : `${escaping}${codes[char]}${escaping}`))
    .join('');
};
