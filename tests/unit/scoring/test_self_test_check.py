"""A model with other scores than in training, or without probabilities, is refused wherever it is loaded."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.features.table import FEATURES
from models.scoring.artifact import ArtifactError, checksum, load_artifact, write_artifact
from models.scoring.external_data import has_external_data
from models.scoring.loaded_model import LoadedModel, load_tested
from models.scoring.model import INPUT, OUTPUT, OnnxModel
from tests.unit.scoring.changed_manifests import change
from tests.unit.training.histories import artifact


def with_graph(model):
    """Return the artifact with another graph and its checksum."""
    content = model.SerializeToString()
    return replace(
        artifact(), onnx=content, manifest=artifact().manifest.model_copy(update={"onnx_sha256": checksum(content)})
    )


def turned():
    """Return the artifact with a model that returns 1 - p."""
    model = onnx.load_from_string(artifact().onnx)
    for node in model.graph.node:
        node.output[:] = ["inner" if name == OUTPUT else name for name in node.output]
    model.graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), "one"))
    model.graph.node.append(helper.make_node("Sub", ["one", "inner"], [OUTPUT]))
    return with_graph(model)


def graph(*nodes, output_type=TensorProto.FLOAT, initializers=(), output_shape=("n",)):
    """Return a model with the inputs and outputs of the export."""
    return helper.make_model(
        helper.make_graph(
            list(nodes),
            "g",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", len(FEATURES)])],
            [helper.make_tensor_value_info(OUTPUT, output_type, list(output_shape))],
            initializer=list(initializers),
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def mean(name=OUTPUT):
    return helper.make_node("ReduceMean", [INPUT], [name], axes=[1], keepdims=0)


@pytest.mark.parametrize("self_test", [True, False])
def test_inverted_model_with_a_valid_checksum_is_refused(tmp_path, self_test):
    write_artifact(tmp_path, turned())
    if not self_test:
        change(tmp_path, self_test=None)
    with pytest.raises(ArtifactError, match=r"expected the scores of its self-test|expected an ordinary transaction"):
        load_tested(tmp_path)


def test_artifact_without_self_test_is_checked_by_its_medians(folder):
    change(folder, self_test=None)
    load_tested(folder)


def test_model_with_outputs_that_are_no_probabilities_is_refused():
    with pytest.raises(ArtifactError, match="expected probabilities from 0 to 1 for any row, got"):
        LoadedModel.of(with_graph(graph(mean())))


def test_model_that_returns_nan_is_refused():
    nan = helper.make_node("Div", ["m", "z"], [OUTPUT])
    zero = helper.make_node("Sub", ["m", "m"], ["z"])
    with pytest.raises(ArtifactError, match="expected probabilities"):
        LoadedModel.of(with_graph(graph(mean("m"), zero, nan)))


def test_inputs_or_outputs_of_another_type_or_rank_are_refused():
    doubles = graph(
        mean("m"), helper.make_node("Cast", ["m"], [OUTPUT], to=TensorProto.DOUBLE), output_type=TensorProto.DOUBLE
    )
    column = graph(helper.make_node("ReduceMean", [INPUT], [OUTPUT], axes=[1], keepdims=1), output_shape=("n", 1))
    for model in (doubles, column):
        with pytest.raises(ArtifactError, match="expected the input and output"):
            OnnxModel(model.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"no graph", b"location, no graph"])
def test_file_without_a_graph_is_refused_in_one_line(content):
    with pytest.raises(ArtifactError, match="expected a graph that onnxruntime") as refused:
        OnnxModel(content)
    assert "\n" not in str(refused.value)


def test_operator_of_an_unknown_domain_is_refused():
    model = graph(helper.make_node("Mine", [INPUT], [OUTPUT], domain="mine"))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    with pytest.raises(ArtifactError, match="expected a graph that onnxruntime"):
        OnnxModel(model.SerializeToString())


def external(name="weights"):
    tensor = numpy_helper.from_array(np.ones(4, np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def in_initializer():
    return graph(mean(), initializers=[external()])


def in_sparse_initializer():
    model = graph(mean())
    model.graph.sparse_initializer.add().values.CopyFrom(external())
    return model


def in_attribute():
    return graph(mean(), helper.make_node("Constant", [], ["c"], value=external()))


def in_subgraph():
    next_node = helper.make_graph([], "then", [], [], initializer=[external()])
    return graph(mean(), helper.make_node("If", ["c"], ["d"], then_branch=next_node, else_branch=next_node))


def in_function():
    model = graph(mean())
    node = helper.make_node("Constant", [], ["c"], value=external())
    model.functions.append(helper.make_function("mine", "F", [], ["c"], [node], [helper.make_opsetid("", 17)]))
    return model


@pytest.mark.parametrize("make", [in_initializer, in_sparse_initializer, in_attribute, in_subgraph, in_function])
def test_external_data_anywhere_in_the_graph_is_refused(make):
    content = make().SerializeToString()
    assert has_external_data(content)
    with pytest.raises(ArtifactError, match="got external data, which no checksum covers"):
        OnnxModel(content)


def test_name_like_the_key_of_external_data_is_accepted():
    assert not has_external_data(
        graph(mean("location"), helper.make_node("Abs", ["location"], [OUTPUT])).SerializeToString()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("review_threshold", -0.1),
        ("block_threshold", 1.5),
        ("block_threshold", 0.0),
        ("review_threshold", float("nan")),
        ("model_id", "../elsewhere"),
        ("model_id", ""),
        ("added", 1),
        ("feature_names", 3),
        ("usual_spread", {"amount": 0}),
        ("usual_spread", {"amount": float("nan")}),
        ("category_risk", {}),
        ("category_risk", {"prior": float("nan"), "rates": {}}),
        ("type_risk", {"prior": 0.1, "rates": {"POS": "much"}}),
        ("type_risk", {"prior": 0.1, "rates": [1]}),
        ("type_risk", {"prior": 0.1, "rates": {"POS": 2}}),
        ("reference", {"score": {"mean": 0, "deviation": 1, "deciles": [1, 0] * 5 + [1]}}),
        ("reference", {"score": {"mean": 0, "deviation": -1, "deciles": [0] * 11}}),
        ("signals", {"score": {"edges": [0.5], "means": [0] * 48, "variances": [1] * 48, "counts": [[1]] * 48}}),
        ("self_test", {"rows": "?", "scores": [0.5]}),
        ("self_test", {"rows": "AAAAAA==", "scores": []}),
        ("self_test", {"rows": "AAAAAA==", "scores": [0.5]}),
        ("self_test", {"rows": "AAAAAA==", "scores": [0.5, 0.5]}),
        ("parity", None),
        ("artifact_version", True),
    ],
)  # fmt: skip
def test_edited_manifest_is_refused_in_one_line(folder, field, value):
    change(folder, **{field: value})
    if field == "artifact_version":
        change(folder, artifact_version="1")
    with pytest.raises(ArtifactError) as refused:
        load_tested(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xff", b"[" * 100_000, b'{"artifact_version": 1}'])
def test_file_without_a_manifest_is_refused_in_one_line(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError) as refused:
        load_artifact(folder)
    assert "\n" not in str(refused.value)


def test_manifest_of_training_is_read_as_written(folder):
    assert json.loads((folder / "manifest.json").read_text())["model_id"] == load_tested(folder).manifest.model_id
