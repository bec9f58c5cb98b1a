"""Which keys name rows, and what stands under them when ids change."""

from typing import Any

import msgspec
import pytest
from builders import coco
from coco_recipe_data import references
from msgspec import Raw

from coco_recipe import Annotation, coco_json
from coco_recipe.dataset import extras

IDS = {"video_id": {1: 11, 2: 12}, "category_id": {1: 5}}


def _row(tmp_path: Any, **keys: Any) -> Annotation:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= keys
    path = tmp_path / "raw.json"
    path.write_bytes(msgspec.json.encode(data))
    return coco_json.load(path).annotations[0]


@pytest.mark.parametrize(
    ("key", "known", "named"),
    [
        ("video_id", ["video_id"], "video_id"),
        ("video_ids", ["video_id"], "video_id"),
        ("previous_video_id", ["video_id", "id"], "video_id"),
        ("neg_category_ids", ["category_id"], "category_id"),
        ("video", ["video_id"], ""),
        ("video_idea", ["video_id"], ""),
    ],
)
def test_a_key_is_known_in_the_plural_and_behind_a_word(
    key: str, known: list[str], named: str
) -> None:
    assert references.key_in(key, known) == named


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"video_id": 2}, {"video_id": 12}),
        ({"video_id": 3}, {"video_id": 3}),
        ({"next_video_ids": [1, 3]}, {"next_video_ids": [11, 3]}),
        ({"attributes": {"video_id": 1, "size": 1}}, {"attributes": {"video_id": 11, "size": 1}}),
        ({"size": 1}, {"size": 1}),
    ],
)
def test_new_ids_follow_in_keys_lists_and_mappings(
    written: dict[str, Any], expected: dict[str, Any], tmp_path: Any
) -> None:
    row = _row(tmp_path, **written)
    assert dict(extras(references.follow(row, IDS))) == expected
    assert dict(extras(row)) == written


def test_tables_follow_and_other_keys_keep_their_bytes() -> None:
    extra = {
        "tracks": Raw(b'[{"id": 1, "video_id": 1}]'),
        "info": Raw(b'{ "video_id": 1 }'),
        "licenses": Raw(b'[{"id": 1, "video_id": 1}]'),
    }
    got = references.follow_in_tables(extra, IDS)
    assert msgspec.json.decode(got["tracks"]) == [{"id": 1, "video_id": 11}]
    assert [bytes(got[key]) for key in ("info", "licenses")] == [
        bytes(extra[key]) for key in ("info", "licenses")
    ]
