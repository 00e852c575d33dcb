"""The peer of bench/epoch.mjs: an epoch's batches as Transformers' Seq2SeqTrainer makes them by default (random order, each
padded to its longest), on PyTorch eager, float32.

    python bench/peers/epoch.py PAIRS.json MODEL_CONFIG.json BATCHES THREADS
"""

import json
import random
import sys
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

pairs_file, config_file, count, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.manual_seed(0)
with open(pairs_file) as file:
    pairs = json.load(file)
with open(config_file) as file:
    model = T5ForConditionalGeneration(T5Config(**json.load(file))).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
random.Random(0).shuffle(pairs)
batches = [pairs[i : i + 8] for i in range(0, len(pairs), 8)]
every = max(1, len(batches) // int(count))


def padded(rows, value):
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


tokens, seconds = 0, 0.0
for i, batch in enumerate(batches[::every][: int(count)]):
    started = time.perf_counter()
    ids = padded([pair["input"] for pair in batch], 0)
    labels = padded([pair["target"] for pair in batch], -100)
    model(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if i == 0:
        continue  # the first step warms up
    seconds += time.perf_counter() - started
    tokens += sum(len(pair["input"]) + len(pair["target"]) for pair in batch)
print(json.dumps({"tokens": tokens, "seconds": seconds}))
