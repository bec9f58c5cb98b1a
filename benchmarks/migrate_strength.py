"""Compare the strength of old pipelines, run by their own library, with what migrate makes of them.

    python benchmarks/migrate_strength.py FOLDER [--versions 1.3.1,1.4.12] [--only Rotate] [--all]
    nice python benchmarks/migrate_strength.py FOLDER --table benchmarks/migrate_strength.md

FOLDER gets one environment with what the old versions need, each version beside it, and what was
measured of it; all are kept for the next time. Python 3.11 runs all versions from 0.3.0 on, given
numpy 1.26 and the names that numpy 1.24 dropped, as np.bool.

Each transform is drawn with its defaults and with each row of migrate_cases.json: as it was written
by hand (bare) and as the old library saves it (saved), where the two are migrated differently and
the library saves all arguments. Its default p is compared too. What is printed is a measure whose
mean differs by more than 5 % (--share) and by more than chance (3.5 standard errors): what it was,
what it is, and what migrate says of it. The outcomes, the worst of a transform's in the table:

    same      within the share, and written as it was but for names
    mended    within the share, by values that migrate writes
    named     further off, and migrate says so
    refused   migrate leaves it out, and says so
    unrun     the old version has no such argument, or fails itself
    rough     change, moved, height or width is further off, but not more than by chance, or its
              standard error is above 5 %; a case that comes out so, or as a FAULT, is drawn again,
              for 6 times --seconds, and is rough if that didn't settle it
    FAULT     further off, and migrate says nothing; the command ends with 1

    change      mean absolute difference of a pixel, 0 to 255
    brightness  mean difference of a pixel, with its sign; its ratio is by the change
    touched     share of values that changed by more than 2 levels
    moved       mean distance that a pixel of the picture moved, in pixels
    outside     share of the new picture that shows nothing of the old one
    shown       spread of the places that the new picture shows, in pixels
    height, width, p
"""

import argparse
import collections
import hashlib
import json
import math
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

VERSIONS = ("0.4.6", "0.5.2", "1.0.3", "1.1.0", "1.3.1", "1.4.0", "1.4.12", "1.4.21", "2.0.8")
SHARED = (
    "numpy==1.26.4",
    "opencv-python-headless==4.10.0.84",
    "scipy==1.17.1",
    "PyYAML",
    "qudida",
    "imgaug==0.4.0",
    "scikit-image==0.26.0",
    "scikit-learn==1.9.1",
    "pydantic==2.14.4",
    "typing_extensions",
    "eval_type_backport",
    "simsimd==6.5.16",
    "stringzilla==5.3.2",
    "setuptools<81",
    "wheel",
)
HEIGHT, WIDTH = 160, 192
DRAWS = range(16, 4000)  # of a measure: at least and at most
LEAST_DRAWS = 6  # of a slow one
SETTLED = 0.016  # the standard error, as a share of the mean, at which drawing ends
SURE = 3.5  # standard errors that are no chance
MAIN = ("change", "moved", "height", "width")  # the others count where they are surely off
SHAKY = 0.05  # the standard error of a ratio above which it says nothing
REFERENCE = "reference.png"  # for transforms that take their colours from a file
LEAST = {"change": 0.15, "brightness": 0.8, "touched": 0.004, "moved": 0.05, "outside": 0.005}
BASES = (
    "BasicIAATransform",
    "DualIAATransform",
    "ImageOnlyIAATransform",
    "ReferenceBasedTransform",
    "BaseDistortion",
    "BaseDropout",
)
OUTCOMES = ("FAULT", "rough", "named", "mended", "same", "refused", "unrun")  # worst first
HEADING = """# Strength of migrated transforms

What `coco-recipe pipeline migrate` makes of each transform, run beside the old library in an
environment of its own: the worst outcome over the arguments of `migrate_cases.json`, and new / old
of the measure that is furthest off. Written by

    nice python benchmarks/migrate_strength.py FOLDER --table benchmarks/migrate_strength.md

same: within 5 %, as it was written. mended: within 5 %, by values that migrate writes. named:
further off, and migrate says so. rough: too few draws to tell 5 %. FAULT: further off, and nothing
is said. refused: migrate leaves it out, and says so. unrun: the old library fails itself. -: the
old library has no such transform.

"""
Measures = dict[str, list[float]]


class Difference(NamedTuple):
    """A measure, what it was and what it is."""

    measure: str
    old: float
    new: float
    share: float  # by which they are apart, of the larger one; 0 where it is too small to matter
    chance: float  # its standard error

    def shown(self) -> str:
        """Write it for a line."""
        ratio = f" ({self.ratio:.2f})" if self.ratio is not None else ""
        return f"{self.measure} {self.old:.4g} -> {self.new:.4g}{ratio}"

    @property
    def ratio(self) -> float | None:
        """What it is as a share of what it was; None for a brightness, which may be about 0."""
        return self.new / self.old if self.old and self.measure != "brightness" else None


class Result(NamedTuple):
    """What became of one transform with one set of arguments."""

    name: str
    outcome: str
    ratio: float | None = None
    said: str = ""


def picture() -> Any:
    """Draw a picture with edges, slopes and texture."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    layers = [60 + x * 0.6, 200 - y * 0.7, 90 + 60 * np.sin(x / 9) * np.cos(y / 13)]
    drawn = np.stack(layers, axis=2)
    drawn[30:80, 40:110] = (200, 60, 40)
    drawn[(y - 110) ** 2 + (x - 140) ** 2 < 700] = (30, 160, 210)
    noise = np.random.RandomState(3).normal(0, 8, drawn.shape)
    return np.clip(drawn + noise, 0, 255).astype(np.uint8)


def write_reference(path: Path) -> None:
    """Write a picture of other colours."""
    import cv2

    turned = picture()[::-1, ::-1] * [0.5, 0.9, 1.2] + 20
    cv2.imwrite(str(path), np.clip(turned, 0, 255).astype(np.uint8))


def places() -> Any:
    """Return a picture whose pixels tell where they are: x and y as shares, and 1."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.stack([x / WIDTH, y / HEIGHT, np.ones_like(x)], axis=2)


def measure(apply: Callable[[Any], Any], moves: bool, seconds: float) -> Measures:
    """Return, for each measure, its value in each draw."""
    source, where = picture(), places()
    rows: Measures = {}
    began, look = time.process_time(), DRAWS.start
    for draw in range(DRAWS.stop):
        spent = time.process_time() - began
        if draw >= look:
            if spent > seconds or _settled(rows):
                break
            look = 1 + draw * 8 // 7
        if draw >= LEAST_DRAWS and spent > 4 * seconds:
            break
        row = {**_colours(apply(source), source), **(_moves(apply(where)) if moves else {})}
        for name, value in row.items():
            rows.setdefault(name, []).append(float(value))
    return rows


def _settled(rows: Measures) -> bool:
    """Tell whether more draws would change no mean by much."""
    for name, values in rows.items():
        scaled_by = rows["change"] if name == "brightness" and "change" in rows else values
        scale = abs(np.mean(scaled_by))
        if np.std(values) / len(values) ** 0.5 > max(SETTLED * scale, LEAST.get(name, 0.5) / 4):
            return False
    return True


def _colours(made: Any, source: Any) -> dict[str, float]:
    if made.shape != source.shape:
        return {
            "height": made.shape[0],
            "width": made.shape[1],
            "brightness": made.mean() - source.mean(),
        }
    apart = made.astype(np.int16) - source
    size = abs(apart)
    return {"change": size.mean(), "brightness": apart.mean(), "touched": (size > 2).mean()}


def _moves(made: Any) -> dict[str, float]:
    known = abs(made[..., 2] - 1) < 0.01
    x, y = made[..., 0] * WIDTH, made[..., 1] * HEIGHT
    spread = np.hypot(x[known].std(), y[known].std()) if known.any() else 0
    rows = {"outside": 1 - known.mean(), "shown": spread}
    if made.shape[:2] == (HEIGHT, WIDTH) and known.any():
        own = places()
        rows["moved"] = np.hypot(x - own[..., 0] * WIDTH, y - own[..., 1] * HEIGHT)[known].mean()
    return rows


def old_side() -> None:
    """Run in an old environment: read cases as JSON, write each one's saved form and measures."""
    for name, kind in (("bool", bool), ("float", float), ("int", int), ("object", object)):
        if name not in np.__dict__:
            setattr(np, name, kind)
    warnings.simplefilter("ignore")
    import albumentations as A
    import cv2

    cv2.setNumThreads(1)
    asked = json.load(sys.stdin)
    random.seed(1)
    np.random.seed(1)
    rows = []
    for name in sorted(vars(A)) if asked["all"] else asked["cases"]:
        kind = vars(A).get(name)
        if _measurable(A, name, kind):
            rows += [
                {"name": name, "given": given, **_old_row(A, kind, given, asked["seconds"])}
                for given in asked["cases"].get(name, [{}])
            ]
    print("\n" + json.dumps(rows))


def _measurable(A: Any, name: str, kind: Any) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, A.BasicTransform)
        and not (
            hasattr(A, "Transform3D")
            and issubclass(kind, A.Transform3D)
            and not issubclass(kind, A.ImageOnlyTransform)
            and name.endswith("3D")
        )
        and name not in BASES
        and not kind.__module__.endswith(("interface", "pytorch.transforms"))
    )


def _old_row(A: Any, kind: type, given: dict[str, Any], seconds: float) -> dict[str, Any]:
    hides = any(word in kind.__name__ for word in ("Dropout", "Masking", "Cutout", "Erasing"))
    moves = issubclass(kind, A.DualTransform) and not hides
    try:
        default = kind(**given)
        made = kind(**given, p=1)
        drawn = measure(_applied(A, [made], kind.__name__), moves, seconds)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:90]}"}
    try:
        form = A.to_dict(A.Compose([made]))
        saved = json.dumps(form, default=lambda one: getattr(one, "value", str(one)))
    except Exception:  # of those with code or files in them
        saved = "null"
    return {
        "saved": json.loads(saved),
        "moves": moves,
        "measures": drawn,
        "p": 1 if getattr(default, "always_apply", False) else default.p,
    }


def _applied(A: Any, transforms: Sequence[Any], name: str, **settings: Any) -> Callable[[Any], Any]:
    """Return what applies transforms to a picture, with a box where they look at boxes."""
    if "BBox" not in name:
        plain = A.Compose(transforms, **settings)
        return lambda image: plain(image=image)["image"]
    boxed = A.Compose(transforms, bbox_params={"format": "coco", "label_fields": ["l"]}, **settings)
    return lambda image: boxed(image=image, bboxes=[[40, 40, 60, 60]], l=[0])["image"]


def new_side(text: str, name: str, moves: bool, seconds: float) -> Measures:
    """Run a migrated form, given as JSON, or return what was kept of it.

    ``name`` is the one that the transform had.
    """
    key = json.dumps([text, "BBox" in name, moves])
    kept = Path("new", f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json")
    was = json.loads(kept.read_text("utf-8")) if kept.exists() else {"seconds": 0}
    if was["seconds"] < seconds:
        was = {"seconds": seconds, "rows": _drawn(json.loads(text), name, moves, seconds)}
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(was), "utf-8")
    rows: Measures = was["rows"]
    return rows


def _drawn(form: Any, name: str, moves: bool, seconds: float) -> Measures:
    import albumentations as A
    import cv2
    from coco_recipe_albumentations.pipeline.read import Pipeline

    cv2.setNumThreads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transforms = Pipeline.of(form, allow_files=True).build((WIDTH, HEIGHT))
        return measure(_applied(A, transforms, name, seed=1), moves, seconds)


def said_of(done: Any) -> list[str]:
    """Return what migrate says of a strength, and of what it lost."""
    return [*done.lost, *(note.what for note in done.notes if "no argument mends" in note.what)]


def compare(old: Measures, new: Measures) -> Iterator[Difference]:
    """Yield how far apart the means of each measure are, and how far by chance."""
    for name, rows in old.items():
        if (name == "shown" and "moved" in old) or (
            name in ("moved", "change", "touched") and "height" in {**old, **new}
        ):
            continue
        others = new.get(name, [float("nan")])
        one, other = float(np.mean(rows)), float(np.mean(others))
        chance = float(np.sqrt(np.var(rows) / len(rows) + np.var(others) / len(others)))
        scale = max(abs(one), abs(other), 1e-9)
        if name == "brightness":
            scale = max(scale, *(float(np.mean(side.get("change", [20]))) for side in (old, new)))
        small = max(abs(one - other), 2 * chance) <= LEAST.get(name, 0.5)
        yield Difference(
            name, one, other, *((0.0, 0.0) if small else (abs(one - other) / scale, chance / scale))
        )


def environment(folder: Path, version: str) -> tuple[Path, dict[str, str]]:
    """Return an old version's interpreter and variables; make what isn't there."""
    base, beside = folder / "base", folder / version
    python = base / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", base], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *SHARED], check=True)
    if not (beside / "albumentations").exists():
        install = [
            python,
            "-m",
            "pip",
            "-q",
            "install",
            "--no-deps",
            "--no-build-isolation",
            "--target",
            beside,
        ]
        subprocess.run([*install, f"albumentations=={version}"], check=True)
        needs = next(beside.glob("albumentations-*/METADATA")).read_text("utf-8").splitlines()
        core = [line.split(":")[1] for line in needs if line.startswith("Requires-Dist: albucore")]
        if core:
            exact = core[0].translate(str.maketrans("", "", " ()")).replace(">=", "==")
            subprocess.run([*install, exact.split(",")[0]], check=True)
    return python, {**os.environ, "PYTHONPATH": str(beside), "NO_ALBUMENTATIONS_UPDATE": "1"}


class Old:
    """An old version: its rows of all cases, kept in a file."""

    def __init__(self, folder: Path, version: str, seconds: float) -> None:
        self.folder, self.version = folder, version
        self.cases = json.loads(Path(__file__).with_name("migrate_cases.json").read_text("utf-8"))
        self.kept = folder / f"{version}.json"
        was = json.loads(self.kept.read_text("utf-8")) if self.kept.exists() else {}
        if was.get("cases") == self.cases:
            self.rows: list[dict[str, Any]] = was["rows"]
        else:
            drawn = self._draw({"cases": self.cases, "seconds": seconds, "all": True})
            self.rows = [{**row, "seconds": seconds} for row in drawn]
            self._keep()

    def again(self, rows: Sequence[dict[str, Any]], seconds: float) -> None:
        """Draw rows for longer, and keep them."""
        cases: dict[str, list[Any]] = {}
        for row in rows:
            cases.setdefault(row["name"], []).append(row["given"])
        if cases:
            for new in self._draw({"cases": cases, "seconds": seconds, "all": False}):
                for row in rows:
                    if (row["name"], row["given"]) == (new["name"], new["given"]):
                        row.update(new, seconds=seconds)
            self._keep()

    def _draw(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        python, variables = environment(self.folder, self.version)
        done = subprocess.run(
            [python, str(Path(__file__).resolve()), "--old"],
            env=variables,
            cwd=self.folder,
            input=json.dumps(asked),
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{self.version}: {done.stderr[-2000:]}")
        rows: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return rows

    def _keep(self) -> None:
        self.kept.write_text(json.dumps({"cases": self.cases, "rows": self.rows}), "utf-8")


def by_hand(row: dict[str, Any], version: str, **more: Any) -> dict[str, Any]:
    """Return the form of a pipeline with one transform."""
    return {
        "__version__": version,
        "transform": {
            "__class_fullname__": "Compose",
            "transforms": [{"__class_fullname__": row["name"], **more, **row["given"]}],
        },
    }


def ways(row: dict[str, Any], version: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield how a row is written, its old form and its migration; equal outcomes only once."""
    from coco_recipe_albumentations.migration import migrate

    bare = by_hand(row, version, p=1)
    first = migrate.migrate(bare)
    yield "bare", bare, first
    if row.get("saved"):
        second = migrate.migrate(row["saved"])
        (saved,) = row["saved"]["transform"]["transforms"]
        if set(row["given"]) <= set(saved) and _whole(second.form) != _whole(first.form):
            yield "saved", row["saved"], second


def _whole(form: dict[str, Any]) -> Any:
    """Return the transforms of a migrated form with all their arguments, numbers as floats."""
    from coco_recipe_albumentations import catalogue

    known = catalogue.load()[1]
    rows = [
        {**known[row["__class_fullname__"]].arguments, **row}
        for row in form["transform"]["transforms"]
    ]
    return json.loads(json.dumps(rows, default=str), parse_int=float)


def default_p(row: dict[str, Any], version: str) -> float | None:
    """Return the p that a transform written without one gets."""
    from coco_recipe_albumentations.migration import migrate

    made = migrate.migrate(by_hand(row, version)).form["transform"]["transforms"]
    return float(made[0]["p"]) if made else None


def judge(row: dict[str, Any], version: str, share: float) -> Iterator[tuple[str, Result]]:
    """Compare one transform with one set of arguments, in each of the ways it is written.

    Yields:
        A title, and what became of it.
    """
    name = row["name"]
    title = f"{version:7}{name} {json.dumps(row['given']) if row['given'] else ''}"
    for way, old, done in ways(row, version):
        said = said_of(done)
        spoken = f" [{' | '.join(said)}]" if said else ""
        if not done.form["transform"]["transforms"]:
            yield f"{title} {way}", Result(name, "refused", None, spoken or str(done.changes[-1:]))
        elif "error" in row:
            yield f"{title} {way}", Result(name, "unrun", None, f"old library: {row['error']}")
        elif row["p"] != (p := default_p(row, version)):
            yield f"{title} {way}", Result(name, "FAULT", None, f"p {row['p']} -> {p}")
        else:
            yield f"{title} {way}", _compared(row, old, done, share, spoken)


def _compared(row: dict[str, Any], old: Any, done: Any, share: float, spoken: str) -> Result:
    try:
        new = new_side(
            json.dumps(done.form, sort_keys=True), row["name"], row["moves"], row["seconds"]
        )
    except Exception as error:
        return Result(row["name"], "FAULT", None, f"{type(error).__name__}: {error}{spoken}")
    found = list(compare(row["measures"], new))
    unsure = [
        one for one in found if one.measure in MAIN and (one.share > share or one.chance > SHAKY)
    ]
    off = [one for one in found if not one.share <= max(share, SURE * one.chance)]
    ratio = next(
        (
            one.ratio
            for one in sorted(
                [one for one in found if one.ratio is not None], key=lambda one: -one.share
            )
        ),
        None,
    )
    if off:
        outcome = "named" if spoken else "FAULT"
    elif unsure:
        outcome = "named" if spoken else "rough"
    else:
        outcome = "same" if _values(done.form) <= _values(old) else "mended"
    lines = "; ".join(one.shown() for one in off or unsure)
    return Result(row["name"], outcome, ratio, lines + spoken)


def _values(form: Any) -> set[Any]:
    """Return all numbers and words of a form's transforms, but for their names."""
    if isinstance(form, dict):
        inner = form.get("transform", form)
        return set().union(
            *(
                _values(value)
                for key, value in inner.items()
                if key
                not in (
                    "__class_fullname__",
                    "__version__",
                    "bbox_params",
                    "keypoint_params",
                    "additional_targets",
                )
            )
        )
    if isinstance(form, list):
        return set().union(*map(_values, form)) if form else set()
    return {float(form) if isinstance(form, (int, float)) else form}


def table(results: dict[str, list[Result]]) -> str:
    """Return what became of each transform of each version, in Markdown."""
    names = sorted({one.name for rows in results.values() for one in rows})
    lines = ["| transform | " + " | ".join(results) + " |", "|---" * (len(results) + 1) + "|"]
    for name in names:
        cells = [_cell([one for one in rows if one.name == name]) for rows in results.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(rows: Sequence[Result]) -> str:
    """Return the worst of a transform's outcomes, and the ratio that is furthest from 1."""
    if not rows:
        return "-"
    ran = [one for one in rows if one.outcome != "unrun"] or rows
    outcome = min((one.outcome for one in ran), key=OUTCOMES.index)
    ratios = [one.ratio for one in ran if one.outcome == outcome and one.ratio]
    worst = max(ratios, key=lambda ratio: abs(math.log(ratio)), default=None)
    shown = "" if worst is None else f" {worst:.2g}" if worst >= 10 else f" {worst:.2f}"
    return outcome + shown


def main() -> None:
    """Print what differs, and write the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--versions", default=",".join(VERSIONS))
    options.add_argument("--only", default="", help="transforms, with commas between")
    options.add_argument("--share", type=float, default=0.05, help="what differs by more is shown")
    options.add_argument("--seconds", type=float, default=0.25, help="a case and side may take")
    options.add_argument("--all", action="store_true", help="show rows without a difference too")
    options.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = options.parse_args()
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    folder, target = asked.folder.resolve(), asked.table and asked.table.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    write_reference(folder / REFERENCE)
    only = [name for name in asked.only.split(",") if name]
    results: dict[str, list[Result]] = {}
    for version in asked.versions.split(","):
        old = Old(folder, version, asked.seconds)
        rows = [row for row in old.rows if not only or row["name"] in only]
        longer = 6 * asked.seconds
        old.again(
            [
                row
                for row in rows
                if row["seconds"] < longer
                and any(
                    one.outcome in ("rough", "FAULT") for _, one in judge(row, version, asked.share)
                )
            ],
            longer,
        )
        found = [one for row in rows for one in judge(row, version, asked.share)]
        results[version] = [one for _, one in found]
        for title, one in found:
            if asked.all or one.outcome in ("named", "rough", "FAULT"):
                print(f"{one.outcome:9}{title}: {one.said}", flush=True)
        counts = collections.Counter(one.outcome for one in results[version])
        print(f"{version}: " + ", ".join(f"{counts[kind]} {kind}" for kind in OUTCOMES), flush=True)
    if target:
        target.write_text(HEADING + table(results), "utf-8")
    raise SystemExit(any(one.outcome == "FAULT" for rows in results.values() for one in rows))


if __name__ == "__main__":
    old_side() if sys.argv[1:] == ["--old"] else main()
