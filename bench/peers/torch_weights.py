"""Writes the PyTorch weight files of test/fixtures/sagemaker/torch: run with torch and safetensors installed.

usage: python bench/peers/torch_weights.py test/fixtures/t5/gated/model.safetensors test/fixtures/sagemaker/torch
"""

import sys
from collections import OrderedDict

import torch
from safetensors.torch import load_file

model, out = sys.argv[1:]

# As Transformers 4.28 saves a T5: the embeddings of encoder and decoder are the shared ones.
state = OrderedDict(load_file(model))
state["encoder.embed_tokens.weight"] = state["shared.weight"]
state["decoder.embed_tokens.weight"] = state["shared.weight"]
# A view that does not lie row by row.
name = "encoder.block.0.layer.1.DenseReluDense.wo.weight"
state[name] = state[name].t().contiguous().t()
torch.save(state, f"{out}/pytorch_model.bin")

types = OrderedDict(
    f32=torch.arange(6, dtype=torch.float32).reshape(2, 3),
    f16=torch.arange(4).to(torch.float16),
    bf16=torch.arange(4).to(torch.bfloat16),
    i64=torch.arange(3),
    flag=torch.tensor([True, False]),
    scalar=torch.tensor(2.5),
    slice=torch.arange(10, dtype=torch.float32)[2:8:2],
    empty=torch.zeros(0, 4),
    parameter=torch.nn.Parameter(torch.ones(2)),
)
torch.save(types, f"{out}/types.bin")
torch.save(types, f"{out}/legacy.bin", _use_new_zipfile_serialization=False)


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/evil",)


torch.save(OrderedDict(weight=Evil()), f"{out}/evil.bin")
