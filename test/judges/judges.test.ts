import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { chexbertLabels, chexbertObservations } from '../../src/evaluation/labels/chexbert.js';
import { openBertScore } from '../../src/judges/bertscore.js';
import { openChexbert } from '../../src/judges/chexbert.js';
import { encoderTokenizer } from '../../src/judges/tokenizer.js';
import { readExpected, readTokens, unpackedJudges } from './fixture.js';

const { path } = unpackedJudges();
const expected = await readExpected();

const tokenizerOf = async (model: 'bert' | 'roberta') => {
  const read = async (name: string) => JSON.parse(await readFile(path(model, name), 'utf8'));
  return encoderTokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'), 'tokenizer.json');
};

describe('tokenizers', () => {
  for (const model of ['bert', 'roberta'] as const) {
    it(`${model}: any text is cut as Transformers cuts it, once it is prepared as bert_score does`, async () => {
      const { texts, ...ids } = await readTokens();
      const tokenizer = await tokenizerOf(model);
      texts.forEach((text, index) => {
        expect([...tokenizer.tokenize(text, 1e9).ids], JSON.stringify(text)).toEqual(ids[model][index]);
      });
    });
  }

  it('a text that is too long keeps its beginning and the closing token', async () => {
    const tokenizer = await tokenizerOf('bert');
    const whole = tokenizer.tokenize('No pleural effusion. '.repeat(30), 1e9);
    const { ids, cut } = tokenizer.tokenize('No pleural effusion. '.repeat(30), 12);
    expect(cut).toBe(true);
    expect(whole.cut).toBe(false);
    expect([...ids]).toEqual([...whole.ids.slice(0, 11), tokenizer.special[1]]);
  });

  it('half a surrogate pair is no error', async () => {
    for (const model of ['bert', 'roberta'] as const)
      expect((await tokenizerOf(model)).tokenize('a\ud800 b\udc00', 99).ids.length).toBeGreaterThan(3);
  });

  it('those of other families are refused by name', () => {
    const tokenizer = { model: { type: 'Unigram', vocab: [] } };
    expect(() => encoderTokenizer(tokenizer, {}, 'there')).toThrow(/no tokenizer of BERT or RoBERTa, there, .*type/);
  });
});

describe('BERTScore', () => {
  for (const { model, layer, idf, scores, rescaled } of expected.bertscore) {
    for (const baseline of [false, true]) {
      it(`is bert_score's: ${model}, layer ${layer}, idf ${idf}, rescaled ${baseline}`, async () => {
        const judge = await openBertScore(path(model, 'model.onnx'), {
          layer,
          idf,
          baseline: baseline ? path('baseline.tsv') : undefined,
          threads: 1,
        });
        const { values, cut } = await judge.score(
          expected.pairs,
          expected.pairs.map(([reference]) => reference),
        );
        (baseline ? rescaled : scores).forEach(([precision, recall, f1], index) => {
          expect(Math.abs(values[index].precision - precision), `pair ${index}`).toBeLessThan(1e-5);
          expect(Math.abs(values[index].recall - recall), `pair ${index}`).toBeLessThan(1e-5);
          expect(Math.abs(values[index].f1 - f1), `pair ${index}`).toBeLessThan(1e-5);
        });
        expect(cut).toBe(2);
        expect(judge.setting).toMatchObject({ file: 'model.onnx', layer, idf, maxTokens: 40 });
        expect(judge.setting.sha256).toMatch(/^[0-9a-f]{64}$/);
        await judge.release();
      });
    }
  }

  it('takes the last layer when none is named, from a folder as well as from a file', async () => {
    const pairs = expected.pairs.slice(0, 4);
    const score = async (place: string, layer?: number) => {
      const judge = await openBertScore(place, { layer, threads: 1 });
      const { values } = await judge.score(pairs, []);
      await judge.release();
      return { values, layer: judge.setting.layer };
    };
    expect(await score(path('roberta'))).toEqual(await score(path('roberta', 'model.onnx'), 2));
    expect((await score(path('bert'))).layer).toBe(2);
  });

  it('scores hundreds of pairs in any order alike', async () => {
    const judge = await openBertScore(path('roberta'), { threads: 1 });
    const pairs = Array.from({ length: 1200 }, (_, index) => expected.pairs[index % expected.pairs.length]);
    const { values } = await judge.score(pairs, []);
    expect(values).toHaveLength(1200);
    const { scores } = expected.bertscore.find(({ model, idf }) => model === 'roberta' && !idf)!;
    values.forEach(({ f1 }, index) => {
      expect(Math.abs(f1 - scores[index % scores.length][2])).toBeLessThan(1e-5);
    });
    await judge.release();
  });
});

describe('CheXbert', () => {
  it('gives the labels that PyTorch gives', async () => {
    const judge = await openChexbert(path('bert', 'chexbert.onnx'), { threads: 1 });
    const { texts, classes } = expected.chexbert;
    const { values, cut } = await judge.label(texts);
    values.forEach((labels, index) => {
      expect(labels, `text ${index}`).toEqual(chexbertLabels(classes[index]));
    });
    expect(new Set(values.map((labels) => JSON.stringify(labels))).size).toBeGreaterThan(5);
    expect(cut).toBe(2);
    await judge.release();
  });

  it('names classes as Smit et al. do', () => {
    const classes = chexbertObservations.map((name) => (name === 'Edema' ? 3 : name === 'Fracture' ? 2 : 0));
    expect(chexbertLabels(classes)).toEqual({ Edema: 'uncertain', Fracture: 'negative' });
    expect(chexbertLabels(chexbertObservations.map((name) => (name === 'No Finding' ? 1 : 0)))).toEqual({
      'No Finding': 'positive',
    });
  });
});

describe('what can not judge is refused', () => {
  it('an encoder is not CheXbert, and CheXbert has no layers', async () => {
    await expect(openChexbert(path('bert', 'model.onnx'))).rejects.toThrow(/not CheXbert’s 14 outputs, .*got 4/);
    await expect(openBertScore(path('bert', 'chexbert.onnx'))).rejects.toThrow(
      /no output last_hidden_state, .*chexbert\.onnx, got output_0 /,
    );
  });

  it('a layer that the file does not give out, with the way to have it', async () => {
    await expect(openBertScore(path('roberta'), { layer: 1 })).rejects.toThrow(
      /no output of layer 1, .*got last_hidden_state of 2 layers, .*num_hidden_layers=1/,
    );
  });

  it('a baseline without that layer, or that is none', async () => {
    const baseline = path('short.tsv');
    await writeFile(baseline, 'LAYER,P,R,F\n0,0.1,0.1,0.1\n');
    await expect(openBertScore(path('roberta'), { baseline })).rejects.toThrow(
      /no baseline for layer 2, .*got 1 layers/,
    );
    await writeFile(baseline, 'P,R,F\n');
    await expect(openBertScore(path('roberta'), { baseline })).rejects.toThrow(/not a baseline of BERTScore/);
    await expect(openBertScore(path('roberta'), { baseline: path('none.tsv') })).rejects.toThrow(/no such file/);
  });

  it('a folder in doubt, without a model, without a tokenizer', async () => {
    await mkdir(path('two'));
    for (const name of ['a.onnx', 'b.onnx']) await copyFile(path('bert', 'model.onnx'), path('two', name));
    await expect(openBertScore(path('two'))).rejects.toThrow(/several ONNX files, .*got a\.onnx b\.onnx, name one/);
    await mkdir(path('none', 'onnx'), { recursive: true });
    await expect(openBertScore(path('none'))).rejects.toThrow(/no ONNX file/);
    await expect(openBertScore(path('missing'))).rejects.toThrow(/no such file/);
    await rm(path('two', 'b.onnx'));
    await expect(openBertScore(path('two'))).rejects.toThrow(/no tokenizer\.json/);
  });

  it('the tokenizer is found one folder up, as Transformers.js lays models out', async () => {
    await mkdir(path('js', 'onnx'), { recursive: true });
    await copyFile(path('roberta', 'model.onnx'), path('js', 'onnx', 'model.onnx'));
    for (const name of ['tokenizer.json', 'config.json']) await copyFile(path('roberta', name), path('js', name));
    const judge = await openBertScore(path('js'), { threads: 1 });
    expect(judge.setting).toMatchObject({ layer: 2, maxTokens: 40 });
    await judge.release();
  });

  it('a file that is no ONNX, in one line', async () => {
    await writeFile(path('bert', 'bad.onnx'), 'no model');
    const error = await openBertScore(path('bert', 'bad.onnx')).catch((caught: Error) => caught);
    expect((error as Error).message).toMatch(/^ONNX Runtime refused the file, .*bad\.onnx, got .+/);
    expect((error as Error).message).not.toContain('\n');
  });
});
