"""What a network is built of, seen from the names and shapes of its tensors; names help, shapes decide.

Layers are found by the number that counts them, or, where every name was changed, by how often each shape occurs.
Within a layer matrices are told apart by their shapes: those that read the hidden state, those that write it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

from assistant.models.safetensors_header import Tensor

Shape = tuple[int, ...]
BIAS = re.compile(r"(^|[._])(bias|b)\d*$")
LEAST_VOCABULARY = 2  # times the hidden size at least, or named so


@dataclass(frozen=True, slots=True)
class Part:
    """One tensor of a layer; `name` without the layer's number."""

    name: str
    shape: Shape
    dtype: str
    tensor: str  # its whole name in the first layer


@dataclass(frozen=True, slots=True)
class Structure:
    """A decoder's build. Sizes are numbers of rows or entries; 0 where a part is not there."""

    layers: int
    hidden: int
    vocabulary: int
    tied: bool  # no output matrix of its own: the embedding serves twice
    positions: bool  # a table of learned positions
    matrices: int  # of a layer, experts aside
    fused_attention: bool  # one matrix for queries, keys and values
    fused_gate: bool  # one matrix for gate and up
    gated: bool
    norms: int  # vectors of a layer that scale the hidden state
    norm_biases: bool
    attention_biases: bool  # of queries, keys, values
    output_bias: bool  # of the attention's output
    head_norms: bool  # of queries and keys, one head wide
    wide_norms: bool  # of queries and keys, over all heads
    experts: int
    expert_biases: bool
    queries: int  # rows of the query matrix
    keys: int  # rows of the key matrix
    inner: int  # rows of the up matrix
    head: int  # width of a head, where head norms show it
    first_norms: tuple[str, ...] = ()  # names, to look at their values
    conv: bool = False  # matrices lie the other way round, as in GPT-2


def structure(tensors: Sequence[Tensor]) -> Structure | None:
    """The build of a decoder; None where no repeated layers with an embedding are found."""
    layer, count, rest = _split(tensors)
    if not layer or count < 1:
        return None
    hidden = _hidden(layer, rest)
    tables = [t for t in rest if len(t.shape) == 2 and hidden in t.shape]
    if not hidden or not tables:
        return None
    vocabulary = max(max(t.shape) if t.shape[0] != t.shape[1] else hidden for t in tables)
    words = [t for t in tables if vocabulary in t.shape]
    return _layer(layer, hidden, count, vocabulary, len(words) < 2, len(tables) > len(words))


def _split(tensors: Sequence[Tensor]) -> tuple[list[Part], int, list[Tensor]]:
    """(parts of the usual layer, how many layers, tensors outside of them)."""
    groups: dict[str, dict[int, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for tensor in tensors:
        for found in re.finditer(r"\d+", tensor.name):
            before, after = tensor.name[: found.start()], tensor.name[found.end() :]
            groups[before][int(found[0])].append(Part(after.lstrip("._/"), tensor.shape, tensor.dtype, tensor.name))
            break  # later numbers count experts, or name w1, w2, w3
    numbered = [(sum(map(len, rows.values())), before) for before, rows in groups.items() if _counts(rows)]
    if numbered and (best := max(numbered))[0] > len(tensors) / 2:
        rows = groups[best[1]]
        usual = Counter(_signature(parts) for parts in rows.values()).most_common(1)[0][0]
        parts = next(rows[n] for n in sorted(rows) if _signature(rows[n]) == usual)
        inside = {p.tensor for each in rows.values() for p in each}
        return parts, len(rows), [t for t in tensors if t.name not in inside]
    return _by_shape(tensors)


def _counts(rows: dict[int, list[Part]]) -> bool:
    return sorted(rows) == list(range(min(rows), min(rows) + len(rows))) and min(rows) <= 1


def _signature(parts: Sequence[Part]) -> tuple[tuple[str, Shape], ...]:
    return tuple(sorted((part.name, part.shape) for part in parts))


def _by_shape(tensors: Sequence[Tensor]) -> tuple[list[Part], int, list[Tensor]]:
    """Without numbers: what occurs n times, or a multiple of it, stands in n layers. The largest tensors and what is
    left over stand outside."""
    shapes = Counter(t.shape for t in tensors if len(t.shape) > 1)
    widest = max((t.shape for t in tensors if len(t.shape) == 2), key=max, default=())
    repeated = [n for shape, n in shapes.items() if n > 1 and shape != widest]
    layers = reduce(gcd, repeated) if repeated else 0
    if layers < 2:
        return [], 0, []
    vectors = Counter(t.shape for t in tensors)
    parts, rest = [], []
    for shape, n in vectors.items():
        same = [t for t in tensors if t.shape == shape]
        each = 0 if shape == widest else n // layers
        parts += [Part(t.name, t.shape, t.dtype, t.name) for t in same[:each]]
        rest += same[: n - each * layers]
    return parts, layers, rest


def _hidden(layer: Sequence[Part], rest: Sequence[Tensor]) -> int:
    """The width that most matrices of a layer share with a table outside of it."""
    sizes = Counter(size for part in layer if len(part.shape) >= 2 for size in set(part.shape[-2:]))
    outside = {size for t in rest if len(t.shape) == 2 for size in t.shape}
    vectors = Counter(part.shape[0] for part in layer if len(part.shape) == 1)
    shared = [size for size in sizes if size in outside] or list(sizes)
    return max(shared, key=lambda size: (sizes[size], vectors[size]), default=0)


def _layer(layer: list[Part], hidden: int, count: int, vocabulary: int, tied: bool, positions: bool) -> Structure:
    experts, expert_biases, plain = _experts(layer, hidden)
    matrices = [p for p in plain if len(p.shape) == 2]
    vectors = [p for p in plain if len(p.shape) == 1]
    conv = positions and any(p.shape == (hidden, 3 * hidden) for p in matrices)
    reads = sorted((p.shape[0] for p in matrices if p.shape[1] == hidden and p.shape[0] != hidden), reverse=True)
    writes = [p.shape[1] for p in matrices if p.shape[0] == hidden and p.shape[1] != hidden]
    squares = sum(p.shape == (hidden, hidden) for p in matrices)
    fused_gate = not experts and any(reads.count(2 * i) == 1 and reads.count(i) < 2 for i in writes)
    gated = fused_gate or bool(experts) or any(reads.count(inner) >= 2 for inner in writes)
    feed = 0 if experts else (2 if fused_gate else 3 if gated else 2)
    fused_attention = len(matrices) - feed == 2
    inner = (
        next((i for i in writes if reads.count(i) >= 2 or (fused_gate and 2 * i in reads)), 0)
        if gated and not experts
        else 0
    )
    queries, keys = _attention(reads, writes, squares, hidden, inner, fused_gate, fused_attention)
    biases = _Biases.of(vectors, hidden, queries, keys)
    return Structure(
        count,
        hidden,
        vocabulary,
        tied,
        positions,
        len(matrices),
        fused_attention,
        fused_gate,
        gated,
        biases.norms,
        biases.norm_biases,
        biases.attention,
        biases.output,
        biases.head > 0,
        biases.wide,
        experts,
        expert_biases,
        queries,
        keys,
        inner or max(writes, default=0),
        biases.head,
        biases.names,
        conv,
    )


def _experts(layer: list[Part], hidden: int) -> tuple[int, bool, list[Part]]:
    """(number of experts, whether they have biases, the parts that are not theirs): one more dimension of the shapes,
    counted in names, or as many feed-forward blocks as one small matrix has rows."""
    if deep := Counter(p.shape[0] for p in layer if len(p.shape) >= 3 and (hidden in p.shape[1:] or p.dtype == "U8")):
        count = deep.most_common(1)[0][0]
        rows = [p for p in layer if len(p.shape) == 2 and p.shape[0] == count]  # the router, and biases
        return count, len(rows) > 1, [p for p in layer if len(p.shape) < 3 and p not in rows]
    numbers: dict[tuple[str, Shape], set[int]] = defaultdict(set)
    for part in layer:
        if found := re.search(r"\d+", part.name):
            numbers[re.sub(r"\d+", "#", part.name, count=1), part.shape].add(int(found[0]))
    counted = {key: seen for key, seen in numbers.items() if len(seen) > 1 and min(seen) == 0}
    if counted:
        plain = [p for p in layer if (re.sub(r"\d+", "#", p.name, count=1), p.shape) not in counted]
        count = max(map(len, counted.values()))
        return count, False, [p for p in plain if len(p.shape) != 2 or p.shape[0] != count]
    return _uncounted_experts(layer)


def _uncounted_experts(layer: list[Part]) -> tuple[int, bool, list[Part]]:
    shapes = Counter(p.shape for p in layer if len(p.shape) == 2)
    for (rows, columns), n in shapes.items():
        if n > 1 and rows != columns and shapes[columns, rows] == 2 * n and shapes[n, rows] == 1:
            theirs = {(rows, columns), (columns, rows), (n, rows)}
            return n, False, [p for p in layer if p.shape not in theirs]
    return 0, False, layer


def _attention(
    reads: list[int], writes: list[int], squares: int, hidden: int, inner: int, fused_gate: bool, fused: bool
) -> tuple[int, int]:
    """(rows of queries, rows of keys); of a fused matrix what can be told from the output's columns."""
    left = list(reads)
    for used in ([2 * inner] if fused_gate else [inner, inner]) if inner else []:
        if used in left:
            left.remove(used)
    outputs = list(writes)
    if inner in outputs:
        outputs.remove(inner)
    queries = outputs[0] if outputs else hidden
    if fused:
        rows = left[0] if left else 0
        return queries, max(0, (rows - queries) // 2)
    pairs = [size for size in set(left) if left.count(size) >= 2 and size != queries]
    if pairs:
        return queries, min(pairs)
    return queries, hidden if squares >= 2 else queries  # keys as wide as the hidden state, or as the queries


@dataclass(frozen=True, slots=True)
class _Biases:
    """What the vectors of a layer are."""

    norms: int
    norm_biases: bool
    attention: bool
    output: bool
    head: int
    wide: bool
    names: tuple[str, ...]

    @staticmethod
    def of(vectors: list[Part], hidden: int, queries: int, keys: int) -> _Biases:
        named = [p for p in vectors if BIAS.search(p.name)]
        sizes = Counter(p.shape[0] for p in vectors)
        marked = Counter(p.shape[0] for p in named)
        attention = _attention_biases(sizes, marked, hidden, queries, keys)
        small = [size for size, n in sizes.items() if n == 2 and size not in (hidden, queries) and not marked[size]]
        head = next((s for s in small if queries % s == 0 and (s != keys or not attention)), 0)
        hiddens = [p for p in vectors if p.shape[0] == hidden]
        scales = [p for p in hiddens if not BIAS.search(p.name)]
        norms = len(scales)
        if not named and attention:  # no name tells: the biases of the same width are not norms
            norms -= (queries == hidden) + 2 * (keys == hidden)
        wide = not attention and not head and (sizes[keys] == 1 != sizes[hidden] or _wide(scales))
        output = marked[hidden] > (queries == hidden) * attention + 2 * (keys == hidden) * attention
        norm_biases = norms > 0 and sum("norm" in p.name or "ln" in p.name for p in named) >= 1
        return _Biases(norms, norm_biases, attention, output, head, wide, tuple(p.tensor for p in scales))


def _attention_biases(sizes: Counter[int], marked: Counter[int], hidden: int, queries: int, keys: int) -> bool:
    """Three more vectors, as long as queries, keys and values."""
    if marked:
        return marked[keys] >= (3 if keys == queries else 2) or marked[queries + 2 * keys] > 0
    if queries + 2 * keys in sizes and queries != hidden:
        return True
    if keys == queries:
        return sizes[queries] - 2 * (queries == hidden) in (3, 4, 5)
    return sizes[keys] >= 2 and (sizes[queries] % 2 == 1 if queries == hidden else sizes[queries] >= 1)


def _wide(vectors: Sequence[Part]) -> bool:
    return any(re.search(r"(^|[._])q_norm", p.name) for p in vectors)
