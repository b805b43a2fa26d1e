"""A tiny random RoBERTa with a byte-level tokenizer, and pairs whose levels a few words decide: real training, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from synthempathy.scorers.labelled import LabelledPair
from tests.helpers.empathy import DIMENSIONS

POSTS = (
    "I lost my job today.", "My cat died in the night.", "Nobody came to my party.", "I failed the exam again.",
    "My brother left without a word.", "The rent went up and I cannot pay.",
)
SAYS = {
    "er": ("Pay the bills first.", "Everything will be fine.", "I feel really sad for you."),
    "ip": ("Write a list.", "I know how you feel.", "You must be terrified of tomorrow."),
    "ex": ("Call them at noon.", "What happened?", "Are you lying awake at night?"),
}


def separable_pairs(posts: Sequence[str] = POSTS[:3]) -> list[LabelledPair]:
    """27 replies per post: a sentence per mechanism, each at each level."""
    pairs = []
    for post, levels in product(posts, product((0, 1, 2), repeat=3)):
        said = [SAYS[m][level] for m, level in zip(DIMENSIONS, levels, strict=True)]
        response = " ".join(said)
        spans = {
            m: ((response.index(part), response.index(part) + len(part)),) if level else ()
            for m, level, part in zip(DIMENSIONS, levels, said, strict=True)
        }
        pairs.append(LabelledPair(post, response, dict(zip(DIMENSIONS, levels, strict=True)), spans))
    return pairs


def save_tiny_encoder(folder: Path, texts: Sequence[str] = (), layers: int = 1) -> Path:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # in RoBERTa's order
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tokenizer.train_from_iterator([*texts, *POSTS, *(part for parts in SAYS.values() for part in parts)], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", cls_token="<s>", pad_token="<pad>", eos_token="</s>",
        sep_token="</s>", unk_token="<unk>", mask_token="<mask>", model_max_length=128,
    )
    torch.manual_seed(0)
    RobertaForMaskedLM(RobertaConfig(
        vocab_size=len(whole), hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=130, type_vocab_size=1, pad_token_id=1, initializer_range=0.2,
    )).save_pretrained(folder)
    whole.save_pretrained(folder)
    return folder
