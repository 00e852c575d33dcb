/**
 * @file The report page's script: the stemmer switch and the table of examples, sorted, filtered and unfolded. Report
 * text goes into the page as text nodes only. Plain JavaScript, since it runs in the reader's browser as it stands.
 */
export const script = String.raw`
'use strict';
const examples = JSON.parse(document.getElementById('examples-data').textContent);
const make = (tag, name, text) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
};

for (const group of document.querySelectorAll('.switch')) {
  const show = (setting) => {
    for (const button of group.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.value === setting));
    for (const part of document.querySelectorAll('[data-setting]')) part.hidden = part.dataset.setting !== setting;
  };
  group.addEventListener('click', (event) => { if (event.target.value) show(event.target.value); });
  show('stemmed');
}

/** A text with stretches marked; stretches may overlap, so the text is cut at every bound. */
const marked = (text, stretches, flags) => {
  const cuts = [...new Set([0, text.length, ...stretches.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const paragraph = make('p');
  for (let i = 0; i + 1 < cuts.length; i += 1) {
    const piece = text.slice(cuts[i], cuts[i + 1]);
    const over = stretches.filter(({ start, end }) => start <= cuts[i] && end >= cuts[i + 1]);
    if (over.length === 0) { paragraph.append(piece); continue; }
    const mark = make('mark', over.map(({ kind }) => kind).join(' '), piece);
    const numbers = over.flatMap(({ flag }) => (flag === undefined ? [] : [flag]));
    if (numbers.length > 0) {
      mark.dataset.flags = numbers.join(' ');
      mark.tabIndex = 0;
      mark.title = numbers.map((number) => flags[number].message).join(' ');
    }
    paragraph.append(mark);
  }
  return paragraph;
};

const block = (title, content) => {
  const element = make('div', 'text-block');
  element.append(make('h3', '', title), content);
  return element;
};

const detailOf = (example) => {
  const detail = make('div', 'detail');
  const ranges = (list, kind) => list.map(([start, end]) => ({ start, end, kind }));
  const spans = (side) => example.flags.flatMap((flag, index) => flag[side] ? [{ start: flag[side].start, end: flag[side].end, kind: 'flag ' + flag.severity, flag: index }] : []);
  const texts = make('div', 'texts');
  texts.append(
    block('Prediction', marked(example.prediction, [...ranges(example.added, 'added'), ...spans('impression')], example.flags)),
    block('Reference', marked(example.reference, ranges(example.missing, 'missing'), example.flags)),
  );
  detail.append(texts, block('Findings', marked(example.findings, spans('findings'), example.flags)));
  if (example.flags.length > 0) {
    const list = make('ul', 'flags');
    example.flags.forEach((flag, index) => {
      const button = make('button', flag.severity, flag.kind + ': ' + flag.message);
      button.type = 'button';
      button.dataset.flags = String(index);
      const item = make('li');
      item.append(button);
      list.append(item);
    });
    detail.append(block('Flags', list));
  }
  if (example.labels) detail.append(block('Labels', make('p', '', example.labels)));
  if (example.chexbert) detail.append(block('Labels by CheXbert', make('p', '', example.chexbert)));
  return detail;
};

/** A flag and the stretches that it speaks of light up together, whichever of them is pointed at or has the focus. */
let lit = [];
const light = (target) => {
  for (const element of lit) element.classList.remove('lit');
  const source = [target, document.activeElement].map((e) => e && e.closest('.detail [data-flags]')).find((e) => e);
  const flags = source ? source.dataset.flags.split(' ') : [];
  lit = source ? [...source.closest('.detail').querySelectorAll('[data-flags]')].filter((e) => e.dataset.flags.split(' ').some((flag) => flags.includes(flag))) : [];
  for (const element of lit) element.classList.add('lit');
};
document.addEventListener('mouseover', (event) => light(event.target));
document.addEventListener('mouseout', (event) => light(event.relatedTarget));
document.addEventListener('focusin', (event) => light(event.target));
document.addEventListener('focusout', (event) => light(event.relatedTarget));

const table = document.querySelector('table.examples');
const body = table.tBodies[0];
const search = document.getElementById('search');
const stratum = document.getElementById('stratum');
const flagged = document.getElementById('flagged');
const count = document.getElementById('count');
const more = document.getElementById('more');
const page = 50;
let sortKey = 'rougeL';
let descending = false;
let shown = page;

const valueOf = { id: (e) => e.index, stratum: (e) => e.stratum, rouge1: (e) => e.rouge1, rougeL: (e) => e.rougeL, labelF1: (e) => e.labelF1, bertscore: (e) => e.bertscore, words: (e) => e.words, flags: (e) => e.flags.length };
const searchable = examples.map((e) => [e.id, e.prediction, e.reference, e.findings].join('\n').toLowerCase());

const draw = () => {
  const wanted = search.value.trim().toLowerCase();
  const chosen = examples.filter((e, i) =>
    (stratum.value === '' || e.stratum === stratum.value) &&
    (flagged === null || flagged.value === '' || e.flags.some((flag) => flagged.value === 'any' || flag.severity === flagged.value)) &&
    (wanted === '' || searchable[i].includes(wanted)));
  const key = valueOf[sortKey];
  chosen.sort((a, b) => {
    const order = key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.index - b.index;
    return descending ? -order : order;
  });
  body.replaceChildren(...chosen.slice(0, shown).map((e) => {
    const row = make('tr', 'row');
    const fold = make('button', 'fold', e.id);
    fold.type = 'button';
    fold.setAttribute('aria-expanded', 'false');
    const first = make('td');
    first.append(fold);
    row.append(first, make('td', 'text', e.prediction || '(empty)'), make('td', '', e.stratum));
    for (const value of [e.rouge1, e.rougeL, e.labelF1, ...('bertscore' in e ? [e.bertscore] : [])]) row.append(make('td', '', (100 * value).toFixed(1)));
    row.append(make('td', '', String(e.words)));
    if (flagged !== null) row.append(make('td', '', e.flags.length === 0 ? '' : String(e.flags.length)));
    const toggle = () => {
      const next = row.nextElementSibling;
      if (next !== null && next.classList.contains('unfolded')) { next.remove(); fold.setAttribute('aria-expanded', 'false'); return; }
      const unfolded = make('tr', 'unfolded');
      const cell = make('td');
      cell.colSpan = row.cells.length;
      cell.append(detailOf(e));
      unfolded.append(cell);
      row.after(unfolded);
      fold.setAttribute('aria-expanded', 'true');
    };
    // The button's clicks come through here too.
    row.addEventListener('click', toggle);
    return row;
  }));
  count.textContent = chosen.length + ' of ' + examples.length;
  more.hidden = chosen.length <= shown;
  for (const head of table.tHead.rows[0].cells) {
    if (head.dataset.key === sortKey) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
};

for (const head of table.tHead.rows[0].cells) {
  const button = head.querySelector('button');
  if (button === null) continue;
  button.addEventListener('click', () => {
    descending = sortKey === head.dataset.key ? !descending : head.dataset.first === 'descending';
    sortKey = head.dataset.key;
    draw();
  });
}
for (const control of [search, stratum, flagged]) if (control !== null) control.addEventListener('input', () => { shown = page; draw(); });
more.addEventListener('click', () => { shown += page; draw(); });
draw();
`;
