import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_PROMPT,
  parsePrompt,
  parsePromptFile,
  renderPrompt,
  serialisePrompt,
  splitPrompt,
} from '../../src/reports/prompt.js';

const fields = { findings: 'Clear lungs.', background: 'INDICATION: Cough.' };

describe('a prompt template', () => {
  it('is filled in with findings and background', () => {
    const template = parsePrompt('{background} / {findings} / {background}');
    expect(renderPrompt(template, fields)).toBe('INDICATION: Cough. / Clear lungs. / INDICATION: Cough.');
    expect(renderPrompt(parsePrompt('{findings}'), fields)).toBe('Clear lungs.');
  });

  it('keeps any literal text, braces doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (before, after, findings) => {
        const doubled = (text: string) => text.replace(/[{}]/g, '$&$&');
        const template = parsePrompt(`${doubled(before)}{findings}${doubled(after)}`);
        expect(renderPrompt(template, { findings, background: '' })).toBe(before + findings + after);
      }),
    );
  });

  it('never fills in what a report itself contains', () => {
    const tricky = { findings: '{background} {{ $& }}', background: '{findings} $1' };
    expect(renderPrompt(parsePrompt('{background}|{findings}'), tricky)).toBe('{findings} $1|{background} {{ $& }}');
  });

  it('splits around the findings, so that their end can be cut', () => {
    expect(splitPrompt(parsePrompt('B: {background} F: {findings} I:'), fields)).toEqual({
      before: 'B: INDICATION: Cough. F: ',
      findings: 'Clear lungs.',
      after: ' I:',
    });
  });

  it('says none given for a blank background', () => {
    expect(renderPrompt(DEFAULT_PROMPT, { findings: 'Clear lungs.', background: ' ' })).toBe(
      'Write the impression of this radiology report. Background: none given Findings: Clear lungs.',
    );
  });

  it.each([
    ['{finding}', /unknown field in the prompt template, got \{finding\}/],
    ['{ findings }', /unknown field/],
    ['no field', /must hold \{findings\} once, got none/],
    ['{findings} {findings}', /must hold \{findings\} once, got 2 of them/],
    ['{{findings}}', /must hold \{findings\} once, got none/],
    ['{findings} }', /a single \}/],
    ['{findings', /a single \{/],
    ['', /must hold/],
  ])('is refused as %j', (template, message) => {
    expect(() => parsePrompt(template)).toThrow(message);
  });
});

describe('prompt.json', () => {
  it('gives back the template it was made from', () => {
    for (const text of ['{findings}', 'Ä "quoted" {{x}} {background}\n{findings}']) {
      expect(parsePromptFile(serialisePrompt(parsePrompt(text)), 'prompt.json')).toEqual(parsePrompt(text));
    }
  });

  it.each([
    ['{', /not valid JSON, prompt\.json line 1/],
    ['[]', /no prompt template, prompt\.json, got a list/],
    ['{}', /no prompt template, prompt\.json, got no such field/],
    ['{"template": 3}', /no prompt template, prompt\.json, got a number/],
    ['{"template": "{x}"}', /unknown field in the prompt template, prompt\.json, got \{x\}/],
  ])('is refused as %s', (json, message) => {
    expect(() => parsePromptFile(json, 'prompt.json')).toThrow(message);
  });
});
