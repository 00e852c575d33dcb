"""How far float32 LoRA logits can be trusted: PEFT's own numbers beside the same model in float64.

    python bench/peers/lora_float64.py

For each reference case under test/fixtures/t5 prints how far the recorded float32 logits are from float64, and how far float64's
move when every weight is off by half a unit in the last place at most. Writes the float64 logits (rounded once, at the end)
to lora/float64.safetensors, which the tests use.
"""

import json
import pathlib
import tempfile

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM
from transformers.models.t5 import modeling_t5

fixtures = pathlib.Path(__file__).parent.parent.parent / "test" / "fixtures" / "t5"


def exact_norm(self, hidden):
    return self.weight * hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def adapted(folder):
    """The model with its adapter; PEFT's wrapper for SEQ_2_SEQ_LM does not work with Transformers 5, the plain one does."""
    with tempfile.TemporaryDirectory() as copy:
        for file in (folder / "lora").glob("adapter_*"):
            (pathlib.Path(copy) / file.name).write_bytes(file.read_bytes())
        config = json.loads((folder / "lora" / "adapter_config.json").read_text())
        (pathlib.Path(copy) / "adapter_config.json").write_text(json.dumps({**config, "task_type": None}))
        base = AutoModelForSeq2SeqLM.from_pretrained(folder, attn_implementation="eager")
        return PeftModel.from_pretrained(base, copy).eval().double()


modeling_t5.T5LayerNorm.forward = exact_norm
models = {name: adapted(fixtures / name) for name in ("gated", "relu")}
torch.Tensor.float = lambda self: self  # the softmax stays in float64 too
for name, model in models.items():
    folder = fixtures / name
    inputs = json.loads((folder / "inputs.json").read_text())
    recorded = json.loads((folder / "expected.json").read_text())
    expected = load_file(folder / "lora" / "expected.safetensors")
    exact = {}
    for batch in ("short", "long"):
        feeds = {
            "input_ids": torch.tensor(inputs[batch]["input_ids"]),
            "attention_mask": torch.tensor(inputs[batch]["attention_mask"]),
            "decoder_input_ids": torch.tensor(recorded[batch]["decoder_input_ids"]),
        }
        random = torch.Generator().manual_seed(0)
        with torch.no_grad():
            logits = model(**feeds).logits
            kept = {key: weight.data for key, weight in model.named_parameters()}
            moved = 0.0
            for _ in range(8):
                for key, weight in model.named_parameters():
                    noise = 2 * torch.rand(weight.shape, generator=random, dtype=torch.float64) - 1
                    weight.data = kept[key] * (1 + noise * 2**-24)
                moved = max(moved, (model(**feeds).logits - logits).abs().max().item())
            for key, weight in model.named_parameters():
                weight.data = kept[key]
        assert logits.dtype == torch.float64
        off = (expected[f"{batch}.logits"].double() - logits).abs().max().item()
        print(f"{name} {batch}: PEFT in float32 is {off:.1e} off; weights off by half a unit move the logits by {moved:.1e}")
        exact[f"{batch}.logits"] = logits.to(torch.float32).contiguous()
    save_file(exact, folder / "lora" / "float64.safetensors")
