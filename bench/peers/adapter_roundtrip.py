"""Whether Transformers and PEFT read what is written here with the same logits, and the other way round.

    npm run build && python bench/peers/adapter_roundtrip.py

Makes a small model and an adapter with Transformers and PEFT, lets `impressionist` merge them (theirs here), trains an adapter
with `impressionist` over the same model, and loads it and its merged form in PEFT and Transformers (ours there).
Prints the largest differences of logits.
"""

import json
import pathlib
import subprocess
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForSeq2SeqLM, T5Config, T5ForConditionalGeneration

root = pathlib.Path(__file__).parent.parent.parent
work = pathlib.Path(tempfile.mkdtemp())
tokenizer = root / "src" / "models" / "tiny"


def impressionist(*arguments):
    subprocess.run(["node", root / "dist" / "cli" / "main.js", *map(str, arguments)], check=True, cwd=work)


def logits(model):
    model.eval()
    ids = torch.arange(3, 43).reshape(2, 20)
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids), decoder_input_ids=ids[:, :9]).logits


def difference(a, b):
    return f"{(a - b).abs().max().item():.1e} (largest logit {b.abs().max().item():.1f})"


for tied in (False, True):
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=3000, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0,
        feed_forward_proj="relu" if tied else "gated-gelu", tie_word_embeddings=tied,
    )  # fmt: skip
    base = work / f"base-{tied}"
    T5ForConditionalGeneration(config).save_pretrained(base)
    for file in tokenizer.iterdir():
        (base / file.name).write_bytes(file.read_bytes())
    print(f"{'v1.0, tied head' if tied else 'v1.1, own head'}, base saved by Transformers")

    theirs = get_peft_model(
        AutoModelForSeq2SeqLM.from_pretrained(base),
        LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False),
    )
    adapter = work / f"theirs-{tied}"
    theirs.save_pretrained(adapter)
    wanted = logits(theirs)
    merged = work / f"theirs-merged-{tied}"
    impressionist("export", base, "--adapter", adapter, "--format", "merged", "--out", merged)
    print("  PEFT's adapter merged here, in Transformers:", difference(logits(AutoModelForSeq2SeqLM.from_pretrained(merged)), wanted))

    examples = [
        {"study_id": str(i), "subject_id": str(i), "findings": f"Small effusion {i}.", "impression": "Effusion.", "background": ""}
        for i in range(24)
    ]
    (work / "data.json").write_text(json.dumps(examples))
    run = work / f"ours-{tied}"
    impressionist("train", work / "data.json", "--model", base, "--out", run, "--lora", "--lora-targets", "all", "--epochs", 3, "--accumulation", 1)
    ours = PeftModel.from_pretrained(AutoModelForSeq2SeqLM.from_pretrained(base), run / "model")
    wanted = logits(ours)
    change = difference(wanted, logits(AutoModelForSeq2SeqLM.from_pretrained(base)))
    impressionist("export", run / "model", "--format", "merged", "--out", work / f"ours-merged-{tied}")
    got = logits(AutoModelForSeq2SeqLM.from_pretrained(work / f"ours-merged-{tied}"))
    print("  our adapter in PEFT against merged here:", difference(got, wanted), "- the adapter itself changes", change)
