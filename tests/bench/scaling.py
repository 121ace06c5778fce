#!/usr/bin/env python3
"""A model of how a training step gets faster with the number of processes, fitted to what was measured (scaling.json). It
prints the tables of docs/several-processes.md. Nothing that it says about more than two processes, or about GPUs, was measured.

A step of R processes with B scans takes, in seconds,

    compute    B / R * c                  c: of a scan, forward and backward
    local      G * h                      G: bytes of gradients; h: per byte, to copy them, add them up, and copy them back
    network    2 * (R - 1) / R * G / w    w: bytes per second between two processes; 2 * (R - 1) * G / w by TCP, through rank 0
    gather     (R - 1) / R * B * e / w    e: bytes of a scan's and a text's embeddings

one after the other, as octlens does them. Efficiency is the share of `compute`. Left out: waiting for the slowest process, delays
of single messages, the loss itself (every rank's), validation and drawing of scans."""

import json
from pathlib import Path

RANKS = (2, 4, 8, 16, 32, 64)


def efficiency(ranks, scans, c, gradients, local, network, embeddings, by_tcp=False):
    compute = scans / ranks * c
    share = (ranks - 1) if by_tcp else (ranks - 1) / ranks
    exchange = gradients * local + 2 * share * gradients / network + (ranks - 1) / ranks * scans * embeddings / network
    return compute / (compute + exchange)


def table(columns):
    """Markdown; `columns` are (title, of the number of ranks)."""
    lines = ["| *R* | " + " | ".join(title for title, _ in columns) + " |", "|---|" + "---|" * len(columns)]
    lines += [f"| {r} | " + " | ".join(f"{100 * of(r):.0f} %" for _, of in columns) + " |" for r in RANKS]
    return "\n".join(lines)


def main():
    known = json.loads((Path(__file__).parent / "scaling.json").read_text())
    measured, gpu = known["measured"], known["data_sheets"]
    gradients = 4 * known["rn50"]["n_parameters"]
    embeddings = 2 * 4 * known["rn50"]["embed_dim"]
    # By two processes on one machine, by TCP: there, the network is its memory.
    local = measured["exchange_seconds"] / measured["gradient_bytes"]

    def cpu(scans_per_rank, network, by_tcp=False):
        c = measured["seconds_per_image"]
        return lambda r: efficiency(r, scans_per_rank * r, c, gradients, local, network, embeddings, by_tcp)

    print("CPUs, one core a process, 16 scans each:\n")
    ethernet = known["assumed"]["ethernet_bytes_per_second"]
    print(table([("MPI, 10 Gbit/s", cpu(16, ethernet)), ("TCP, 10 Gbit/s", cpu(16, ethernet, True))]))

    c = measured["flops_per_image"] / (known["assumed"]["utilisation"] * gpu["h100_bf16_flops"])
    pcie, infiniband = gpu["pcie5_x16_bytes_per_second"], gpu["infiniband_ndr_bytes_per_second"]

    def gpus(scans, host_bytes_per_second, accumulate=1):
        # Down to the host's memory, added up there, and up again.
        through_host = 2 / pcie + 1 / host_bytes_per_second if host_bytes_per_second else 0
        per_step = scans * accumulate
        return lambda r: efficiency(r, per_step * r, c, gradients, through_host, infiniband, embeddings)

    print(f"\nH100s, 64 scans each, {1e3 * c:.2f} ms a scan:\n")
    columns = [
        ("through the host, at this CPU's speed", gpus(64, 1 / local)),
        ("the same, 16 batches accumulated", gpus(64, 1 / local, 16)),
        ("from GPU to GPU (NCCL)", gpus(64, None)),
    ]
    print(table(columns))


if __name__ == "__main__":
    main()
