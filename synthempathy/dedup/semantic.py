"""Stories of like meaning: the cosine of two texts' vectors decides.

Vectors come from a sentence-transformers model where one is given, else from TF-IDF and a truncated
SVD (latent semantic analysis: Deerwester et al., JASIS 1990), which knows only how words keep company
in these very stories. The search is exact: blocks of float32 products against the texts kept so far.
An approximate index (hnswlib, faiss) would be a dependency and a source of misses, and at 137,000
texts the exact products take minutes, once.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import ModelError
from synthempathy.dedup.exact import Duplicate
from synthempathy.dedup.params import SemanticDuplicates
from synthempathy.text.numbered import normal_words

Vectors = NDArray[np.float32]

#: A text of whose TF-IDF vector the SVD keeps less than this share of the length has no place among the topics, and
#: is no duplicate: what is left of it is common words alone, which lie alike for all such texts.
LEAST_KEPT = 0.3

#: float32 products of vectors of length 1 are this exact.
ROUNDING = 1e-5

_ROWS, _COLUMNS = 1024, 16384  # texts compared at once: 64 MB of products


def semantic_duplicates(texts: Sequence[str], settings: SemanticDuplicates, device: str = "auto") -> list[Duplicate]:
    """Every text whose vector has a cosine of `settings.threshold` or more with that of an earlier kept text.

    Evidence: `similarity`, the cosine to four decimals. The partner is the most similar kept text, the earliest of
    equals. A text without words is no duplicate. ModelError if `settings.model` cannot be used.
    """
    if settings.model:
        vectors = _embedded(texts, settings.model, settings.revision, device)
        vectors[[not normal_words(text) for text in texts]] = 0
    else:
        vectors = _projected(texts, settings.dimensions, settings.seed)
    return like_vectors(vectors, settings.threshold)


def check_model(settings: SemanticDuplicates) -> None:
    """ModelError if the model that the settings name cannot be there: found before any data is read."""
    if not settings.enabled or settings.model is None:
        return
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ModelError(
            f"dedup.semantic.model {settings.model!r} needs sentence-transformers; make install EXTRAS=semantic, "
            "or set it to null for TF-IDF and SVD"
        )
    path = Path(settings.model)
    if (path.is_absolute() or settings.model.startswith(".") or settings.model.count("/") > 1) and not path.is_dir():
        raise ModelError(f"dedup.semantic.model {settings.model!r}: no such folder; give a folder or a hub's name")


def like_vectors(vectors: Vectors, threshold: float) -> list[Duplicate]:
    """Duplicates among vectors of length 1, or 0 for texts that have none: texts x dimensions."""
    kept = np.empty_like(vectors)  # the first `count` rows: the vectors of the texts kept so far
    numbers = np.empty(len(vectors), dtype=np.int64)
    count = 0
    found = []
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS]
        like, partner = _most_like(block, kept[:count])
        among = block @ block.T
        fresh: list[int] = []  # rows of the block that are kept
        for row in range(len(block)):
            best, other = float(like[row]), int(numbers[partner[row]]) if count else -1
            if fresh:
                near = among[row, fresh]
                if near.max() > best + ROUNDING:
                    best, other = float(near.max()), start + fresh[int((near >= near.max() - ROUNDING).argmax())]
            if best >= threshold - ROUNDING:
                found.append(Duplicate(start + row, other, {"similarity": round(min(best, 1.0), 4)}))
            else:
                fresh.append(row)
        kept[count : count + len(fresh)] = block[fresh]
        numbers[count : count + len(fresh)] = np.array(fresh, dtype=np.int64) + start
        count += len(fresh)
    return found


def _most_like(block: Vectors, kept: Vectors) -> tuple[Vectors, NDArray[np.int64]]:
    """For each row of `block` the largest product with a row of `kept`, and which; -1 and 0 where there is none."""
    like = np.full(len(block), -1, dtype=np.float32)
    partner = np.zeros(len(block), dtype=np.int64)
    for start in range(0, len(kept), _COLUMNS):
        products = block @ kept[start : start + _COLUMNS].T
        value = products.max(axis=1)
        first = (products >= value[:, None] - ROUNDING).argmax(axis=1)
        better = value > like + ROUNDING
        like[better], partner[better] = value[better], first[better] + start
    return like, partner


def _embedded(texts: Sequence[str], model: str, revision: str | None, device: str) -> Vectors:
    from sentence_transformers import SentenceTransformer

    try:
        encoder = SentenceTransformer(
            model, revision=revision, device=None if device == "auto" else device, trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # of many kinds: a hub's, a file's, a config's
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"dedup.semantic.model {model!r} cannot be loaded: {reason}") from None
    vectors = encoder.encode(list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32).copy()


def _projected(texts: Sequence[str], dimensions: int, seed: int) -> Vectors:
    """TF-IDF (logarithmic counts) of the texts' words, projected by SVD and brought to length 1 or 0."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(normal_words(text) for text in texts):
        return np.zeros((len(texts), 1), dtype=np.float32)
    weights = TfidfVectorizer(analyzer=normal_words, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
    if min(weights.shape) > dimensions:
        vectors = TruncatedSVD(dimensions, random_state=seed).fit_transform(weights)
    else:  # nothing to leave out
        vectors = weights.toarray()
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths >= LEAST_KEPT, vectors / np.maximum(lengths, LEAST_KEPT), 0).astype(np.float32)
