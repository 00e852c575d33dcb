import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askDecision } from '../../src/cli/sagemaker/interrupt.js';
import { paidTime } from '../../src/cli/sagemaker/money.js';
import { Failure } from '../../src/ground/failure.js';
import { parsePrompt, renderPrompt } from '../../src/reports/prompt.js';
import { awsFailure } from '../../src/sagemaker/aws/errors.js';
import { channelFiles } from '../../src/sagemaker/data/channel.js';
import { parseS3, s3Uri, within } from '../../src/sagemaker/data/s3-uri.js';
import { dialectOf, generatedText, requestObject, streamPayloadFor } from '../../src/sagemaker/inference/dialect.js';
import { eventData } from '../../src/sagemaker/inference/stream.js';
import { transformLines, transformPredictions } from '../../src/sagemaker/transform/lines.js';
import { LiteralError, parsePythonLiteral } from '../../src/sagemaker/transform/python-literal.js';

const example = (findings: string, background = '') => ({
  studyId: findings,
  subjectId: 'p',
  findings,
  impression: 'Nothing.',
  background,
});

describe('the two dialects', () => {
  it('put the same settings where each expects them', () => {
    expect(requestObject('script', 'P', { maxNewTokens: 80, beams: 10, noRepeatNgram: 3 })).toEqual({
      text_inputs: 'P',
      max_length: 80,
      num_return_sequences: 1,
      num_beams: 10,
      no_repeat_ngram_size: 3,
    });
    expect(requestObject('tgi', 'P', { maxNewTokens: 80, beams: 1, topP: 0.9, seed: 1 })).toEqual({
      inputs: 'P',
      parameters: { max_new_tokens: 80, do_sample: true, top_p: 0.9, seed: 1 },
    });
  });

  it('refuse what they cannot do instead of ignoring it', () => {
    const plain = { maxNewTokens: 80, beams: 1 };
    expect(() => requestObject('tgi', 'P', { ...plain, beams: 10 })).toThrow(/no beam search/);
    expect(() => requestObject('tgi', 'P', { ...plain, noRepeatNgram: 3 })).toThrow(/--no-repeat-ngram/);
    expect(() => requestObject('tgi', 'P', { ...plain, lengthPenalty: 2 })).toThrow(/--length-penalty/);
    expect(() => requestObject('script', 'P', { ...plain, truncate: 900 })).toThrow(/--truncate/);
    expect(() => streamPayloadFor('script', 'P', plain)).toThrow(/no streaming/);
    expect(() => requestObject('tgi', 'P', { ...plain, topP: 1 })).toThrow(/--top-p/);
  });

  it.each([
    [[{ generated_text: 'a' }], 'a'],
    [{ generated_texts: ['a', 'b'] }, 'a'],
    [{ generated_texts: [['a', 'b']] }, 'a'],
    [{ generated_text: '' }, ''],
    [[{ generated_text: 'a', details: {} }], 'a'],
    [{ error: 'x' }, undefined],
    [[], undefined],
    ['a', undefined],
    [null, undefined],
  ])('read the text out of %j', (value, text) => {
    expect(generatedText(value)).toBe(text);
  });

  it('are told by a document’s payloads, else by the image', () => {
    expect(dialectOf({ promptKey: 'text_inputs', image: 'x/huggingface-pytorch-tgi-inference:2' })).toBe('script');
    expect(dialectOf({ image: 'x/huggingface-pytorch-tgi-inference:2' })).toBe('tgi');
    expect(dialectOf({ image: 'x/huggingface-pytorch-inference:1' })).toBe('script');
    expect(dialectOf({ image: 'x/other' })).toBeUndefined();
  });
});

describe('a stream of events', () => {
  it('is read whole wherever it is cut, in the middle of letters too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('\n\n', '\r\n\r\n'),
        async (texts, size, end) => {
          const bytes = Buffer.from(texts.map((text) => `data:${JSON.stringify(text)}${end}`).join(''));
          async function* parts(): AsyncGenerator<Uint8Array> {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          }
          const read: string[] = [];
          for await (const data of eventData(parts())) read.push(JSON.parse(data));
          expect(read).toEqual(texts);
        },
      ),
    );
  });
});

describe('the lines of batch transform', () => {
  const prompt = parsePrompt('Findings: {findings}');

  it('carry an order that is checked on the way back', () => {
    const examples = [example('A'), example('B')];
    const lines = transformLines(examples, prompt, 'script', { maxNewTokens: 50, beams: 4 });
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([0, 1]);
    const output = "{'id': 0, 'generated_texts': ['It\\'s fine.']}\n{'id': 1, 'generated_texts': [\"B's\"]}\n";
    expect(transformPredictions(output, examples, 'x.out')).toEqual([
      { studyId: 'A', impression: "It's fine." },
      { studyId: 'B', impression: "B's" },
    ]);
    const swapped = output.split('\n').slice(0, 2).reverse().join('\n');
    expect(() => transformPredictions(swapped, examples, 'x.out')).toThrow(/out of order, x\.out line 1/);
    expect(() => transformPredictions('{}\n', examples, 'x.out')).toThrow(/1 lines for 2 findings/);
    expect(() => transformPredictions('[1]\nsecret text\n', examples, 'x.out')).toThrow(/^(?!.*secret)/);
  });

  it('may be Python literals, of which nothing is run', () => {
    expect(parsePythonLiteral("{'a': [1, -2.5, None], 'b': (True, 'x\\n\\u00e9'), \"c\": {}}")).toEqual({
      a: [1, -2.5, null],
      b: [true, 'x\né'],
      c: {},
    });
    for (const text of [
      "__import__('os')",
      "{'a': 1",
      "{'a' 1}",
      "['a' 'b']",
      '',
      "'a\n'",
      'x',
      '[1] [2]',
      `${'['.repeat(99)}`,
    ]) {
      expect(() => parsePythonLiteral(text), text).toThrow(LiteralError);
    }
  });

  it('gives every text back that Python’s repr would write', () => {
    const repr = (text: string): string => {
      const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
      const inner = text
        .replace(/\\/g, '\\\\')
        .replace(/\n/g, '\\n')
        .replace(/\r/g, '\\r')
        .replace(/\t/g, '\\t')
        .replace(/\p{Cc}/gu, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
      return `${quote}${quote === "'" ? inner.replace(/'/g, "\\'") : inner}${quote}`;
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parsePythonLiteral(`{'t': ${repr(text)}}`)).toEqual({ t: text });
      }),
    );
  });
});

describe('training data', () => {
  it('holds only the fields its template names, and reads at the endpoint as in training', () => {
    const prompt = parsePrompt('{{Report}} {findings} {{{background}}}');
    const [lines, template] = channelFiles([example('A {b}', ''), example('C', 'D')], prompt, 'train.jsonl');
    const records = lines!.content
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toEqual([
      { background: 'none given', findings: 'A {b}', impression: 'Nothing.' },
      { background: 'D', findings: 'C', impression: 'Nothing.' },
    ]);
    const { prompt: pythonTemplate, completion } = JSON.parse(template!.content.toString());
    expect(completion).toBe('{impression}');
    // Python's str.format, as JumpStart's script applies it.
    const format = (fields: Record<string, string>): string =>
      pythonTemplate.replace(/\{\{|\}\}|\{(\w+)\}/g, (all: string, name: string) => (name ? fields[name] : all[0]));
    expect(format(records[0])).toBe(renderPrompt(prompt, example('A {b}', '')));
    const [only] = channelFiles([example('A', 'B')], parsePrompt('{findings}'), 'train.jsonl');
    expect(only!.content.toString()).not.toContain('background');
  });
});

describe('what AWS says', () => {
  const service = (name: string, message: string) =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });

  it.each([
    ['ExpiredTokenException', 'expired', /aws sso login/],
    ['AccessDeniedException', 'User is not authorized to perform sagemaker:CreateModel', /docs\/sagemaker/],
    [
      'ResourceLimitExceeded',
      "limit 'ml.g5.2xlarge for endpoint usage' is 0",
      /quota of 'ml\.g5\.2xlarge for endpoint usage'/,
    ],
    ['NoSuchBucket', 'no', /create the bucket/],
    ['ThrottlingException', 'Rate exceeded', /slow down/],
    ['ResourceInUse', 'exists', /--name/],
  ])('of %s becomes what to do', (name, message, advice) => {
    const failure = awsFailure(service(name, message), 'cannot do it', 'thing');
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).message).toMatch(advice);
  });

  it('passes defects of this program on unchanged', () => {
    const defect = new TypeError('x is not a function');
    expect(awsFailure(defect, 'cannot do it')).toBe(defect);
  });
});

describe('small parts', () => {
  it('takes S3 locations apart and puts them together', () => {
    expect(s3Uri(within(parseS3('s3://hospital/a/', '--s3'), 'b', 'c.json'))).toBe('s3://hospital/a/b/c.json');
    expect(s3Uri(within(parseS3('s3://hospital', '--s3'), 'b'))).toBe('s3://hospital/b');
    for (const wrong of ['hospital/a', 's3:/hospital', 's3://UPPER/x', 'https://hospital.s3.amazonaws.com/a']) {
      expect(() => parseS3(wrong, '--s3'), wrong).toThrow(/--s3.*s3:\/\/BUCKET\/PREFIX/);
    }
  });

  it('asks on Ctrl-C until the answer is clear, and leaves when there is none', async () => {
    const ask = (typed: string | null) => {
      const input = new PassThrough();
      const asked = askDecision('Job runs on.', input, new PassThrough());
      if (typed === null) input.end();
      else input.write(typed);
      return asked;
    };
    expect(await ask('what?\ns\n')).toBe('stop');
    expect(await ask('L\n')).toBe('leave');
    expect(await ask('cont\n')).toBe('continue');
    expect(await ask(null)).toBe('leave');
  });

  it('says what time costs', () => {
    expect(paidTime(5400, 2, 1.5)).toBe('1 h 30 min on 2 machines, about 4.50 USD');
    expect(paidTime(60, 1)).toBe('1 min 00 s');
  });
});
