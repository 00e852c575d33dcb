import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluation/evaluate.js';
import type { EvaluationItem } from '../../src/evaluation/item.js';
import { radEvalJson } from '../../src/evaluation/parallel.js';
import type { PageFlag } from '../../src/evaluation/report/examples.js';
import { reportPage } from '../../src/evaluation/report-page.js';
import { scoreTable } from '../../src/evaluation/table.js';
import { checkImpression } from '../../src/guard/check.js';

const attack = '</script><script>alert(1)</script><img src=x onerror="alert(2)"> & <b>bold</b>\u2028';
const items: EvaluationItem[] = [
  {
    studyId: attack,
    findings: attack,
    background: '',
    reference: `No edema. ${attack}`,
    prediction: `Edema. ${attack}`,
  },
  { studyId: '2', findings: 'Large heart.', background: '', reference: 'Cardiomegaly.\nNo edema.', prediction: '' },
];
const flags: PageFlag[][] = [
  [{ kind: 'negation', severity: 'hard', impression: { start: 0, end: 5 }, findings: null, message: attack }],
  [],
];
const result = evaluate(items, {
  flags: [{ negation: { hard: 1, soft: 0 } }, {}],
  against: { name: attack, predictions: ['No edema.', 'Cardiomegaly.'] },
  resamples: 50,
  randomisationSamples: 50,
});
const page = reportPage({ title: attack, items, flags, ...result });

describe('the report page', () => {
  it('lets no report text become markup', () => {
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<img|<b>bold/);
    expect(page).toContain('&lt;b&gt;bold&lt;/b&gt;');
  });

  it('holds every example as data that reads back as it was', () => {
    const data = /<script type="application\/json" id="examples-data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(data).not.toContain('<');
    const examples = JSON.parse(data);
    expect(examples).toHaveLength(2);
    expect(examples[0].prediction).toBe(items[0].prediction);
    expect(examples[0].flags).toEqual(flags[0]);
  });

  it('needs nothing from elsewhere', () => {
    const withoutText = page.replaceAll(/&lt;.*?&gt;/g, '');
    expect(withoutText).not.toMatch(/<link|@import|url\(|https?:|<script src|<iframe/);
    expect(page).toContain("default-src 'none'");
  });

  it('names the setting of every ROUGE and shows the baselines beside it', () => {
    expect(page).toContain('F1, plain words');
    expect(page).toContain('F1, Porter-stemmed words');
    for (const title of ['fixed sentence', 'lead sentence', 'nearest report']) expect(page).toContain(title);
  });

  it('marks the words in which prediction and reference differ, and shows the empty prediction as such', () => {
    expect(page).toContain('<mark class="missing">No</mark> edema');
    expect(page).toContain('<span class="faint">(empty)</span>');
  });

  it('has no NaN, whatever a stratum lacks', () => {
    expect(reportPage({ title: 'one', items: items.slice(1), ...evaluate(items.slice(1)) })).not.toContain('NaN');
  });
});

describe('the printed table', () => {
  it('has the flags, the test, the strata and no NaN', () => {
    const table = scoreTable(result.evaluation);
    expect(table).toMatch(/Flags, % of reports +hard +soft\nany kind +50\.0 +0\.0\nnegation +50\.0/);
    expect(table).toMatch(/ROUGE-L F1, stemmed .* p?/);
    expect(table).toContain('abnormal: predictions');
    expect(scoreTable(evaluate(items.slice(1)).evaluation)).not.toContain('NaN');
    expect(table).toContain('Empty predictions, which score 0: 1.');
  });
});

describe('the parallel form for RadEval', () => {
  it('keeps empty predictions in their places', () => {
    const { references, hypotheses } = JSON.parse(radEvalJson(items));
    expect(references).toEqual(items.map(({ reference }) => reference));
    expect(hypotheses[1]).toBe('');
  });
});

describe('any text', () => {
  const words = fc.constantFrom(
    'no',
    'left',
    'effusion',
    '.',
    '2.5 cm',
    'unchanged',
    '</script>',
    '____',
    '\ud800',
    '\n',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.array(words, { maxLength: 30 }).map((list) => list.join(' ')),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  );
  const report = fc.record({ studyId: text, findings: text, background: text, reference: text, prediction: text });

  it('is scored, tabled and shown without an error, every example as it was', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 4 }), (reports) => {
        const found = reports.map(({ prediction, findings, background }) =>
          checkImpression({ impression: prediction, findings, background }),
        );
        const settings = { against: { name: 'other', predictions: reports.map(({ findings }) => findings) } };
        const scored = evaluate(reports, { ...settings, resamples: 3, randomisationSamples: 3 });
        expect(scoreTable(scored.evaluation)).not.toContain('NaN');
        const html = reportPage({ title: 'any', items: reports, flags: found, ...scored });
        expect(html.match(/<\/script>/g)).toHaveLength(2);
        const data = /id="examples-data">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
        const shown = JSON.parse(data).map(({ prediction }: { prediction: string }) => prediction);
        expect(shown).toEqual(reports.map(({ prediction }) => prediction));
      }),
      { numRuns: 150 },
    );
  });
});
