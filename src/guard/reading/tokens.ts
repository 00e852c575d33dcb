/**
 * @file Text → tokens with UTF-16 offsets, each with the form under which phrase tables know it.
 * Hyphens between letters vanish (`left-sided` is `left sided`), digits part from letters (`8mm` is `8 mm`),
 * plurals become singular by a few suffix rules and a table of Latin ones. One pass, linear in the text.
 */

/** A word, number, blank (`____`) or punctuation mark. */
export interface Token {
  /** Lower-case singular form for words; the text itself otherwise. */
  readonly form: string;
  /** UTF-16 offsets into the text, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly kind: 'word' | 'number' | 'blank' | 'mark';
  /** Line ends directly before this token: 0, 1, or 2 for a blank line. */
  readonly lineEnds: 0 | 1 | 2;
}

/** Plurals and spellings that no suffix rule yields. British spellings come to the American ones of the tables. */
const irregular: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pneumothoraces: 'pneumothorax',
    pneumothoraxes: 'pneumothorax',
    hydropneumothoraces: 'hydropneumothorax',
    granulomata: 'granuloma',
    apices: 'apex',
    foci: 'focus',
    bronchi: 'bronchus',
    metastases: 'metastasis',
    atelectases: 'atelectasis',
    diagnoses: 'diagnosis',
    bullae: 'bulla',
    vertebrae: 'vertebra',
    hila: 'hilum',
    hili: 'hilum',
    emboli: 'embolus',
    thrombi: 'thrombus',
    calculi: 'calculus',
    oedema: 'edema',
    oedematous: 'edematous',
    haemothorax: 'hemothorax',
    haemorrhage: 'hemorrhage',
    haematoma: 'hematoma',
    tumour: 'tumor',
    tumours: 'tumor',
    ischaemia: 'ischemia',
    oesophagus: 'esophagus',
    oesophageal: 'esophageal',
    osseus: 'osseous',
    torturous: 'tortuous',
    visualised: 'visualized',
    localised: 'localized',
    generalised: 'generalized',
    characterised: 'characterized',
    organised: 'organized',
    demineralised: 'demineralized',
    demineralisation: 'demineralization',
    haemodialysis: 'hemodialysis',
    haemopneumothorax: 'hemopneumothorax',
    haemorrhagic: 'hemorrhagic',
    paediatric: 'pediatric',
    goitre: 'goiter',
    litre: 'liter',
    litres: 'liter',
    metre: 'meter',
    metres: 'meter',
    xxxx: '____',
    centimetre: 'centimeter',
    centimetres: 'centimeter',
    millimetre: 'millimeter',
    millimetres: 'millimeter',
    lobes: 'lobe',
    lenses: 'lens',
    has: 'has',
    was: 'was',
    does: 'does',
    pleuras: 'pleura',
  }),
);

/** Longer words than any in the tables are left as they are. */
const longestWord = 40;

/**
 * The form under which a word stands in the phrase tables.
 *
 * @example wordForm('Opacities') // 'opacity'
 */
export const wordForm = (word: string): string => {
  const lower = word.toLowerCase();
  if (lower.length > longestWord) return lower;
  const known = irregular.get(lower);
  if (known !== undefined) return known;
  if (lower.length < 4 || !lower.endsWith('s')) return lower;
  if (/(?:ss|us|is)$/.test(lower)) return lower;
  if (lower.endsWith('ies')) return lower.length > 5 ? `${lower.slice(0, -3)}y` : lower.slice(0, -1);
  if (/(?:sses|xes|ches|shes)$/.test(lower)) return lower.slice(0, -2);
  return lower.slice(0, -1);
};

const pattern = /\d+(?:\.\d+)?|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)?|_+|[^\s]/gu;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Line ends in the blank between two tokens, counted up to 2. */
const lineEndsBetween = (text: string, from: number, to: number): 0 | 1 | 2 => {
  let count = 0;
  for (let at = from; at < to && count < 2; at += 1) if (text.charCodeAt(at) === 10) count += 1;
  return count as 0 | 1 | 2;
};

/**
 * Cuts a text into tokens.
 *
 * @param text Any string, of any length; lone surrogates and control characters are marks.
 * @returns Tokens in order; their offsets never overlap.
 * @example tokenize('Left-sided 8mm nodules.').map((token) => token.form) // left, sided, 8, mm, nodule, .
 */
export const tokenize = (text: string): Token[] => {
  const tokens: Token[] = [];
  let previousEnd = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const found = match[0];
    const start = match.index;
    const end = start + found.length;
    const first = found.charCodeAt(0);
    const lineEnds = lineEndsBetween(text, previousEnd, start);
    const joiner = (found === '-' || found === '\u2010' || found === '\u2011') && start === previousEnd && start > 0;
    previousEnd = end;
    if (joiner && !isDigit(text.charCodeAt(start - 1)) && /[\p{L}_]/u.test(text.charAt(end))) continue;
    if (isDigit(first)) tokens.push({ form: found, start, end, kind: 'number', lineEnds });
    else if (first === 95) tokens.push({ form: '____', start, end, kind: 'blank', lineEnds });
    else if (/^[\p{L}\p{M}]/u.test(found)) {
      const form = wordForm(found.replace('’', "'"));
      tokens.push({ form, start, end, kind: form === '____' ? 'blank' : 'word', lineEnds });
    } else
      tokens.push({ form: found === '\u2013' || found === '\u2014' ? '-' : found, start, end, kind: 'mark', lineEnds });
  }
  return tokens;
};
