"""What trusted references say of BERTScore and CheXbert, on tiny random models: makes test/fixtures/judges.

    python bench/peers/judges.py test/fixtures/judges

Two encoders with random weights, BERT (WordPiece) and RoBERTa (byte-level BPE), are made with Transformers, written as
Optimum writes them (torch.onnx; same names of inputs and outputs), and scored with bert_score's formula on PyTorch. A third
one gets CheXbert's 14 heads. Tokenizers are trained on the synthetic reports of samples/; no patient text goes in.

The formula is that of bert_score 0.3.13 (T. Zhang et al., "BERTScore", ICLR 2020), a pair at a time, so that no padding takes
part. Where the package itself is installed, it is run too and must agree to 1e-6.
"""
import gzip
import json
import math
import random
import sys
import zipfile
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertModel, BertTokenizerFast, RobertaConfig, RobertaModel, RobertaTokenizerFast

OUT = Path(sys.argv[1])
SAMPLES = Path(__file__).parents[2] / 'samples' / 'reports.zip'
MAX_TOKENS = 40
LAYERS = 2
WIDTH = 8

PAIRS = [  # (reference, prediction)
    ('No acute cardiopulmonary abnormality.', 'No acute cardiopulmonary abnormality.'),
    ('No acute cardiopulmonary abnormality.', 'No acute cardiopulmonary process.'),
    ('Small left pleural effusion. No pneumothorax.', 'Small right pleural effusion.'),
    ('Pleural effusion.', 'No pleural effusion.'),
    ('1. Cardiomegaly.\n2. No edema.', 'Cardiomegaly without edema'),
    ('Cardiomegaly.', ''),
    ('', 'Cardiomegaly.'),
    ('   ', ' \n '),
    ('Möglicher Erguß 25 °C ≥ 3 µm', 'moglicher erguss 25 °c'),
    ('A [SEP] in the text </s> here', 'A text [CLS] with <s> marks'),
    ('Atelectasis at both lung bases, unchanged. ' * 6, 'Unchanged atelectasis at the lung bases. ' * 5),
    ('𠀀 胸部 X-ray 🫁', '胸部 x-ray'),
]


def corpus():
    with zipfile.ZipFile(SAMPLES) as archive:
        return [archive.read(name).decode() for name in sorted(archive.namelist()) if name.endswith('.txt')]


def bert_tokenizer(texts):
    trained = Tokenizer(models.WordPiece(unk_token='[UNK]'))
    trained.normalizer = normalizers.BertNormalizer()
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    trained.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False))
    vocab = {piece: at for at, (piece, _) in enumerate(sorted(trained.get_vocab().items(), key=lambda one: one[1]))}
    return BertTokenizerFast(vocab=vocab, do_lower_case=True, model_max_length=MAX_TOKENS)


def roberta_tokenizer(texts):
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>']
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, special_tokens=special, show_progress=False)
    trained.train_from_iterator(texts, trainer)
    model = json.loads(trained.to_str())['model']
    merges = [tuple(merge) for merge in model['merges']]
    return RobertaTokenizerFast(vocab=model['vocab'], merges=merges, model_max_length=MAX_TOKENS)


SMALL = dict(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=12, initializer_range=0.4,
             attn_implementation='eager')


class Encoder(torch.nn.Module):
    def __init__(self, model, types, hidden):
        super().__init__()
        self.model, self.types, self.hidden = model, types, hidden

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        more = {'token_type_ids': token_type_ids} if self.types else {}
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=self.hidden, **more)
        return (out.last_hidden_state, *out.hidden_states) if self.hidden else out.last_hidden_state


class CheXbert(torch.nn.Module):
    """As `bert_labeler` of github stanfordmlgroup/CheXbert: 13 heads of 4 classes and one of 2 on [CLS]; a float mask."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert
        self.linear_heads = torch.nn.ModuleList([torch.nn.Linear(WIDTH, 4) for _ in range(13)] + [torch.nn.Linear(WIDTH, 2)])

    def forward(self, source_padded, attention_mask):
        first = self.bert(source_padded, attention_mask=attention_mask).last_hidden_state[:, 0]
        return tuple(head(first) for head in self.linear_heads)


def write_onnx(model, example, inputs, outputs, path):
    dynamic = {name: {0: 'batch_size', 1: 'sequence_length'} for name in inputs}
    dynamic |= {name: {0: 'batch_size', 1: 'sequence_length'} if 'hidden' in name else {0: 'batch_size'} for name in outputs}
    plain = path.with_suffix('.tmp')
    torch.onnx.export(model, example, str(plain), input_names=inputs, output_names=outputs, dynamic_axes=dynamic,
                      opset_version=17, dynamo=False)
    path.write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    plain.unlink()


def prepared(tokenizer, text):
    """As bert_score's `sent_encode` does: stripped; a space before byte-level pieces."""
    text = text.strip()
    return ' ' + text if text and isinstance(tokenizer, RobertaTokenizerFast) else text


def sentence_ids(tokenizer, text):
    """Cut to what the model takes."""
    return tokenizer(prepared(tokenizer, text), truncation=True, max_length=tokenizer.model_max_length)['input_ids']


def idf_weights(tokenizer, references):
    counts = Counter(one for text in references for one in set(sentence_ids(tokenizer, text)))
    return lambda one: math.log((len(references) + 1) / (counts[one] + 1))


def bert_score_pair(tokenizer, model, layer, weight, reference, prediction):
    def embedded(text):
        ids = sentence_ids(tokenizer, text)
        x = torch.tensor([ids])
        with torch.no_grad():
            out = model(input_ids=x, attention_mask=torch.ones_like(x), output_hidden_states=True).hidden_states[layer][0]
        return ids, out / out.norm(dim=-1, keepdim=True), torch.tensor([float(weight(one)) for one in ids])

    (reference_ids, r, r_weights), (prediction_ids, p, p_weights) = embedded(reference), embedded(prediction)
    if len(reference_ids) == 2 or len(prediction_ids) == 2:
        return [0.0, 0.0, 0.0]
    similarity = p @ r.T
    precision = (similarity.max(1).values * p_weights / p_weights.sum()).sum().item()
    recall = (similarity.max(0).values * r_weights / r_weights.sum()).sum().item()
    f1 = 2 * precision * recall / (precision + recall)
    return [precision, recall, f1]


def check_package(folder, tokenizer, layer, idf, scores):
    """The package itself, where it can be imported: `bert_score.utils` on the same model."""
    try:
        from bert_score import utils
    except ImportError:
        print('bert_score is not installed: formula only', file=sys.stderr)
        return
    from collections import defaultdict
    utils.sent_encode = sentence_ids  # written for Transformers 4's slow tokenizers
    model = utils.get_model(str(folder), layer)
    references = [reference for reference, _ in PAIRS]
    if idf:
        weights = utils.get_idf_dict(references, tokenizer, nthreads=0)
    else:
        weights = defaultdict(lambda: 1.0)
        weights[tokenizer.sep_token_id] = weights[tokenizer.cls_token_id] = 0
    for (reference, prediction), expected in zip(PAIRS, scores):
        found = utils.bert_cos_score_idf(model, [reference], [prediction], tokenizer, weights, device='cpu', batch_size=1)[0]
        assert all(abs(a - b) < 1e-6 for a, b in zip(found.tolist(), expected)), (folder, layer, idf, found, expected, reference, prediction)
    print(f'{folder.name}, layer {layer}, idf {idf}: the package agrees', file=sys.stderr)


def fuzzed(texts):
    pool = 'éèüßÄñçİıŁ\u0301\u0308\u200b\u00ad\ufeff\u00a0\u3000\u2028\u0085\t\n\r\x00\x7f中文𠀀𪛖日本한국어àã—–…“”°±×µ²½™≤😀👩‍⚕️🇩🇪\ufffd\ue000ﬁΣς１２אבعรहि~`!@#$%^&*()_+-=[]{}|;:\'",.<>/?\\ abcdeABC012'
    rng = random.Random(5)
    for _ in range(250):
        marks = ''.join(rng.choice(pool) for _ in range(rng.randint(1, 24)))
        words = rng.choice(texts).split()
        at = rng.randrange(len(words))
        yield (' ' if rng.random() < 0.7 else '').join([*words[max(0, at - 3):at], marks, *words[at:at + 3]])
    yield from ['[CLS] a [MASK]', 'x[SEP]y', '<s>a</s>', 'a <mask> b', "don't we'll", '', '  ', 'a' * 150, 'é' * 120 + ' x']


def main():
    texts = corpus()
    OUT.mkdir(parents=True, exist_ok=True)
    expected = {'pairs': PAIRS}
    cases = list(fuzzed(texts))
    tokens = {'texts': cases}
    baselines = [(0.1 + 0.1 * at, 0.12 + 0.1 * at, 0.11 + 0.1 * at) for at in range(LAYERS + 1)]
    (OUT / 'baseline.tsv').write_text('LAYER,P,R,F\n' + ''.join(f'{at},{p:.6f},{r:.6f},{f:.6f}\n' for at, (p, r, f) in enumerate(baselines)))
    for name in ('bert', 'roberta'):
        torch.manual_seed(7)
        bert = name == 'bert'
        tokenizer = (bert_tokenizer if bert else roberta_tokenizer)(texts)
        if bert:
            config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=MAX_TOKENS, **SMALL)
            model = BertModel(config, add_pooling_layer=False).eval()
        else:
            config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=MAX_TOKENS + 2, type_vocab_size=1,
                                   bos_token_id=0, pad_token_id=1, eos_token_id=2, **SMALL)
            model = RobertaModel(config, add_pooling_layer=False).eval()
        folder = OUT / name
        model.save_pretrained(folder)  # bert_score reads it; only the configuration stays
        tokenizer.save_pretrained(folder)
        tokens[name] = [tokenizer(prepared(tokenizer, text))['input_ids'] for text in cases]

        x = torch.tensor([[2, 9, 8, 7, 3], [2, 9, 3, 0, 0]])
        mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
        hidden = [f'hidden_states.{at}' for at in range(LAYERS + 1)] if bert else []
        inputs = ['input_ids', 'attention_mask'] + (['token_type_ids'] if bert else [])
        example = (x, mask, torch.zeros_like(x)) if bert else (x, mask)
        write_onnx(Encoder(model, bert, bert).eval(), example, inputs, ['last_hidden_state', *hidden], folder / 'model.onnx.gz')

        for layer in range(LAYERS + 1) if bert else [LAYERS]:
            for idf in (False, True):
                special = {tokenizer.cls_token_id, tokenizer.sep_token_id}
                weight = idf_weights(tokenizer, [one for one, _ in PAIRS]) if idf else lambda one: one not in special
                scores = [bert_score_pair(tokenizer, model, layer, weight, *pair) for pair in PAIRS]
                check_package(folder, tokenizer, layer, idf, scores)
                rescaled = [[(s - b) / (1 - b) for s, b in zip(one, baselines[layer])] for one in scores]
                expected.setdefault('bertscore', []).append(
                    {'model': name, 'layer': layer, 'idf': idf, 'scores': scores, 'rescaled': rescaled})
        if bert:
            labeler = CheXbert(model).eval()
            names = [f'output_{at}' for at in range(14)]
            write_onnx(labeler, (x, mask.float()), ['source_padded', 'attention_mask'], names, folder / 'chexbert.onnx.gz')
            written = [text for pair in PAIRS for text in pair]
            logits = []
            for text in written:
                # CheXbert's own preparation: white space runs become one space, cut at the model's length.
                ids = tokenizer(' '.join(text.split()), truncation=True, max_length=MAX_TOKENS)['input_ids']
                with torch.no_grad():
                    out = labeler(torch.tensor([ids]), torch.ones(1, len(ids)))
                logits.append([head[0].tolist() for head in out])
            expected['chexbert'] = {'texts': written, 'classes': [[max(range(len(h)), key=h.__getitem__) for h in one] for one in logits]}
        for left in ('model.safetensors', 'vocab.txt', 'special_tokens_map.json', 'vocab.json', 'merges.txt'):
            (folder / left).unlink(missing_ok=True)
    (OUT / 'expected.json').write_text(json.dumps(expected, ensure_ascii=False, indent=1) + '\n')
    (OUT / 'tokens.json.gz').write_bytes(gzip.compress(json.dumps(tokens).encode(), 9, mtime=0))


if __name__ == '__main__':
    main()
