import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/ground/failure.js';
import { parsePromptOrTemplate, parseTemplateFile, serialiseTemplate } from '../../src/reports/jumpstart-template.js';
import { DEFAULT_PROMPT, parsePrompt, RETRIEVAL_PROMPT, serialisePrompt } from '../../src/reports/prompt.js';

const read = (prompt: unknown, completion: unknown = '{impression}', more = {}) =>
  parseTemplateFile(JSON.stringify({ prompt, completion, ...more }), 'template.json');

describe('template.json', () => {
  it('is what JumpStart reads: prompt and completion with the names of the data’s keys', () => {
    expect(JSON.parse(serialiseTemplate(DEFAULT_PROMPT))).toEqual({
      prompt: DEFAULT_PROMPT.template,
      completion: '{impression}',
    });
  });

  it('gives back the prompt it was made from, whatever its words', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('{background}', '{', '}', '\n', '"'));
    fc.assert(
      fc.property(fc.array(piece), fc.array(piece), (before, after) => {
        const literal = (pieces: string[]) =>
          pieces.map((text) => (text === '{background}' ? text : text.replace(/[{}]/g, '$&$&'))).join('');
        const prompt = parsePrompt(`${literal(before)}{findings}${literal(after)}`);
        expect(parseTemplateFile(serialiseTemplate(prompt), 'template.json').prompt).toEqual(prompt);
      }),
    );
  });

  it('of others is understood by their names for the same things', () => {
    const { prompt, keys } = read('{{Report}} {History}: {History} {document}', ' {summary}\n\n');
    expect(prompt).toEqual(parsePrompt('{{Report}} {background}: {background} {findings}'));
    expect(keys).toEqual({ findings: 'document', background: 'History', impression: 'summary' });
    // JumpStart's own when there is no template.json.
    expect(read('{prompt}', '{completion}').prompt).toEqual(parsePrompt('{findings}'));
  });

  it.each([
    ['an unknown placeholder', () => read('{findings} {age}'), /unknown placeholder.*got \{age\}.*\{findings\}, also/],
    ['Python’s positional one', () => read('{}'), /unknown placeholder in the template, template\.json, got \{\}/],
    ['a name that every object has', () => read('{constructor}'), /unknown placeholder/],
    ['no findings', () => read('{background}'), /must hold \{findings\} once, template\.json, got none/],
    ['findings twice', () => read('{findings} {findings}'), /must hold \{findings\} once/],
    ['two keys for one field', () => read('{findings} {document}'), /two placeholders for the findings.*\{document\}/],
    ['a lone brace', () => read('{findings} }'), /a single \} in the prompt template, template\.json/],
    ['the answer in the question', () => read('{findings} {summary}'), /prompt holds the impression/],
    ['similar reports', () => read('{findings} {similar}'), /unknown placeholder.*got \{similar\}/],
    ['no completion', () => parseTemplateFile('{"prompt": "{findings}"}', 't'), /has no completion, t, got no such/],
    ['a completion of another field', () => read('{findings}', '{findings}'), /completion is not the impression/],
    ['a completion without placeholder', () => read('{findings}', 'Normal.'), /impression alone.*got no placeholder/],
    ['more in its completion', () => read('{findings}', 'So: {impression}'), /impression alone.*got other text/],
    ['no prompt', () => read(3), /has no prompt, template\.json, got a number/],
    [
      'a part that nothing reads',
      () => read('{findings}', '{impression}', { system: 'x' }),
      /nothing here.*got system/,
    ],
    ['a list', () => parseTemplateFile('[]', 't'), /not a template, t, got a list/],
    ['broken JSON', () => parseTemplateFile('{\n"prompt"', 't'), /not valid JSON, t line 2/],
  ])('with %s is refused', (_, parse, message) => {
    expect(parse).toThrow(Failure);
    expect(parse).toThrow(message);
  });

  it('can’t hold similar reports', () => {
    expect(() => serialiseTemplate(RETRIEVAL_PROMPT)).toThrow('JumpStart can’t put similar reports into a prompt');
  });
});

describe('a prompt’s file', () => {
  it('is either prompt.json or template.json', () => {
    expect(parsePromptOrTemplate(serialisePrompt(RETRIEVAL_PROMPT), 'x')).toEqual(RETRIEVAL_PROMPT);
    expect(parsePromptOrTemplate(serialiseTemplate(DEFAULT_PROMPT), 'x')).toEqual(DEFAULT_PROMPT);
    expect(() => parsePromptOrTemplate('{"completion": "{impression}"}', 'x')).toThrow('the template has no prompt');
    expect(() => parsePromptOrTemplate('{}', 'x')).toThrow('no prompt template');
    expect(() => parsePromptOrTemplate('"{findings}"', 'x')).toThrow(
      /no prompt template, x, got a string.*template\.json/,
    );
  });
});
