"""The confusion matrix as a PNG. Pure: the same matrix gives the same bytes, and no screen is needed."""

import io
from collections.abc import Sequence

INCHES = (5.0, 4.4)
DOTS_PER_INCH = 120


def draw(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> bytes:
    """Each row coloured by its share, so that a rare class is as readable as a common one."""
    # Imported here: matplotlib takes about a second, and nothing before the last step needs it.
    # Its canvas is used directly, so that no MPLBACKEND and no display can change the result.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    shares = [[count / max(sum(row), 1) for count in row] for row in matrix]
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted", ylabel="true", title="Rows held back")
    for truth, row in enumerate(matrix):
        for predicted, count in enumerate(row):
            colour = "white" if shares[truth][predicted] > 0.5 else "black"
            axes.text(predicted, truth, str(count), ha="center", va="center", color=colour)
    target = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(target, format="png")
    return target.getvalue()
