import { describe, expect, it } from 'vitest';
import { narrativeText } from '../../src/reports/fhir/narrative.js';
import { parseFreeText } from '../../src/reports/free-text.js';

describe('text made to take long', () => {
  it.each([' ', '\t', '\n', 'A:\n', 'A ', 'FINDINGS: ', '. FINDINGS:'])(
    '%j over and over is parsed in a moment',
    (piece) => {
      const started = performance.now();
      parseFreeText(piece.repeat(64_000 / piece.length));
      expect(performance.now() - started).toBeLessThan(1500);
    },
  );
  it.each(['<', '<!--', '<script>', '&#1', '<div ', '<p', ' \n', '&a'])(
    '%j over and over is read in a moment',
    (piece) => {
      const started = performance.now();
      narrativeText(piece.repeat(1_000_000 / piece.length));
      expect(performance.now() - started).toBeLessThan(1500);
    },
  );
});

describe('a pasted report', () => {
  it.each([
    ['FINDINGS: Clear.\nIMPRESSION: Normal.', { findings: 'Clear.', impression: 'Normal.', background: '' }],
    [
      'Findings\nClear lungs.\nNo effusion.\n\nImpression\n1. Normal.',
      { findings: 'Clear lungs. No effusion.', impression: '1. Normal.' },
    ],
    [
      'EXAM: CHEST PA.  HISTORY: Cough.  FINDINGS: Clear.  IMPRESSION: Normal.',
      { findings: 'Clear.', background: 'EXAM: CHEST PA. HISTORY: Cough.' },
    ],
    [
      'Clinical information: fever\r\nComparison: None.\r\nFindings: Clear.\r\nConclusion: Normal.',
      { findings: 'Clear.', impression: 'Normal.', background: 'Clinical information: fever Comparison: None.' },
    ],
    ['The lungs are clear.\n\nIMPRESSION: Normal.', { findings: 'The lungs are clear.', impression: 'Normal.' }],
    ['FINDINGS: Heart: normal. Lungs: clear.', { findings: 'Heart: normal. Lungs: clear.' }],
    ['FINDINGS: Clear.\nRECOMMENDATION: Follow-up CT.', { findings: 'Clear.', impression: '', background: '' }],
  ])('%j is taken apart', (text, expected) => {
    expect(parseFreeText(text)).toMatchObject({ ...expected, recognised: true });
  });

  it.each(['The lungs are clear.\nNo effusion.', '', 'Heart and chest\nare normal'])(
    '%j without headers is all findings',
    (text) => {
      expect(parseFreeText(text)).toEqual({
        findings: text.replace('\n', ' '),
        background: '',
        impression: '',
        recognised: false,
      });
    },
  );
});
