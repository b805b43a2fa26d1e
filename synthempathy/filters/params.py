"""Parameters of the filter and of its classifier's training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from synthempathy.core.params import Section
from synthempathy.domain.wording import Wording
from synthempathy.llm.params import Engine, Sampling

Policy = Literal["drop", "keep", "review"]

#: What a classifier can say: the fields of SafetyThresholds.
ClassifierReason = Literal[
    "offensive", "unsafe_advice", "refusal", "assistant_talk", "minors", "self_harm", "abuse", "sexual_content", "violence",
    "drugs", "eating_disorders", "medical_legal",
]

#: A classifier's score at which it counts.
Threshold = Annotated[float, Field(gt=0, le=1)]


class TopicPolicy(Section):
    """What to do with a pair that touches a topic, by the text that does."""

    explanation: Policy
    response: Policy


class Topics(Section):
    """The policy of each sensitive topic, in the order in which they are looked for."""

    minors: TopicPolicy
    self_harm: TopicPolicy
    abuse: TopicPolicy
    sexual_content: TopicPolicy
    violence: TopicPolicy
    drugs: TopicPolicy
    eating_disorders: TopicPolicy
    medical_legal: TopicPolicy


class SafetyThresholds(Section):
    """A threshold for each label of the classifier: the reasons of rules on content, then the topics."""

    offensive: Threshold
    unsafe_advice: Threshold
    refusal: Threshold
    assistant_talk: Threshold
    minors: Threshold
    self_harm: Threshold
    abuse: Threshold
    sexual_content: Threshold
    violence: Threshold
    drugs: Threshold
    eating_disorders: Threshold
    medical_legal: Threshold


class TransformerClassifier(Section):
    """A classifier of transformers in place of ours, for the reasons that its labels give."""

    model: str | None = Field(min_length=1)
    revision: str | None
    labels: dict[str, ClassifierReason] = Field(min_length=1)
    threshold: Threshold
    max_length: int = Field(ge=16)  # tokens
    batch_size: int = Field(ge=1)


class FilterClassifier(Section):
    """The filter's second layer."""

    enabled: bool
    model: str = Field(min_length=1)
    thresholds: SafetyThresholds
    transformer: TransformerClassifier


class Guard(Section):
    """The filter's third layer, a guard LLM."""

    model: str | None = Field(min_length=1)
    revision: str | None
    engine: Engine
    prompt: Literal["llama_guard", "granite_guardian"]
    own_template: bool
    action: Literal["drop", "review"]
    sampling: Sampling


class Filter(Section):
    explanation_min_words: int = Field(ge=1)
    explanation_max_words: int = Field(ge=1)
    response_min_words: int = Field(ge=1)
    response_max_words: int = Field(ge=1)
    max_characters: int = Field(default=20_000, ge=1)  # of a text; the row of a longer one is dropped unread
    personal_data: Literal["drop", "mask"]
    topics: Topics
    no_pointer_to_help: Policy
    answers_someone_else: Policy
    classifier: FilterClassifier
    guard: Guard
    wording: Wording = Wording()  # not of params.yaml: the stage takes it from the domain's description

    @model_validator(mode="after")
    def _words_in_order(self) -> Filter:
        for field in ("explanation", "response"):
            least, most = getattr(self, f"{field}_min_words"), getattr(self, f"{field}_max_words")
            if least > most:
                raise ValueError(f"{field}_min_words {least} is above {field}_max_words {most}")
        return self


class Safety(Section):
    """Training of the filter's classifier."""

    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)
