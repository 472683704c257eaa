"""The network of the span reader: the encoder's layers with two small heads, over question and passage together.

Input: `<s> query: QUESTION </s></s> passage: PASSAGE </s>`, token types 0. Word embeddings (and the lowest
layers, where the tuner froze them) are those of the packaged encoder, so only the upper layers and the heads
are stored. Heads: start and end of the answer over the passage's tokens, with `<s>` as "no answer" (as in
BERT's SQuAD 2.0 model, Devlin et al. 2019), and one logit "this passage answers the question" from `<s>`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

QUERY, PASSAGE = "query: ", "passage: "


class SpanNetwork(nn.Module):
    """`encoder` is a Hugging Face BertModel without pooler; heads are float32."""

    def __init__(self, encoder: Any, frozen_layers: int = 0) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.frozen_layers = frozen_layers
        self.span = nn.Linear(hidden, 2)
        self.answers = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(spans, answers): start and end logits (rows, tokens, 2) and the answerable logit (rows,), float32."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        states = states.to(self.span.weight.dtype)
        return self.span(states).float(), self.answers(states[:, 0]).squeeze(-1).float()

    def stored(self) -> dict[str, Tensor]:
        """What a weights file holds: trained layers and heads, by name."""
        prefix = "encoder.encoder.layer."
        kept = {}
        for name, value in self.state_dict().items():
            if name.startswith(prefix):
                if int(name[len(prefix) :].split(".")[0]) >= self.frozen_layers:
                    kept["layer." + name[len(prefix) :]] = value
            elif not name.startswith("encoder."):
                kept[name] = value
        return kept

    def load_stored(self, tensors: dict[str, Tensor]) -> None:
        """The reverse of `stored`; KeyError when a tensor is missing."""
        own = self.state_dict()
        for name in self.stored():
            source = tensors[name]
            target = own["encoder.encoder." + name] if name.startswith("layer.") else own[name]
            target.copy_(source.to(target.dtype))


def load_encoder(folder: Path, **options: Any) -> Any:
    """The packaged encoder as a float32 BertModel without pooler and dropout."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(
        str(folder),
        dtype=torch.float32,
        add_pooling_layer=False,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        local_files_only=True,
        **options,
    )
