"""The towers that `train finetune` trains, in PyTorch, and a training step of each: what `step_time.py` compares with.

Layers are open_clip's. Its attention pool asks a query for every cell and keeps the first answer; here it asks one, as OpenAI's code
does. Norms are frozen, as with `--freeze-bn true`.
"""

import json
import math
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from open_clip.modified_resnet import AttentionPool2d, Bottleneck
from open_clip.transformer import QuickGELU, TextTransformer
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn

END_OF_TEXT = 1
MAX_CAPTIONS = 96


def one_query(self: AttentionPool2d, x: torch.Tensor) -> torch.Tensor:
    """`AttentionPool2d.forward` of OpenAI's CLIP."""
    x = x.flatten(2).permute(2, 0, 1)
    x = torch.cat([x.mean(dim=0, keepdim=True), x]) + self.positional_embedding[:, None]
    biases = torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias])
    weights = {f"{name}_proj_weight": getattr(self, f"{name}_proj").weight for name in "qkv"}
    of_pool = (self.num_heads, None, biases, None, None, False, 0.0, self.c_proj.weight, self.c_proj.bias)
    options = {"use_separate_proj_weight": True, "training": self.training, "need_weights": False}
    return F.multi_head_attention_forward(x[:1], x, x, x.shape[-1], *of_pool, **options, **weights)[0][0]


AttentionPool2d.forward = one_query


def freeze(model: nn.Module) -> None:
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def shorten(text: nn.Module, n_tokens: int) -> None:
    """Lets a causal text tower run on fewer tokens than its context holds: what follows the last end token cannot matter."""
    text.attn_mask = text.attn_mask[:n_tokens, :n_tokens]
    # open_clip's CLIP adds all positions, whatever the number of tokens.
    text.positional_embedding = nn.Parameter(text.positional_embedding.detach()[:n_tokens])


class ImageTower(nn.Module):
    """CLIP's ModifiedResNet with a last stage of stride 1."""

    def __init__(self, vision: dict, embed_dim: int):
        super().__init__()
        width, stride = vision["width"], vision["output_stride"]
        for i, (c_in, c_out) in enumerate([(3, width // 2), (width // 2, width // 2), (width // 2, width)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(c_in, c_out, 3, stride=2 if i == 1 else 1, padding=1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(c_out))
        c_in = width
        for i, n_blocks in enumerate(vision["layers"]):
            first = 1 if i == 0 or (i == 3 and stride == 16) else 2
            blocks = [Bottleneck(c_in, width << i, first)]
            c_in = (width << i) * Bottleneck.expansion
            blocks += [Bottleneck(c_in, width << i) for _ in range(n_blocks - 1)]
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        n_cells = vision["image_height"] // stride * (vision["image_width"] // stride)
        self.attnpool = AttentionPool2d(1, c_in, max(c_in // 64, 1), embed_dim)
        self.attnpool.positional_embedding = nn.Parameter(torch.randn(1 + n_cells, c_in) / c_in**0.5)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings, and what each cell of the feature map adds to them."""
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)), inplace=True)
        x = F.avg_pool2d(x, 2)
        for i in (1, 2, 3, 4):
            x = getattr(self, f"layer{i}")(x)
        pool = self.attnpool
        cells = x.flatten(2).transpose(1, 2)
        return pool(x), F.linear(F.linear(cells, pool.v_proj.weight), pool.c_proj.weight)


class Compact(nn.Module):
    """The compact model of a run, with the run's weights: every one of them must fit."""

    def __init__(self, run: Path):
        super().__init__()
        clip = json.loads((run / "model.json").read_text())["clip"]
        text = {name: clip["text"][name] for name in ("context_length", "vocab_size", "width", "heads", "layers")}
        pool = {"output_dim": clip["embed_dim"], "pool_type": "eos", "eos_id": END_OF_TEXT}
        self.visual = ImageTower(clip["vision"], clip["embed_dim"])
        self.text = TextTransformer(**text, **pool, act_layer=QuickGELU)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        weights = load_file(run / "towers.safetensors")
        renamed = {n if n.startswith(("visual.", "logit")) else f"text.{n}": w for n, w in weights.items()}
        with torch.no_grad():
            renamed["logit_scale"] = renamed["logit_scale"].reshape(())
        missing, unexpected = self.load_state_dict(renamed, strict=False)
        assert not unexpected and all("num_batches_tracked" in name for name in missing), (missing, unexpected)


class CompactStep:
    """One step of preset `octlens`: captions, findings and cells; AdamW; bound on the gradient; average of the weights."""

    def __init__(self, run: Path, batch: int, channels_last: bool):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = Compact(run).to(memory_format=layout)
        freeze(self.model)
        spec = json.loads((run / "model.json").read_text())
        vision, self.batch = spec["clip"]["vision"], batch
        size = (vision["image_height"], vision["image_width"])
        self.images = torch.rand(batch, 3, *size).to(memory_format=layout)
        captions = spec["captions"][:MAX_CAPTIONS]
        findings = spec["vocabulary"]["findings"]
        texts = [", ".join([c["label"], *c["findings"]]) for c in captions] + findings + spec["vocabulary"]["labels"][:1]
        tokens = [e.ids for e in Tokenizer.from_file(str(run / "tokenizer.json")).encode_batch(texts)]
        tokens = [ids if END_OF_TEXT in ids else [0, *ids, END_OF_TEXT] for ids in tokens]
        longest = max(map(len, tokens))
        self.tokens = torch.tensor([ids + [0] * (longest - len(ids)) for ids in tokens])
        shorten(self.model.text, longest)
        self.n_captions, self.n_findings = len(captions), len(findings)
        self.positives = torch.arange(batch) % self.n_captions
        n_cells = size[0] // vision["output_stride"] * (size[1] // vision["output_stride"])
        self.shown = (torch.rand(batch, self.n_findings) < 0.2).float()
        self.cells_shown = (torch.rand(batch, n_cells, self.n_findings) < 0.05).float()
        parameters = list(self.model.parameters())
        decay = {0.05: [p for p in parameters if p.ndim > 1], 0.0: [p for p in parameters if p.ndim <= 1]}
        groups = [{"params": of, "weight_decay": by} for by, of in decay.items()]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-5, betas=(0.9, 0.98), eps=1e-6, fused=True)
        self.average = [p.detach().clone() for p in parameters]

    def __call__(self) -> None:
        model = self.model
        self.optimizer.zero_grad()
        images, cells = model.visual(self.images)
        texts = F.normalize(model.text(self.tokens), dim=-1)
        scale = model.logit_scale.exp()
        logits = scale * F.normalize(images, dim=-1) @ texts.T
        of_captions = logits[:, : self.n_captions]
        targets = F.one_hot(self.positives, self.n_captions).float()
        by_caption = targets / targets.sum(dim=0).clamp(min=1) / (targets.sum(dim=0) > 0).sum()
        loss = -(F.log_softmax(of_captions, dim=1) * targets / self.batch).sum() / 2
        loss = loss - (F.log_softmax(of_captions, dim=0) * by_caption).sum() / 2
        loss = loss + F.binary_cross_entropy_with_logits(logits[:, self.n_captions : -1] - logits[:, -1:], self.shown)
        phrases = texts[self.n_captions :]
        cells = cells / cells.norm(dim=-1).mean()
        of_cells = scale * cells @ (phrases[:-1] - phrases[-1:]).T
        loss = loss + F.binary_cross_entropy_with_logits(of_cells, self.cells_shown)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(model.parameters()), 0.005)


class Rn50Step:
    """One step of preset `paper`: CLIP's RN50, its loss, Adam."""

    def __init__(self, weights: str, batch: int, channels_last: bool, n_tokens: int):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = open_clip.create_model("RN50", pretrained=None)
        self.model.load_state_dict(torch.load(weights, weights_only=True), strict=False)
        shorten(self.model, n_tokens)
        self.model = self.model.to(memory_format=layout)
        freeze(self.model)
        options = {"lr": 5e-5, "betas": (0.9, 0.98), "eps": 1e-5, "weight_decay": 0.2, "fused": True}
        self.optimizer = torch.optim.Adam(self.model.parameters(), **options)
        self.images = torch.rand(batch, 3, 224, 224).to(memory_format=layout)
        self.texts = torch.randint(1, 49000, (batch, n_tokens))
        self.texts[:, 14] = 49407
        self.batch = batch

    def __call__(self) -> None:
        self.optimizer.zero_grad()
        image = F.normalize(self.model.encode_image(self.images))
        text = F.normalize(self.model.encode_text(self.texts))
        logits = self.model.logit_scale.exp() * image @ text.T
        target = torch.arange(self.batch)
        ((F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2).backward()
        self.optimizer.step()
