"""Whether Transformers and PEFT read what is written here with the same logits, and the other way round.

    npm run build && python bench/peers/adapter_roundtrip.py

Makes small models and adapters with Transformers and PEFT (float32, bfloat16, float16; one file and shards), and others by training with
`impressionist` (all weights; an adapter), and has both sides compute the logits of the same tokens from each. Prints the largest
differences; ends with an error when one is above 1e-5 of the largest logit, which is float32's own rounding.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Everything is a folder on this machine: nothing is looked for on the hub.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from transformers import AutoModelForSeq2SeqLM, T5Config, T5ForConditionalGeneration  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

root = pathlib.Path(__file__).parent.parent.parent
work = pathlib.Path(tempfile.mkdtemp())
tokenizer = root / "src" / "models" / "tiny"
ids = torch.arange(3, 43).reshape(2, 20)
decoder_ids = ids[:, :9]
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
LIMIT = 1e-5
failed = False


def impressionist(*arguments):
    command = ["node", root / "dist" / "cli" / "main.js", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=work, stderr=subprocess.DEVNULL)


def transformers_model(folder):
    """Whatever the type in the file, computed in float32."""
    return AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)


def with_adapter(base, adapter):
    return PeftModel.from_pretrained(transformers_model(base), adapter)


def theirs(model):
    model.eval()
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids), decoder_input_ids=decoder_ids).logits


def ours(*models):
    """The logits computed here, of each (model, adapter or None, whether the adapter is kept apart)."""
    files = [work / f"logits-{i}" for i in range(len(models))]
    listed = [
        {"model": str(model), **({"adapter": str(adapter), "apart": apart} if adapter else {}), "out": str(file)}
        for (model, adapter, apart), file in zip(models, files)
    ]
    (work / "work.json").write_text(json.dumps({"ids": ids.tolist(), "decoderIds": decoder_ids.tolist(), "models": listed}))
    subprocess.run(["node", root / "bench" / "peers" / "logits.mjs", work / "work.json"], check=True)
    return [torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.float32).reshape(2, 9, -1) for file in files]


def show(what, got, wanted):
    global failed
    off, largest = (got - wanted).abs().max().item(), wanted.abs().max().item()
    same = off <= LIMIT * largest
    failed = failed or not same
    print(f"  {what}: {off:.1e} (largest logit {largest:.1f}){'' if same else '  NOT THE SAME'}")


examples = [
    {"study_id": str(i), "subject_id": str(i), "findings": f"Small effusion {i}.", "impression": "Effusion.", "background": ""}
    for i in range(24)
]
(work / "data.json").write_text(json.dumps(examples))
train = ["--epochs", 3, "--accumulation", 1]

for tied in (False, True):
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=3000, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0,
        feed_forward_proj="relu" if tied else "gated-gelu", tie_word_embeddings=tied,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    print(f"{'v1.0, tied head' if tied else 'v1.1, own head'}: theirs, read here")
    for name, dtype in TYPES.items():
        for form, size in (("one file", "5GB"), ("shards", "200KB")):
            folder = work / f"{name}-{form}-{tied}".replace(" ", "-")
            saved = T5ForConditionalGeneration(config)
            saved.load_state_dict(model.state_dict())
            saved.to(dtype).save_pretrained(folder, max_shard_size=size)
            for file in tokenizer.iterdir():
                (folder / file.name).write_bytes(file.read_bytes())
            parts = len(list(folder.glob("*.safetensors")))
            [got] = ours((folder, None, False))
            show(f"model in {name}, {parts} file{'s' if parts > 1 else ''}", got, theirs(transformers_model(folder)))
    base = work / f"float32-one-file-{tied}"
    for name, dtype in TYPES.items():
        peft = get_peft_model(
            transformers_model(base), LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False)
        )
        adapter = work / f"adapter-{name}-{tied}"
        for key, weight in peft.named_parameters():
            if "lora_" in key:
                weight.data = weight.data.to(dtype)
        peft.save_pretrained(adapter)
        wanted = theirs(with_adapter(base, adapter))
        apart, merged = ours((base, adapter, True), (base, adapter, False))
        show(f"adapter in {name}, beside the weights", apart, wanted)
        show(f"adapter in {name}, worked into the weights", merged, wanted)

    print(f"{'v1.0, tied head' if tied else 'v1.1, own head'}: ours, read there")
    full = work / f"full-{tied}"
    impressionist("train", work / "data.json", "--model", base, "--out", full, *train)
    [got] = ours((full / "model", None, False))
    show("model trained here, in Transformers", theirs(transformers_model(full / "model")), got)
    run = work / f"lora-{tied}"
    impressionist("train", work / "data.json", "--model", base, "--out", run, "--lora", "--lora-targets", "all", *train)
    [got] = ours((base, run / "model", True))
    there = theirs(with_adapter(base, run / "model"))
    show("adapter trained here, in PEFT", there, got)
    change = (there - theirs(transformers_model(base))).abs().max().item()
    print(f"    (it changes the logits by {change:.1f})")
    merged = work / f"merged-{tied}"
    impressionist("export", run / "model", "--format", "merged", "--out", merged)
    show("the same merged here, in Transformers", theirs(transformers_model(merged)), there)
    theirs_merged = work / f"theirs-merged-{tied}"
    impressionist("export", base, "--adapter", work / f"adapter-float32-{tied}", "--format", "merged", "--out", theirs_merged)
    show(
        "PEFT's adapter merged here, in Transformers",
        theirs(transformers_model(theirs_merged)),
        theirs(with_adapter(base, work / f"adapter-float32-{tied}")),
    )

print("not the same" if failed else f"all the same within {LIMIT:.0e} of the largest logit")
sys.exit(failed)
