"""Writes what open_clip and torchvision compute at full size, for `tests/rn50_parity.rs` to compare with.

    pip install torch torchvision open_clip_torch safetensors
    python tests/parity/rn50.py
    cargo test --features train --test rn50_parity -- --ignored --nocapture

Into target/parity (--out), 1.3 GB: CLIP's RN50 (open_clip's, QuickGELU) with random weights, and from them
  weights.pt             the state dict, f32
  RN50.pt                the same as a TorchScript archive in OpenAI's layout, f16
  reference.safetensors  pixel_values (4, 3, 224, 224); with BatchNorm's running statistics and, under `train.`, with the
                         batch's: image_embeds and text_embeds (4, 1024), not normalised, logit_scale (the factor), loss
                         (CLIP's); train.grad.<parameter>. Computed in float64, stored as float32.
  resnet50.pth, resnet50.safetensors  torchvision's ResNet-50 with random weights
  parity.json            the four texts; some 600 texts with their ids by open_clip's SimpleTokenizer (without start and
                         end); where CLIP's vocabulary lies (--vocab, or open_clip's own copy) and, if given, the same as
                         Hugging Face's tokenizer.json (--tokenizer-json)
"""

import argparse
import json
import sys
from copy import deepcopy
from pathlib import Path

import torch
from open_clip.loss import ClipLoss
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet50

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/fixtures/import"))
import make  # noqa: E402
from strings import strings  # noqa: E402

SEED = 3
TEXTS = [
    "healthy",
    "AMD, soft drusen, fluid",
    "AMD, geographic atrophy",
    "AMD, choroidal neovascularisation, PED, hard drusen, 망막하액",
]


def randomize(model: CLIP, pixel_values) -> None:
    """open_clip's own first weights, but no tensor at zero or one and the norms' statistics near the scans', so that
    every layer matters and nothing explodes through fifty of them."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.endswith("bn3.weight") and ".layer" in name:
                tensor.uniform_(0.1, 0.3)
            elif tensor.dim() == 1:
                tensor.add_(torch.randn(tensor.shape) * 0.05)
        for norm in norms:
            norm.momentum = 1.0
        model.train().encode_image(pixel_values)
        for norm in norms:
            norm.momentum = 0.1
            norm.running_mean.add_(torch.randn(norm.running_mean.shape) * 0.05)
            norm.running_var.mul_(torch.rand(norm.running_var.shape) * 0.4 + 0.8)


def settle(model: CLIP, pixel_values) -> None:
    """Moves norms' biases by a little, until no ReLU of a training step has an input as near to zero as rounding is.

    Such an input is a toss-up, and each one that falls differently changes the gradients of every layer before it: with
    some forty million ReLUs, PyTorch's own gradients in float32 differ from its gradients in float64 by up to a
    hundredth. `model` is in float64; layer by layer, each channel's zero is put into the widest gap nearby.
    """

    def centre(norm: nn.BatchNorm2d):
        def hook(_module, arguments):
            x = arguments[0]
            values = x.transpose(0, 1).flatten(1).sort(1).values
            gaps, middles = values.diff(dim=1), (values[:, 1:] + values[:, :-1]) / 2
            gaps[middles.abs() > 0.1 * values.std(1, keepdim=True)] = 0
            widest = gaps.argmax(1, keepdim=True)
            shift = torch.where(gaps.gather(1, widest) > 0, -middles.gather(1, widest), 0.0).squeeze(1)
            before = norm.bias.clone()
            # As it will be stored.
            norm.bias.copy_((before + shift).float())
            return (x + (norm.bias - before)[:, None, None],)

        return hook

    hooks = [
        getattr(module, f"act{i}").register_forward_pre_hook(centre(getattr(module, f"bn{i}")))
        for module in model.visual.modules()
        for i in (1, 2, 3)
        if hasattr(module, f"act{i}")
    ]
    statistics = {k: v.clone() for k, v in model.named_buffers()}
    with torch.no_grad():
        model.train().encode_image(pixel_values)
        for name, buffer in model.named_buffers():
            buffer.copy_(statistics[name])
    for hook in hooks:
        hook.remove()


def embed(model: CLIP, pixel_values, token_ids) -> dict:
    image_embeds, text_embeds = model.encode_image(pixel_values), model.encode_text(token_ids)
    scale = model.logit_scale.exp()
    loss = ClipLoss()(F.normalize(image_embeds, dim=-1), F.normalize(text_embeds, dim=-1), scale)
    return {"image_embeds": image_embeds, "text_embeds": text_embeds, "logit_scale": scale, "loss": loss}


def step(model: CLIP, pixel_values, token_ids) -> dict:
    out = embed(model, pixel_values, token_ids)
    names, parameters = zip(*model.named_parameters())
    gradients = zip(names, torch.autograd.grad(out["loss"], parameters))
    return out | {f"grad.{name}": gradient for name, gradient in gradients}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "target/parity")
    parser.add_argument("--vocab", type=Path, default=Path(default_bpe()), help="bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--tokenizer-json", type=Path, help="a CLIP model's tokenizer.json")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    tokenizer = SimpleTokenizer(str(arguments.vocab))
    texts = list(dict.fromkeys(strings()))
    parity = {
        "vocab": str(arguments.vocab.resolve()),
        "tokenizer_json": arguments.tokenizer_json and str(arguments.tokenizer_json.resolve()),
        "texts": TEXTS,
        "tokens": [{"text": text, "ids": tokenizer.encode(text)} for text in texts],
    }
    (out / "parity.json").write_text(json.dumps(parity, ensure_ascii=False))
    print(f"{len(texts)} texts")

    torch.manual_seed(SEED)
    vision = CLIPVisionCfg(layers=(3, 4, 6, 3), width=64, image_size=224)
    text = CLIPTextCfg(context_length=77, vocab_size=49408, width=512, heads=8, layers=12)
    model = CLIP(1024, vision, text, quick_gelu=True)
    # Shades and blotches: noise alone looks the same to every layer.
    blotches = F.interpolate(torch.randn(4, 3, 7, 7) * 1.5, size=224, mode="bilinear")
    pixel_values = blotches + torch.randn(4, 3, 1, 1) + torch.randn(4, 3, 224, 224) * 0.1
    token_ids = tokenizer(TEXTS)
    randomize(model, pixel_values)
    settle(model.double(), pixel_values.double())
    model = model.float()
    torch.save({k: v.clone() for k, v in make.weights(model).items()}, out / "weights.pt")
    make.write_openai(make.as_openai(deepcopy(model)), out / "RN50.pt", 224, 77)

    single = step(deepcopy(model).train(), pixel_values, token_ids)
    model = model.double()
    with torch.no_grad():
        values = embed(model.eval(), pixel_values.double(), token_ids)
    values |= {f"train.{k}": v for k, v in step(model.train(), pixel_values.double(), token_ids).items()}
    for k, v in values.items():
        if k.startswith("train.grad."):
            error = (single[k.removeprefix("train.")].double() - v).norm() / v.norm()
            if error > 1e-4:
                print(f"PyTorch's own float32 is off by {error:.1e} in {k}")
    reference = {"pixel_values": pixel_values}
    reference |= {k: v.detach().float().contiguous().clone() for k, v in values.items()}
    save_file(reference, out / "reference.safetensors")

    state = resnet50().state_dict()
    torch.save(state, out / "resnet50.pth")
    save_file(state, out / "resnet50.safetensors")


if __name__ == "__main__":
    main()
