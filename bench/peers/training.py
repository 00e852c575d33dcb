"""The peer of bench/training.mjs: one training step of Transformers on PyTorch (eager, float32) at the same shape.

    python bench/peers/training.py full|lora MODEL_CONFIG.json BATCH INPUT TARGET STEPS THREADS

Prints a line of JSON: the seconds of each step (forward, backward, clipping, AdamW) and the process's peak memory.
"""

import json
import resource
import sys
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

mode, config_file, *numbers = sys.argv[1:]
batch, input_tokens, target_tokens, steps, threads = map(int, numbers)
torch.set_num_threads(threads)
torch.manual_seed(0)
with open(config_file) as file:
    model = T5ForConditionalGeneration(T5Config(**json.load(file)))
if mode == "lora":
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.1, target_modules=["q", "v"])
    model = get_peft_model(model, lora)
model.train()
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4)
ids = torch.randint(3, 32000, (batch, input_tokens))
mask = torch.ones_like(ids)
labels = torch.randint(3, 32000, (batch, target_tokens))
seconds = []
for _ in range(steps):
    started = time.perf_counter()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seconds.append(time.perf_counter() - started)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "peakMiB": round(peak), "loss": loss.item()}))
