import { describe, expect, it } from 'vitest';
import { parseFreeText } from '../../src/reports/free-text.js';

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
