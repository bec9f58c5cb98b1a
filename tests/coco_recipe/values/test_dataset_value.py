"""Data sets as values: their rows are counted once, and their facts are those of the rows."""

import json

from builders import coco

from coco_recipe import (
    Dataset,
    Facts,
    coco_json,
    facts_of,
)


def test_the_same_rows_are_counted_once() -> None:
    text = json.dumps(coco()).encode()
    dataset = coco_json.parse(text)
    counts = dataset.counts()
    assert dataset.replace(home="x", extra={}).counts() is counts
    fewer = dataset.replace(annotations=dataset.annotations[:1])
    assert fewer.counts()["annotations"] == 1
    assert dict(fewer.counts()["categories"]) == {"cat": 1, "dog": 0}
    renamed: Dataset = fewer.replace(categories=dataset.categories[1:])
    assert renamed.counts()["categories"] == {"dog": 0}


def test_facts_of_images_without_sizes_and_of_none() -> None:
    data = coco(2)
    del data["images"][0]["width"]
    data["images"][1] |= {"width": 7, "height": 9, "dark": True}
    facts = facts_of(coco_json.parse(json.dumps(data).encode()))
    assert (facts.smallest, facts.largest) == ((7, 9), (7, 9)), "of those that have both"
    assert facts.fields is not None
    assert "dark" in facts.fields
    assert facts_of(Dataset((), (), ())) == Facts((), keypoints=(), annotation_fields=(), images=0)
