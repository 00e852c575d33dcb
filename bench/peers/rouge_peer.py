"""Times google-research's rouge_score (importable as rouge_score) on pairs read from a JSON file; prints JSON."""

import json
import sys
import time

from rouge_score import rouge_scorer

pairs = json.load(open(sys.argv[1], encoding="utf-8"))
rounds = int(sys.argv[2])
types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
scorers = [rouge_scorer.RougeScorer(types, use_stemmer=stem) for stem in (False, True)]

seconds = []
for _ in range(rounds):
    total = [0.0] * (len(scorers) * len(types))
    started = time.perf_counter()
    for pair in pairs:
        place = 0
        for scorer in scorers:
            scores = scorer.score(pair["target"], pair["prediction"])
            for name in types:
                total[place] += scores[name].fmeasure
                place += 1
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds, "means": [value / len(pairs) for value in total]}))
