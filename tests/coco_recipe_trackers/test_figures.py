"""What trackers are told: numbers and parameters, by names that they take."""

from coco_recipe_trackers import figures

from coco_recipe import StepRecord
from coco_recipe.manifest import Balance, Counts, Dropped


def test_a_step_has_its_rows_its_drops_and_its_metrics() -> None:
    record = StepRecord(
        step="score",
        use="evaluate",
        counts=Balance(out={"train": Counts(3, 5), "many": [Counts(1, 1), Counts(2, 2)]}),
        dropped=(Dropped("annotation", "a", 2), Dropped("annotation", "b", 1)),
        notes={
            "metrics": {"fit/epoch_1": {"bbox": {"mAP": 0.25, "classes": {"瓶|盖": {"mAP": 1}}}}}
        },
    )
    assert figures.of_record(record) == {
        "score.train.images": 3,
        "score.train.boxes": 5,
        "score.many.images": 1,
        "score.many.boxes": 1,
        "score.many.1.images": 2,
        "score.many.1.boxes": 2,
        "score.dropped.annotation": 3,
        "score.fit/epoch_1.bbox.mAP": 0.25,
        "score.fit/epoch_1.bbox.classes.瓶_盖.mAP": 1.0,
    }


def test_parameters_have_addresses_and_short_texts() -> None:
    given = {"copies": 2, "deep": {"list": [1, "x"], "text": "y" * 900}, "none": None, "flag": True}
    told = figures.parameters_of(StepRecord(step="more", use="augment", parameters=given))
    assert told == {
        "more.copies": "2",
        "more.deep.list": '[1,"x"]',
        "more.deep.text": "y" * 499 + "…",
        "more.flag": "true",
    }


def test_names_are_such_as_trackers_take() -> None:
    assert figures.name_of("瓶", "a:b\n<c>") == "瓶.a_b__c_"
    assert len(figures.name_of("s", "x" * 900)) == figures.LONGEST_NAME


def test_a_loss_that_is_no_number_is_left_out() -> None:
    assert figures.finite({"a": float("nan"), "b": float("inf"), "c": 1.0}) == {"c": 1.0}
