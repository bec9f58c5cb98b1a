import pytest

from coco_recipe.events import Progress


@pytest.mark.parametrize(
    ("text", "most", "status"),
    [
        ("epoch 2/3", 3, "epoch 2/3  loss 0.3126  lr 1e-05  eta_s 83"),
        ("", 1, "loss 0.3126"),
        ("", None, "loss 0.3126  lr 1e-05  eta_s 83  loss_cls 0.2"),
    ],
)
def test_figures_become_text_where_they_are_shown(text: str, most: int | None, status: str) -> None:
    figures = {"loss": 0.31257, "lr": 1e-05, "eta_s": 83.0, "loss_cls": 0.2}
    assert Progress("fit", 1, 9, figures, text).status(most) == status


def test_nothing_is_shown_of_nothing() -> None:
    assert Progress("fit", 1, 9).status() == ""
