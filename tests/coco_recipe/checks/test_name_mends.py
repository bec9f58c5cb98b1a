"""The fewest mends of names that find the most pictures."""

from pathlib import Path

import pytest
from missing_pictures import DROP, missing_of

HASH = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("names", "files", "mends"),
    [
        (
            ["images/a+1.png", "a%2B2.png"],
            ["a+1.png", "a+2.png"],
            "unquote: true, strip_prefix: images/",
        ),
        (
            ["sub/a 1.png", "a%202.png", "x/y/a%203.png"],
            ["a 1.png", "a 2.png", "a 3.png"],
            "unquote: true, basename: true",
        ),
        (["images/1.png", "C:\\data\\2.png"], ["1.png", "2.png"], "basename: true"),
        (
            ["train\\1.png", "%C3%BC%2B%26.png"],
            ["train/1.png", "ü+&.png"],
            "unquote: true, slashes: true",
        ),
        (["images\\1.png"], ["1.PNG"], "basename: true, match_case: true"),
        (
            ["a\\1.png", "b\\1.png"],
            ["sets/1.png", "a/1.PNG", "b/1.PNG"],
            "slashes: true, match_case: true",
        ),
        (["1.png "], ["1.png"], "trim: true"),
        (
            ["/data/local-files/?d=a/b%201.png", "/data/local-files/?d=2.png"],
            ["a/b 1.png", "2.png"],
            'unquote: true, strip_prefix: "/data/local-files/?d="',
        ),
        (["up, load/1.png"], ["1.png"], 'strip_prefix: "up, load/"'),
        (["x/1.png", "y/1.png"], ["z/x/1.PNG", "x/1.PNG", "y/1.PNG"], "match_case: true"),
        (
            ["7/train/1.png", "7/val/1.png"],
            ["train/1.png", "val/1.png", "1.png"],
            "strip_prefix: 7/",
        ),
    ],
)
def test_the_fewest_mends_that_find_all_are_proposed(
    names: list[str], files: list[str], mends: str, tmp_path: Path
) -> None:
    assert missing_of(tmp_path, names, files).remedy == f"repair: file_names: {{{mends}}}"


def test_what_stays_missing_is_counted_beside_the_mends(tmp_path: Path) -> None:
    found = missing_of(
        tmp_path, ["images/1.png", "2.png", "3.png", "4.png", "5.png"], ["1.png", "5.png"]
    )
    assert found.remedy == (
        "repair: file_names: {strip_prefix: images/} finds 1 of 4; "
        f"those still missing (3): {DROP}"
    )


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["a%2B.png", "b%2B.png"], ["a+.png", "b%2B.png"]),  # what is found with it is lost with it
        (["x/1.png", "1.png"], ["1.png"]),  # both names would be one
        (["..%2F1.png", "2.png"], ["2.png"]),
    ],
)
def test_a_mend_that_loses_as_much_or_stops_the_repair_is_not_proposed(
    names: list[str], files: list[str], tmp_path: Path
) -> None:
    assert missing_of(tmp_path, names, files).remedy == DROP


@pytest.mark.parametrize(
    ("name", "file", "value"),
    [
        ("images\\1.png", "1.PNG", "there is '1.PNG'"),
        ("\t1.png ", "1.png", "there is '1.png'"),
        ("a/b%20c/1.png", "b c/1.png", "there is 'b c/1.png'"),
        ("deep/1.png", "other/1.PNG", "there is 'other/1.PNG'"),
        ("1.jpeg", "1.jpg", "there is '1.jpg'"),
        ("1", "1.png", "there is '1.png'"),
        ("1.png?alt=media&token=a.b/c", "1.png", "there is '1.png'"),
        ("o/train%2F1.png%3Falt=media", "train/1.png", "there is 'train/1.png'"),
        ("1.png#xywh=0,0,1.5,2", "1.png", "there is '1.png'"),
        ("1.png", "1.png?raw=true.1", "there is '1.png?raw=true.1'"),
        ("a &amp; b.png", "a & b.png", "there is 'a & b.png'"),
        ("it&#39;s.png", "it's.png", 'there is "it\'s.png"'),
        ("a & b.png", "a &amp; b.png", "there is 'a &amp; b.png'"),
        ("a b.png", "a%20b.png", "there is 'a%20b.png'"),
        (f"1.rf.{HASH}.jpg", "1.jpg", "there is '1.jpg'"),
        (f"1_png.rf.{HASH}.jpg", "1.png", "there is '1.png'"),
        (f"a-1-_jpeg.rf.{HASH}.jpg", "train/a (1).jpeg", "there is 'train/a (1).jpeg'"),
        ("1.jpg", f"1_jpg.rf.{HASH}.jpg", f"there is '1_jpg.rf.{HASH}.jpg'"),
        ("1.jpg", f"1.rf.{HASH}.jpg", f"there is '1.rf.{HASH}.jpg'"),
        (f"1.rf.{HASH}.jpg", f"1_jpg.rf.{HASH}.jpg", f"there is '1_jpg.rf.{HASH}.jpg'"),
        (f"1-jpg.rf.{HASH}.jpg", f"1.rf.{HASH}.jpg", f"there is '1.rf.{HASH}.jpg'"),
        ("upload/0123abcd-a_1.jpg", "a 1.jpg", "there is 'a 1.jpg'"),
        ("图 1.jpg", "sub/0123abcd-图_1.jpg", "there is 'sub/0123abcd-图_1.jpg'"),
    ],
)
def test_the_file_that_was_meant_is_told(name: str, file: str, value: str, tmp_path: Path) -> None:
    assert missing_of(tmp_path, [name], [file]).first[0].value == value


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("20240102-1.jpg", ["20240101-1.jpg"]),  # days, not what Label Studio puts in front
        (f"1_jpg.rf.{HASH}.jpg", [f"1_jpg.rf.{HASH[::-1]}.jpg"]),  # of another version
        ("1.jpg", [f"1_jpg.rf.{HASH}.jpg", f"1_jpg.rf.{HASH[::-1]}.jpg"]),  # one of two
        ("a#1.jpg", ["a.jpg"]),
        ("???.jpg", ["!!!.jpg"]),
    ],
)
def test_no_file_is_told_where_none_or_several_could_be_meant(
    name: str, files: list[str], tmp_path: Path
) -> None:
    assert not missing_of(tmp_path, [name], files).first[0].value
