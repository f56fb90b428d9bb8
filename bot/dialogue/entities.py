"""Rasa component: the drugs, hormones, tests, symptoms and conditions that a message names, with their scope.

spaCy carries the text: its tokenizer, its sentences, and an entity ruler with every surface of the lexicon. What the
ruler does not find, because it is misspelt, the lexicon's own forgiving search does.
"""

from __future__ import annotations

from typing import Any

import spacy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from bot.lexicon import Lexicon
from bot.settings import Settings

ENTITY_OF = {"drugs": "drug", "hormones": "hormone", "labs": "lab", "symptoms": "symptom", "conditions": "condition"}
"""The domain's entity for each file of the lexicon."""


@Language.factory("axis_misspellings")
def _misspellings(nlp: Language, name: str) -> Misspellings:
    return Misspellings(Lexicon.load(Settings.read().language_dir / "lexicon"))


class Misspellings:
    """A spaCy component that adds what the lexicon finds where the ruler found nothing.

    Args:
        lexicon: its forgiving search.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def __call__(self, doc: Doc) -> Doc:
        """Add the spans; an exact one always wins."""
        found = []
        for mention in self._lexicon.find(doc.text):
            label = ENTITY_OF[mention.term.kind]
            span = doc.char_span(mention.start, mention.end, label, kb_id=mention.term.id, alignment_mode="expand")
            if span is not None:
                found.append(span)
        # filter_spans keeps the longest, and of equals the first: the ruler's.
        exact = [spacy.tokens.Span(doc, e.start, e.end, e.label_, kb_id=e.ent_id_ or e.kb_id_) for e in doc.ents]
        doc.ents = filter_spans([*exact, *found])
        return doc


def build(lexicon: Lexicon) -> Language:
    """A spaCy pipeline without a model: tokenizer, sentences, the lexicon's surfaces, then its misspellings."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns(
        [{"label": ENTITY_OF[term.kind], "pattern": surface, "id": term.id} for term, surface in lexicon.surfaces()]
    )
    nlp.add_pipe("axis_misspellings")
    return nlp


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ClinicalEntities(GraphComponent, EntityExtractorMixin):
    """Puts the entities on each message; their value is the id of the lexicon's term."""

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that Rasa checks for."""
        return ["spacy"]

    def __init__(self) -> None:
        self._nlp = build(Lexicon.load(Settings.read().language_dir / "lexicon"))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ClinicalEntities:
        """Make the component; see GraphComponent."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities."""
        for message in messages:
            if text := message.get(TEXT):
                message.set(ENTITIES, [*message.get(ENTITIES, []), *self.find(text)], add_to_output=True)
        return messages

    def find(self, text: str) -> list[dict[str, Any]]:
        """The entities of a text, in order, as Rasa writes them."""
        return [
            {
                "entity": span.label_,
                "value": span.kb_id_,
                "start": span.start_char,
                "end": span.end_char,
                "extractor": type(self).__name__,
            }
            for span in self._nlp(text).ents
        ]
