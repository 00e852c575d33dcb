"""Transformers' generate over a file of prompts, in batches of 8, greedy: seconds and texts as JSON.

    python drafting_peer.py MODEL PROMPTS.json NEW_TOKENS
"""
import json
import sys
import time

import torch
from transformers import AutoTokenizer, T5ForConditionalGeneration

directory, prompts, new = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
tokenizer = AutoTokenizer.from_pretrained(directory)
model = T5ForConditionalGeneration.from_pretrained(directory).eval()
texts = []
with torch.inference_mode():
    started = time.perf_counter()
    for first in range(0, len(prompts), 8):
        batch = tokenizer(prompts[first : first + 8], return_tensors="pt", padding=True)
        made = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], do_sample=False, max_new_tokens=new)
        texts += tokenizer.batch_decode(made, skip_special_tokens=True)
    seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "texts": texts}))
