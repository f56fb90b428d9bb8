"""What our trained Rasa components share: one model, kept in Rasa's storage under one file name."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.training_data import TrainingData


class Trained(GraphComponent):
    """A component with one trained model.

    Args:
        config: see `get_default_config` of the component.
        model: trained, or None before training.
        storage: Rasa's.
        resource: Rasa's.
    """

    file: ClassVar[str]
    """Name of the model's file."""

    def __init__(self, config: dict[str, Any], model: Any, storage: ModelStorage, resource: Resource) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model, self._storage, self._resource = model, storage, resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """Make an untrained component; see GraphComponent."""
        return cls(config, None, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> Self:
        """Make a trained component from a model that this project built; see GraphComponent."""
        with model_storage.read_from(resource) as folder:
            return cls(config, joblib.load(folder / cls.file), model_storage, resource)

    def keep(self, model: Any) -> Resource:
        """Use a model from now on, and keep it for the next start."""
        self._model = model
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(model, folder / self.file, compress=3)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Policies need no guesses on training data."""
        return training_data

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check beyond what training needs."""
