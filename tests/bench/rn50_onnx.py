"""Makes CLIP's RN50 with random weights, for octlens and others alike. `make bench` calls it.

    python tests/bench/rn50_onnx.py --out DIR

Into DIR (730 MB):
  weights.pt                  the state dict, float; `train import` reads it
  bpe_simple_vocab_16e6.txt.gz  CLIP's vocabulary, open_clip's copy
  image_float.onnx            the image encoder, (1, 3, 224, 224) → (1, 1024), not normalised, batch norms folded
  image_int8.onnx             the same, static int8 (QDQ): weights per channel, activations uint8, calibrated on the samples
  text_<n>_int8.onnx          the text encoder on n = 77 or 15 token ids, dynamic int8
  pixel_values.f32            `pixel_values` (n, 3, 224, 224) of www/samples as octlens's preprocess makes them
  inputs.json                 the caption, its token ids and its embedding in floats, and the samples in the order of
                              pixel_values.f32

All sides get the same weights, the same pixels and the same token ids; each quantises by itself.
"""

import argparse
import json
import shutil
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from PIL import Image
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/parity"))
from rn50 import randomize  # noqa: E402

SEED = 3
IMAGE_SIZE, CONTEXT_LENGTH = 224, 77
# Start and end make it 15 tokens; its findings stand in the order in which octlens writes captions.
CAPTION = "AMD, geographic atrophy, hyperfluorescent spots, soft drusen"
N_TOKENS = 15
OPSET = 17
# Of CLIP's `clip.py` and octlens's `Preprocess::b_scan`.
PIXEL_MEAN, PIXEL_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CONTRAST_PERCENTILES = (2.0, 99.5)


def rn50() -> CLIP:
    vision = CLIPVisionCfg(layers=(3, 4, 6, 3), width=64, image_size=IMAGE_SIZE)
    text = CLIPTextCfg(context_length=CONTEXT_LENGTH, vocab_size=49408, width=512, heads=8, layers=12)
    return CLIP(1024, vision, text, quick_gelu=True)


def pixel_values(path: Path) -> torch.Tensor:
    """What `src/preprocess.rs` makes of a scan: the rows that hold most light, resized and stretched, normalised."""
    scan = torch.from_numpy(np.array(Image.open(path).convert("L"), dtype=np.float64))
    n_rows = min(-(-scan.shape[1] // 2), scan.shape[0])
    top = scan.square().sum(1).unfold(0, n_rows, 1).sum(1).argmax()
    region = (scan[top : top + n_rows].float() / 255)[None, None]
    grey = F.interpolate(region, size=(IMAGE_SIZE, IMAGE_SIZE), mode="bilinear", antialias=True)
    ordered = grey.flatten().sort().values
    low, high = (ordered[round((len(ordered) - 1) * p / 100)] for p in CONTRAST_PERCENTILES)
    grey = ((grey - low) / (high - low)).clamp(0, 1)
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (PIXEL_MEAN, PIXEL_STD))
    return (grey - mean) / std


class ImageEncoder(nn.Module):
    def __init__(self, clip: CLIP):
        super().__init__()
        self.visual = clip.visual

    def forward(self, pixel_values):
        return self.visual(pixel_values)


class TextEncoder(nn.Module):
    """On `n` tokens: exports of CLIP keep the length that they were traced with."""

    def __init__(self, clip: CLIP, n: int):
        super().__init__()
        self.clip = deepcopy(clip)
        self.clip.positional_embedding = nn.Parameter(clip.positional_embedding[:n])
        self.clip.attn_mask = clip.attn_mask[:n, :n]

    def forward(self, token_ids):
        return self.clip.encode_text(token_ids)


def export(module: nn.Module, example: torch.Tensor, names: tuple[str, str], path: Path) -> None:
    """Writes `module` as ONNX, with shapes inferred and batch norms folded into convolutions, ready to be quantised."""
    raw = path.with_suffix(".raw.onnx")
    torch.onnx.export(
        module, (example,), str(raw), input_names=[names[0]], output_names=[names[1]], opset_version=OPSET, dynamo=False
    )
    quant_pre_process(raw, path, skip_symbolic_shape=True)
    raw.unlink()


class Images(quantization.CalibrationDataReader):
    def __init__(self, pixels: torch.Tensor):
        self.rest = iter(pixels.split(1))

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"pixel_values": image.numpy()}


def write_image_encoder(model: CLIP, pixels: torch.Tensor, out: Path) -> None:
    path = out / "image_float.onnx"
    export(ImageEncoder(model), pixels[:1], ("pixel_values", "image_embeds"), path)
    quantization.quantize_static(
        path, out / "image_int8.onnx", Images(torch.cat([pixels, pixels.flip(3)])),
        quant_format=quantization.QuantFormat.QDQ, per_channel=True, op_types_to_quantize=["Conv", "MatMul", "Gemm"],
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
    )  # fmt: skip


def write_text_encoder(model: CLIP, ids: list[int], out: Path) -> None:
    path = out / "text_float.onnx"
    export(TextEncoder(model, len(ids)), torch.tensor([ids]), ("token_ids", "text_embeds"), path)
    quantized = out / f"text_{len(ids)}_int8.onnx"
    quantization.quantize_dynamic(path, quantized, per_channel=True, weight_type=quantization.QuantType.QInt8)
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    tokenizer = SimpleTokenizer(default_bpe())
    ids = [tokenizer.sot_token_id, *tokenizer.encode(CAPTION), tokenizer.eot_token_id]
    assert len(ids) == N_TOKENS, ids
    samples = [s["file"] for s in json.loads((ROOT / "www/samples/index.json").read_text())["samples"]]
    pixels = torch.cat([pixel_values(ROOT / "www/samples" / file) for file in samples])

    torch.manual_seed(SEED)
    model = rn50()
    randomize(model, pixels)
    model.eval()
    torch.save(model.state_dict(), out / "weights.pt")
    shutil.copy(default_bpe(), out)
    with torch.no_grad():
        write_image_encoder(model, pixels, out)
        for n in (N_TOKENS, CONTEXT_LENGTH):
            write_text_encoder(model, ids + [0] * (n - len(ids)), out)
    pixels.numpy().tofile(out / "pixel_values.f32")
    with torch.no_grad():
        text_embeds = model.encode_text(torch.tensor([ids + [0] * (CONTEXT_LENGTH - len(ids))]))[0].tolist()
    inputs = {"caption": CAPTION, "token_ids": ids, "text_embeds": text_embeds, "samples": samples}
    # Last, so that a folder that has it is whole.
    (out / "inputs.json").write_text(json.dumps(inputs) + "\n")


if __name__ == "__main__":
    main()
