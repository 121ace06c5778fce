"""Makes LiteRT's files of the RN50 with random weights that rn50_onnx.py made. `make bench` calls it.

    python tests/bench/rn50_litert.py --models DIR

Into DIR, which rn50_onnx.py filled (160 MB):
  image_int8.tflite       the image encoder, (1, 3, 224, 224) → (1, 1024), not normalised: static int8 (weights per
                          channel, activations calibrated on the samples) but for attention's products; floats in and out
  text_15_int8.tflite     the text encoder on 15 token ids (int32): int8 as far as fully connected layers go, floats between
  text_15_dynamic.tflite  the same with activations quantised as they come
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.qtyping import TFLOperationName as Op
from torch import nn

from rn50_onnx import IMAGE_SIZE, ImageEncoder, TextEncoder, rn50


def convert(module: nn.Module, example: torch.Tensor, path: Path) -> None:
    litert_torch.convert(module.eval(), (example,)).export(str(path))


def quantize_static(path: Path, out: Path, operation: Op, inputs: Iterable[np.ndarray], floats: tuple[Op, ...] = ()) -> None:
    """Writes `path` with an operation on 8-bit weights and activations, whose ranges are those of `inputs`. Tables of tokens
    are in 8 bits as well; `floats` stay, and floats go in and come out."""
    made = quantizer.Quantizer(str(path))
    made.add_static_config(regex=".*", operation_name=operation, activation_num_bits=8, weight_num_bits=8)
    for kept in (Op.INPUT, Op.OUTPUT, *floats):
        made.update_quantization_recipe(".*", kept, algorithm_key=AlgorithmName.NO_QUANTIZE)
    if operation != Op.ALL_SUPPORTED:
        made.add_dynamic_config(regex=".*", operation_name=Op.EMBEDDING_LOOKUP, num_bits=8)
    ranges = made.calibrate({"serving_default": [{"args_0": values} for values in inputs]})
    made.quantize(ranges).export_model(str(out), overwrite=True)


def quantize_dynamic(path: Path, out: Path) -> None:
    made = quantizer.Quantizer(str(path))
    made.load_quantization_recipe(recipe.dynamic_wi8_afp32())
    made.quantize().export_model(str(out), overwrite=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    out = parser.parse_args().models
    model = rn50()
    model.load_state_dict(torch.load(out / "weights.pt", weights_only=True))
    model.eval()
    ids = json.loads((out / "inputs.json").read_text())["token_ids"]
    pixels = np.fromfile(out / "pixel_values.f32", dtype=np.float32).reshape(-1, 1, 3, IMAGE_SIZE, IMAGE_SIZE)
    raw = out / "raw.tflite"
    with torch.no_grad():
        convert(ImageEncoder(model), torch.from_numpy(pixels[0]), raw)
        # The same calibration as onnxruntime's: the samples and their mirror images.
        images = [*pixels, *np.ascontiguousarray(pixels[..., ::-1])]
        # In integers, the products of attention cost a hundredth of the cosine to the float model, and are no faster.
        attention = (Op.BATCH_MATMUL, Op.SOFTMAX, Op.MUL, Op.SUM)
        quantize_static(raw, out / "image_int8.tflite", Op.ALL_SUPPORTED, images, attention)

        tokens = torch.tensor([ids], dtype=torch.int32)
        convert(TextEncoder(model, len(ids)), tokens, raw)
        quantize_dynamic(raw, out / f"text_{len(ids)}_dynamic.tflite")
        # The mask of attention holds -inf, which has no place in eight bits.
        quantize_static(raw, out / f"text_{len(ids)}_int8.tflite", Op.FULLY_CONNECTED, [tokens.numpy()])
    raw.unlink()


if __name__ == "__main__":
    main()
