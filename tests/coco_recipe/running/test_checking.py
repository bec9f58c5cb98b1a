"""``check``: what it leaves out is told, lines for GitHub name the file, and decoding tells what
pictures are.
"""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

BASE_INSTALL = """
import sys

class NotThere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("cv2", "numpy", "PIL", "albumentations", "scipy"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

sys.meta_path.insert(0, NotThere())
from coco_recipe.cli import main
main()
"""


def _base_install(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``coco-recipe`` in a process in which what ``[augment]`` brings can't be imported."""
    return subprocess.run(
        [sys.executable, "-c", BASE_INSTALL, *arguments],
        cwd=cwd,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(b"not a picture")
    data = coco(2, [(1, 1), (2, 2)])
    data["annotations"][0]["bbox"] = [1, 2, 0, 10]
    (tmp_path / "raw.json").write_text(json.dumps(data))
    return tmp_path


LEFT_OUT = "left out without coco-recipe[augment]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("images",), f"2 checks are {LEFT_OUT}: pictures; segmentations (checks_left_out)"),
        ((), f"1 check is {LEFT_OUT}: segmentations (checks_left_out)"),
    ],
)
def test_a_base_install_says_in_one_line_what_it_leaves_out(
    given: tuple[str, ...], told: str, folder: Path
) -> None:
    done = _base_install("check", "raw.json", *given, cwd=folder)
    assert f"warning: raw.json: {told}\n" in done.stdout
    assert "1 box has a width or height of 0 or less" in done.stdout
    assert ("missing_pictures" in done.stdout) is bool(given)
    assert done.returncode == bool(given), done.stderr
    (row,) = [
        row
        for row in json.loads(
            _base_install("check", "raw.json", *given, "--format", "json", cwd=folder).stdout
        )
        if row["kind"] == "checks_left_out"
    ]
    assert [one["row"] for one in row["first"]] == (
        ["pictures", "segmentations"] if given else ["segmentations"]
    )
    assert row["remedy"] == "pip install 'coco-recipe[augment]'"
    lines = _base_install(
        "check", "raw.json", *given, "--format", "github", cwd=folder
    ).stdout.splitlines()
    assert (
        sum(
            line.startswith("::warning file=raw.json::raw.json: ") and LEFT_OUT in line
            for line in lines
        )
        == 1
    )


@pytest.mark.slow
def test_a_recipe_whose_pictures_are_not_checked_is_told_so(folder: Path) -> None:
    (folder / "images/2.jpg").write_bytes(b"not a picture")
    export = {"id": "out", "use": "export_coco", "in": {"all": "raw"}}
    write_recipe(folder, [export], inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    assert (
        f"1 check is {LEFT_OUT}: pictures"
        in _base_install("check", "recipe.yaml", cwd=folder).stdout
    )
    assert LEFT_OUT not in command("check", "recipe.yaml", cwd=folder).stdout


def test_a_whole_install_leaves_nothing_out(folder: Path) -> None:
    pytest.importorskip("cv2")
    assert LEFT_OUT not in command("check", "raw.json", "images", cwd=folder).stdout


def _pictures() -> dict[str, tuple[str, bytes, dict[str, Any]]]:
    """Return by name: a file name, its bytes, and the kinds that a check with --decode finds, with
    their values.
    """
    cv2, np = pytest.importorskip("cv2"), pytest.importorskip("numpy")
    from PIL import Image

    random = np.random.default_rng(0)
    rgb = random.integers(0, 255, (40, 60, 3), np.uint8)
    frames = [Image.fromarray(random.integers(0, 255, (40, 60, 3), np.uint8)) for _ in range(3)]
    clear = Image.fromarray(np.dstack([rgb, random.integers(0, 255, (40, 60), np.uint8)]))
    palette = frames[0].convert("P")

    def by_cv(suffix: str, picture: Any) -> bytes:
        return bytes(cv2.imencode(suffix, picture)[1].tobytes())

    def by_pil(picture: Any, form: str, **options: Any) -> bytes:
        target = io.BytesIO()
        picture.save(target, form, **options)
        return target.getvalue()

    several: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    deep, depth = (rgb.astype(np.uint16) * 257), {"pictures_of_16_bits": "16 bits"}
    jpeg, framed = by_pil(frames[0], "JPEG"), {"pictures_of_several_frames": None}
    grey_alpha = by_pil(Image.fromarray(rgb[:, :, :2], "LA"), "PNG")
    return {
        "16-bit PNG": ("a.png", by_cv(".png", deep), depth),
        "16-bit grey PNG": ("a.png", by_cv(".png", deep[:, :, 0]), depth),
        "16-bit PNG with alpha": (
            "a.png",
            by_cv(".png", np.dstack([deep, deep[:, :, :1]])),
            depth | {"pictures_with_alpha": None},
        ),
        "16-bit grey PNG with alpha": (
            "a.png",
            _grey_alpha_16(random),
            depth | {"pictures_with_alpha": None},
        ),
        "16-bit TIFF": ("a.tif", by_cv(".tiff", deep), depth),
        "16-bit grey TIFF": ("a.tif", by_pil(Image.fromarray(deep[:, :, 0]), "TIFF"), depth),
        "float TIFF": (
            "a.tif",
            by_cv(".tiff", rgb.astype(np.float32)),
            depth,
        ),  # OpenCV packs colours in 16 bits
        "grey float TIFF": (
            "a.tif",
            by_cv(".tiff", rgb[:, :, 0].astype(np.float64)),
            {"pictures_of_16_bits": "64 bits"},
        ),
        "16-bit PPM": ("a.ppm", by_cv(".ppm", deep), depth),
        "16-bit PGM": ("a.pgm", by_cv(".pgm", deep[:, :, 0]), depth),
        "16-bit JPEG 2000": ("a.jp2", by_cv(".jp2", deep), depth),
        "1-bit PNG": ("a.png", by_pil(frames[0].convert("1"), "PNG"), {}),
        "1-bit TIFF": ("a.tif", by_pil(frames[0].convert("1"), "TIFF"), {}),
        "grey PNG with alpha": ("a.png", grey_alpha, {"pictures_with_alpha": None}),
        "palette": ("a.png", by_pil(palette, "PNG"), {}),
        "palette with transparency": (
            "a.png",
            by_pil(palette, "PNG", transparency=3),
            {"pictures_with_alpha": None},
        ),
        "WebP with alpha": ("a.webp", by_pil(clear, "WEBP"), {"pictures_with_alpha": None}),
        "animated PNG": ("a.png", by_pil(frames[0], "PNG", **several), framed),
        "animated GIF": ("a.gif", by_pil(frames[0], "GIF", **several), framed),
        "animated WebP": ("a.webp", by_pil(frames[0], "WEBP", **several), framed),
        "TIFF of pages": ("a.tif", by_pil(frames[0], "TIFF", **several), framed),
        "CMYK JPEG": (
            "a.jpg",
            by_pil(frames[0].convert("CMYK"), "JPEG"),
            {"pictures_of_cmyk": None},
        ),
        "CMYK TIFF": (
            "a.tif",
            by_pil(frames[0].convert("CMYK"), "TIFF"),
            {"pictures_of_cmyk": None},
        ),
        "garbage behind a JPEG": ("a.jpg", jpeg + b"garbage", {"bytes_after_pictures": "7 bytes"}),
        "garbage that ends as a JPEG": (
            "a.jpg",
            jpeg + b"garbage\xff\xd9",
            {"bytes_after_pictures": "9 bytes"},
        ),
        "a PNG called JPEG": (
            "a.jpg",
            by_pil(frames[0], "PNG"),
            {"pictures_of_another_format": "is PNG"},
        ),
        "a WebP called PNG": (
            "a.png",
            by_pil(frames[0], "WEBP"),
            {"pictures_of_another_format": "is WEBP"},
        ),
        "a good JPEG": ("a.jpg", jpeg, {}),
        "a progressive JPEG": ("a.jpg", by_pil(frames[0], "JPEG", progressive=True), {}),
    }


def _grey_alpha_16(random: Any) -> bytes:
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = b"".join(b"\0" + random.bytes(60 * 4) for _ in range(40))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 60, 40, 16, 4, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_decoding_tells_what_each_picture_is_and_nothing_else(tmp_path: Path) -> None:
    picture_checks = pytest.importorskip("coco_recipe_pictures.checks.picture_checks")
    from coco_recipe import Dataset, Image

    for n, (name, (file_name, data, expected)) in enumerate(_pictures().items()):
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / file_name).write_bytes(data)
        dataset = Dataset((Image(1, file_name, 60, 40),), (), (), "raw", {"raw": folder})
        found = {
            one.kind.name: one.first[0].value
            for one in picture_checks.check(dataset, "raw", decode=True)
        }
        assert found == expected, name
