"""Rasa component: the sentence vector of a message, and of each question in it."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.dialogue import parts
from bot.encoder import Encoder, Vectors, packed
from bot.errors import DataError
from bot.settings import Settings

PARTS = "parts"
"""Message key: the questions in a message, a list of dicts; only where there are several."""
PART_VECTORS = "part_vectors"
"""Message key: their vectors, float32, (number of parts, 384); not part of the output."""
VECTOR = "vector"
"""Message key, and key of a part: the vector as `bot.encoder.packed`, so that the action need not encode it again."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds a MiniLM sentence vector, float32, (1, 384), to each message.

    Args:
        config: `sha256` is the hash of the encoder's network: Rasa caches by configuration and would not notice another
            network under the same name.
        name: of this node in Rasa's graph.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's settings."""
        return {**DenseFeaturizer.get_default_config(), "sha256": ""}

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that Rasa checks for."""
        return ["onnxruntime", "tokenizers"]

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._encoder = Encoder(Settings.read().models_dir / "encoder")
        wanted = config.get("sha256")
        if wanted and wanted != self._encoder.sha256:
            raise DataError("the model was trained with another encoder: train again", path=self._encoder.folder)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """Make the component; see GraphComponent."""
        return cls(config, execution_context.node_name)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vectors; a message with several questions also gets its parts."""
        for message in messages:
            text = message.get(TEXT)
            if not text or text.startswith("/"):  # a button, whose intent Rasa reads by itself
                continue
            vector = self._encoder.encode([text])
            self._add(message, vector)
            message.set(VECTOR, packed(vector), add_to_output=True)
            found = parts.split(text)
            if len(found) > 1:
                vectors = self._encoder.encode(found)
                named = [{"text": part, VECTOR: packed(one[None])} for part, one in zip(found, vectors, strict=True)]
                message.set(PARTS, named, add_to_output=True)
                message.set(PART_VECTORS, vectors)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add a vector to each training example."""
        examples = [message for message in training_data.training_examples if message.get(TEXT)]
        vectors = self._encoder.encode([message.get(TEXT) for message in examples])
        for message, vector in zip(examples, vectors, strict=True):
            self._add(message, vector[None])
        return training_data

    def _add(self, message: Message, vector: Vectors) -> None:
        message.add_features(Features(vector, FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS]))

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check: the encoder checks itself when it is loaded."""
