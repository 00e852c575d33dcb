// The guard against a second seeder: `npm run build && node bench/guard-generality.mjs [DATA] [--fold K | --not-fold K]`.
// Written apart from `src/guard/seed-errors.ts`: it makes every error that an impression allows instead of one of each
// kind, in other ways (abbreviated lobes, all sides at once, clauses dropped, denials behind, other additions), and it
// tells what each of them is. DATA is a file of reports as `check` reads it; without it the invented pairs of the tests.
// A report's fold is the first 32 bits (big-endian) of sha256(study_id), modulo 5.
import { createHash } from 'node:crypto';
import { checkImpression } from '../dist/guard/check.js';
import { readExamples } from '../dist/reports/dataset.js';

const numberAfter = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
};
const only = numberAfter('--fold');
const without = numberAfter('--not-fold');
const given = process.argv[2];
const data = given === undefined || given.startsWith('--') ? 'test/fixtures/guard/invented-pairs.json' : given;

const foldOf = ({ study_id: id, studyId }) =>
  createHash('sha256')
    .update(String(id ?? studyId))
    .digest()
    .readUInt32BE(0) % 5;
const reports = (await readExamples(data)).filter((report) => {
  const fold = foldOf(report);
  return (only === undefined || fold === only) && (without === undefined || fold !== without);
});

const sentencesOf = (text) =>
  text.split(/(?<=[a-z)_][.;])\s+|(?<=\.)\s+(?=\d+\.)/i).filter((part) => part.trim() !== '');
const likeCase = (old, to) => {
  if (old.length > 1 && old === old.toUpperCase()) return to.toUpperCase();
  return /^[A-Z]/.test(old) ? to.charAt(0).toUpperCase() + to.slice(1) : to;
};
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const otherSide = {
  left: 'right',
  right: 'left',
  lt: 'rt',
  rt: 'lt',
  rll: 'lll',
  lll: 'rll',
  rul: 'lul',
  lul: 'rul',
  rml: 'lingula',
  lingula: 'right middle lobe',
  lingular: 'right middle lobe',
  leftward: 'rightward',
  rightward: 'leftward',
  dextroscoliosis: 'levoscoliosis',
  levoscoliosis: 'dextroscoliosis',
};
const sides = new RegExp(`\\b(${Object.keys(otherSide).join('|')})\\b`, 'gi');
const turned = (word) => likeCase(word, otherSide[word.toLowerCase()]);

function* sideErrors({ impression }) {
  const found = [...impression.matchAll(sides)];
  for (const { 0: word, index } of found)
    yield impression.slice(0, index) + turned(word) + impression.slice(index + word.length);
  if (found.length > 1) yield impression.replace(sides, turned);
}

const critical = {
  pneumothorax: /pneumothora/i,
  effusion: /effusion|pleural fluid/i,
  consolidation: /consolidat|pneumonia|infiltrate|air ?space/i,
  mass: /\bmass|nodul|neoplasm|metasta/i,
  fracture: /fractur/i,
  edema: /edema/i,
  'free air': /free (intraperitoneal |subdiaphragmatic )?air|pneumoperiton/i,
  tube: /mainstem|malposition|reposition/i,
  aneurysm: /aneurysm/i,
  adenopathy: /adenopathy/i,
};
const lesser =
  /atelecta|cardiomeg|emphys|copd|scar|granulom|hernia|scolio|opacit|hyperinfl|congest|degener|spondyl|osteop|tortu|calcifi|thicken/i;
const denying =
  /\b(no|not|without|negative|clear|free|normal|unremarkable|resolved|resolution|rather|unlikely|absent)\b/i;
const hedging =
  /\b(may|might|could|possibl\w*|question\w*|versus|vs|or|suspect\w*|cannot|likely|probabl\w*|suggest\w*|exclude\w*|old|healed|remote|chronic|calcified|granuloma\w*|stable|unchanged|prior|previous\w*|consider|differential)\b/i;
const unchanged = /no (significant |interval |acute interval |appreciable )*change/i;

const removals = [
  [/^There (is|are) no (evidence (of|for) )?/i, 'There $1 '],
  [/^No (\w+ ){0,2}evidence (of|for) /i, 'Findings consistent with '],
  [/^Negative for /i, 'Positive for '],
  [/\bwithout (evidence of )?/i, 'with '],
  [/\b(is|are|was) not (seen|identified|visualized|present|appreciated)/i, '$1 $2'],
  [/\bno longer\b/i, 'again'],
  [/^No /i, 'There is '],
  [/^No /i, ''],
];

function* negationErrors({ impression }) {
  const sentences = sentencesOf(impression);
  for (const [index, sentence] of sentences.entries()) {
    const [head] = /^\s*(?:\d+[.)]\s*)?/.exec(sentence);
    const body = sentence.slice(head.length);
    const put = (text) => [...sentences.slice(0, index), head + text, ...sentences.slice(index + 1)].join(' ');
    const usable = removals.filter(([pattern]) => pattern.test(body) && !unchanged.test(body));
    for (const [pattern, to] of usable) yield put(capital(body.replace(pattern, to)));
    const names = Object.values(critical).some((pattern) => pattern.test(body)) || lesser.test(body);
    if (usable.length > 0 || denying.test(body) || hedging.test(body) || !names) continue;
    const lower = /^[A-Z][a-z]/.test(body) ? body.charAt(0).toLowerCase() + body.slice(1) : body;
    for (const opening of ['No ', 'There is no evidence of ', 'Negative for ']) yield put(opening + lower);
    const said = /\b(is|are) (seen|present|noted|identified|demonstrated)/.exec(body);
    if (said !== null) yield put(body.replace(said[0], `${said[1]} not ${said[2]}`));
    else if (!/\b(is|are|has|have|was)\b/.test(body)) yield put(`${body.replace(/[.\s]*$/, '')} is not seen.`);
  }
}

function* numberErrors({ findings, impression }) {
  const other = (digit) => String((Number(digit) % 9) + 1);
  for (const match of impression.matchAll(/(?<![\d./-])(\d+(?:\.\d+)?)(\s*-?\s*)(mm|cm)\b/gi)) {
    const [whole, value, gap, unit] = match;
    const put = (text) => impression.slice(0, match.index) + text + impression.slice(match.index + whole.length);
    yield put(other(value[0]) + value.slice(1) + gap + unit);
    yield put((value.includes('.') ? value.replace('.', '') : `${value}0`) + gap + unit);
    yield put(value + gap + (unit.toLowerCase() === 'mm' ? 'cm' : 'mm'));
  }
  for (const match of impression.matchAll(/\b([TLC])(\d{1,2})\b/g)) {
    const level = Number(match[2]) > 1 ? Number(match[2]) - 1 : 3;
    yield impression.slice(0, match.index) + match[1] + level + impression.slice(match.index + match[0].length);
  }
  for (const sentence of sentencesOf(findings)
    .filter((text) => /\d\s*-?\s*(mm|cm)\b/.test(text))
    .slice(0, 2))
    yield `${impression} ${sentence.replace(/(\d)((?:\.\d+)?\s*-?\s*(?:mm|cm)\b)/, (_, digit, rest) => other(digit) + rest)}`;
}

function* omissionErrors({ findings, impression }) {
  const sentences = sentencesOf(impression);
  for (const pattern of Object.values(critical)) {
    const stated = sentencesOf(findings).some(
      (text) => pattern.test(text) && !denying.test(text) && !hedging.test(text),
    );
    const holding = sentences.filter((text) => pattern.test(text));
    if (!stated || holding.length === 0 || holding.some((text) => denying.test(text))) continue;
    const rest = sentences.filter((text) => !pattern.test(text));
    yield rest.length > 0 ? rest.join(' ') : 'No acute cardiopulmonary abnormality.';
    if (holding.length > 1) continue;
    const parts = holding[0].split(/,\s+|\s+(?:and|with)\s+/);
    const kept = parts.filter((text) => !pattern.test(text));
    if (kept.length > 0 && kept.length < parts.length && kept.join(' ').length > 12)
      yield impression.replace(holding[0], `${kept.join(', ').replace(/\.$/, '')}.`);
  }
}

/** Sentences to add, and the words that would carry them. */
const additions = [
  ['Interval development of a small left apical pneumothorax.', /pneumothora|hydropneum/i],
  ['Findings compatible with tension pneumothorax on the left.', /pneumothora|hydropneum/i],
  ['Small right-sided pleural effusion is present.', /effusion|pleura|blunt/i],
  ['New layering pleural fluid on the right.', /effusion|pleura|blunt/i],
  [
    'Findings consistent with right lower lobe pneumonia.',
    /consolid|pneumon|infiltr|opaci|air ?space|densit|atelect|scar|interstit|nodul|fibro|mass|infect/i,
  ],
  [
    'Multifocal pneumonia.',
    /consolid|pneumon|infiltr|opaci|air ?space|densit|atelect|scar|interstit|nodul|fibro|mass|infect/i,
  ],
  [
    'Multiple pulmonary nodules suspicious for metastatic disease.',
    /nodul|mass|lesion|opaci|densit|granulom|metasta|neoplas|tumor|hilar/i,
  ],
  ['A left hilar mass is seen.', /nodul|mass|lesion|opaci|densit|granulom|metasta|neoplas|tumor|hilar/i],
  ['There is a right clavicle fracture.', /fractur|deform|compress|wedg|height/i],
  ['Compression fracture of T12.', /fractur|deform|compress|wedg|height/i],
  [
    'Findings of congestive heart failure with interstitial edema.',
    /edema|conges|failure|interstit|vascular|cephal|opaci|overload|effusion/i,
  ],
  ['Pneumoperitoneum is noted.', /free|pneumoper|subdiaph/i],
  ['Endotracheal tube terminates in the right mainstem bronchus.', /tube|catheter|line|picc|port/i],
  ['Moderate cardiac enlargement is present.', /cardiomeg|enlarg|borderline|upper limit|prominen|large/i],
  ['Bulky mediastinal adenopathy.', /adenop|node|hil|mediast\w* (wid|prom|mass)/i],
  ['Findings consistent with acute pulmonary embolism.', /embol|infarct/i],
  [
    'Cavitary lesion in the right apex, suspicious for tuberculosis.',
    /cavit|lesion|tubercul|opaci|nodul|apic|scar|apex|mass|bull/i,
  ],
];

function* additionErrors({ findings, background, impression }, index) {
  const asserted = sentencesOf(`${findings} ${background ?? ''} ${impression}`).filter((text) => !denying.test(text));
  const free = additions.filter(([, words]) => !asserted.some((text) => words.test(text)));
  for (let nth = 0; nth < Math.min(3, free.length); nth += 1) {
    const [added] = free[(index + nth * 5) % free.length];
    yield (index + nth) % 2 === 0 ? `${impression.trim()} ${added}` : `${added} ${impression.trim()}`;
  }
}

const kinds = {
  side: [sideErrors, ['laterality']],
  negation: [negationErrors, ['negation', 'unsupported', 'comparison']],
  number: [numberErrors, ['number']],
  omission: [omissionErrors, ['omission']],
  addition: [additionErrors, ['unsupported', 'negation', 'device']],
};
const keyOf = ({ kind, impression, findings, message }) => `${kind} ${impression?.text} ${findings?.start} ${message}`;

const before = reports.map((report) => checkImpression(report));
const percent = (part, whole) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
console.log(
  `${data}${only === undefined ? '' : `, fold ${only}`}${without === undefined ? '' : `, without fold ${without}`}: ${reports.length} reports`,
);
for (const [name, [errors, fitting]] of Object.entries(kinds)) {
  let made = 0;
  let found = 0;
  let hard = 0;
  for (const [index, report] of reports.entries()) {
    const known = new Set(before[index].map(keyOf));
    for (const impression of new Set(errors(report, index))) {
      if (impression === report.impression) continue;
      const fresh = checkImpression({ ...report, impression }).filter((flag) => !known.has(keyOf(flag)));
      made += 1;
      found += Number(fresh.some(({ kind }) => fitting.includes(kind)));
      hard += Number(fresh.some(({ severity }) => severity === 'hard'));
    }
  }
  console.log(
    `${name.padEnd(9)} ${String(made).padStart(5)} made, found ${percent(found, made)}, hard ${percent(hard, made)}`,
  );
}
const share = (severity) => before.filter((flags) => flags.some((flag) => flag.severity === severity)).length;
console.log(
  `untouched: hard flags on ${share('hard')} (${percent(share('hard'), reports.length)}), soft on ${percent(share('soft'), reports.length)}`,
);
