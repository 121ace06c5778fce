#!/usr/bin/env python3
"""Times training steps of what RN50 is in PyTorch: timm's resnet50_clip and CLIP's text tower, with CLIP's loss and Adam. Its
sizes are arguments, so that it does as much as octlens. Prints one line of JSON; `--flops` counts the operations of a step
instead, on no device."""

import argparse
import json
import statistics
import time

import timm
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, LAYERS, HEADS, EMBED_DIM, CONTEXT = 512, 12, 8, 1024, 77


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """CLIP's ResidualAttentionBlock."""

    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.in_proj, self.out_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), QuickGelu(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = self.in_proj(self.ln_1(x)).view(n, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, length, WIDTH)
        x = x + self.out_proj(attended)
        return x + self.mlp(self.ln_2(x))


class Text(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, WIDTH)
        self.positions = nn.Parameter(torch.randn(CONTEXT, WIDTH) * 0.01)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.ln_final, self.projection = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, EMBED_DIM, bias=False)

    def forward(self, ids):
        x = self.blocks(self.tokens(ids) + self.positions[: ids.shape[1]])
        return self.projection(self.ln_final(x[:, -1]))


class Clip(nn.Module):
    def __init__(self, size, vocab_size):
        super().__init__()
        self.visual = timm.create_model("resnet50_clip", pretrained=False, num_classes=EMBED_DIM, img_size=size)
        self.text = Text(vocab_size)
        self.logit_scale = nn.Parameter(torch.tensor(2.659))

    def forward(self, images, ids):
        images, texts = F.normalize(self.visual(images).float(), dim=-1), F.normalize(self.text(ids).float(), dim=-1)
        logits = self.logit_scale.exp() * images @ texts.T
        targets = torch.arange(len(images), device=logits.device)
        return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def model(options):
    clip = Clip(options.size, options.vocab).train()
    # Statistics of batch norms are frozen, as CLIP's are when it is fine-tuned.
    for module in clip.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    return clip


def flops(options):
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        clip = model(options)
        images = torch.empty(options.batch, 3, options.size, options.size)
        ids = torch.zeros(options.batch, options.tokens, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        clip(images, ids).backward()
    parameters = sum(p.numel() for p in clip.parameters())
    return {"flops_per_image": counter.get_total_flops() / options.batch, "n_parameters": parameters}


def speed(options):
    torch.manual_seed(1)
    device = torch.device(options.device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision == "tf32"
    torch.backends.cudnn.benchmark = True
    clip = model(options).to(device)
    images = torch.randn(options.batch, 3, options.size, options.size, device=device)
    ids = torch.randint(options.vocab, (options.batch, options.tokens), device=device)
    adam = torch.optim.Adam(clip.parameters(), lr=5e-5, betas=(0.9, 0.98), eps=1e-5, weight_decay=0.2)
    seconds = []
    for i in range(options.untimed + options.steps):
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            loss = clip(images, ids)
        adam.zero_grad()
        loss.backward()
        adam.step()
        # Waits for the device.
        loss.item()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if i >= options.untimed:
            seconds.append(time.perf_counter() - start)
    step = statistics.median(seconds)
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    return {"step_seconds": step, "images_per_second": options.batch / step, "seconds": seconds, "peak_allocated_bytes": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--vocab", type=int, default=49408)
    parser.add_argument("--untimed", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--flops", action="store_true")
    options = parser.parse_args()
    print(json.dumps(flops(options) if options.flops else speed(options)))


if __name__ == "__main__":
    main()
