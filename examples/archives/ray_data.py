"""Answers about the scans that LIST names (a path per line) with Ray Data.

usage: python ray_data.py LIST WEIGHTS OUT [PROCESSES]

Each actor keeps one `train explain --stdin` running, and asks it scan by scan. OUT becomes a folder of Parquet files.
"""

import json
import os
import subprocess
import sys

import ray

list_path, weights, out = sys.argv[1:4]
processes = int(sys.argv[4]) if len(sys.argv) > 4 else os.cpu_count()
train = os.environ.get("TRAIN", "train")


class Explain:
    def __init__(self):
        self.train = subprocess.Popen(
            [train, "explain", "--stdin", "--weights", weights],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"},
        )

    def __call__(self, batch):
        answers = []
        for path in batch["text"]:
            # An answer comes before the next question: no pipe can fill up.
            self.train.stdin.write(path + "\n")
            self.train.stdin.flush()
            answers.append(json.loads(self.train.stdout.readline()))
        column = lambda name: [answer.get(name) for answer in answers]
        reports = [None if report is None else json.dumps(report, ensure_ascii=False) for report in column("report")]
        return {"input": column("input"), "error": column("error"), "report": reports}


ray.init(num_cpus=processes, include_dashboard=False, log_to_driver=False)
scans = ray.data.read_text(list_path).repartition(4 * processes)
scans.map_batches(Explain, concurrency=processes, batch_size=64).write_parquet(out)
