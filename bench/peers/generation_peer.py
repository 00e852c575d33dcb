"""Transformers' generate on PyTorch with random weights of a true shape: seconds of a draft, of the encoder, ms a token.

    python generation_peer.py '{"config": {...}, "input": 256, "new": 64, "threads": 2, "rounds": 3, "cases": [...]}'

A case is {"batch": 1, "beams": 1, "int8": false}. Prints one JSON line a case.
"""
import json
import statistics
import sys
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.manual_seed(0)
config = T5Config(**task["config"])
model = T5ForConditionalGeneration(config).eval()
quantised = None


# With one thread processor time is meant, as bench/generation.mjs says why.
clock = time.process_time if task["threads"] == 1 else time.perf_counter


def median_of(run):
    seconds = []
    for _ in range(task["rounds"]):
        started = clock()
        run()
        seconds.append(clock() - started)
    return statistics.median(seconds), min(seconds)


with torch.inference_mode():
    for case in task["cases"]:
        if case["int8"] and quantised is None:
            quantised = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
        chosen = quantised if case["int8"] else model
        ids = torch.randint(2, 30000, (case["batch"], task["input"]))
        mask = torch.ones_like(ids)
        new = task["new"]
        encoder, _ = median_of(lambda: chosen.encoder(input_ids=ids, attention_mask=mask))
        total, best = median_of(
            lambda: chosen.generate(
                input_ids=ids, attention_mask=mask, num_beams=case["beams"], do_sample=False, min_new_tokens=new, max_new_tokens=new
            )
        )
        print(json.dumps({**case, "total": total, "best": best, "encoder": encoder, "step": (total - encoder) / new * 1000}), flush=True)
