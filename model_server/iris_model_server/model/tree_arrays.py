"""Computes many rows at once for a box model, with numpy: the same sums as in `trees`, in the same order."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from iris_model_server.model.trees import BYTE, BoxModel

Table = NDArray[np.float64]


def probabilities(model: BoxModel, inputs: Table) -> Table:
    """An array per class, from an array per feature."""
    made = _arrays(model)
    cells = [cuts.searchsorted(line) for cuts, line in zip(made.cuts, inputs, strict=True)]
    reached = made.masks[0].take(cells[0], axis=1)
    for masks, chosen in zip(made.masks[1:], cells[1:], strict=True):
        reached &= masks.take(chosen, axis=1)
    totals = np.zeros((len(model.link.base), inputs.shape[1]))
    for sums, line in zip(made.sums, reached, strict=True):
        totals += sums.take(line, axis=1)
    if model.link.is_mean:
        totals /= model.link.count
        return totals
    totals += made.base
    totals -= totals.max(axis=0)
    np.exp(totals, out=totals)
    totals /= totals.sum(axis=0)
    return totals


@dataclass(frozen=True, slots=True)
class _Arrays:
    cuts: list[Table]
    # Per feature: an array per byte, with an entry per cell.
    masks: list[NDArray[np.uint8]]
    # Per byte: an array per class, with an entry per value of the byte.
    sums: list[Table]
    base: Table


# Two: while a model is replaced, requests may still use the former one.
@lru_cache(maxsize=2)
def _arrays(model: BoxModel) -> _Arrays:
    return _Arrays(
        cuts=[np.array(cuts, dtype=np.float64) for cuts in model.cuts],
        masks=[_bytes(masks, model.size) for masks in model.masks],
        sums=[_padded(np.array(sums).T) for sums in model.sums],
        base=np.array(model.link.base)[:, None],
    )


def _bytes(masks: list[int], size: int) -> NDArray[np.uint8]:
    whole = b"".join(mask.to_bytes(size, "little") for mask in masks)
    return np.ascontiguousarray(np.frombuffer(whole, np.uint8).reshape(-1, size).T)


def _padded(sums: Table) -> Table:
    """The last byte may have fewer than eight boxes; its other bits are never set."""
    return np.pad(sums, ((0, 0), (0, 2**BYTE - sums.shape[1])))
