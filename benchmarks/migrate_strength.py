"""Compare the strength of old pipelines, run by their own library, with what migrate makes of them.

    python benchmarks/migrate_strength.py FOLDER [--versions 1.3.1,1.4.12] [--only Rotate] [--all]

FOLDER gets one environment with what the old versions need, each version beside it, and what was
measured of it; all are kept for the next time. Python 3.11 runs all versions from 0.3.0 on, given
numpy 1.26 and the names that numpy 1.24 dropped, as np.bool.

Each transform is drawn with its defaults and with each row of migrate_cases.json: as it was written
by hand (bare) and as the old library saves it (saved), where the two are migrated differently and
the library saves all arguments. Its default p is compared too. A row of the table is a measure
whose mean differs by more than 5 % (--share) and by more than chance (3.5 standard errors): what it
was, what it is, and what migrate says of it. A row off by more than 10 % of which migrate says
nothing is a FAULT; with one, the command ends with 1.

    change      mean absolute difference of a pixel, 0 to 255
    brightness  mean difference of a pixel, with its sign; its ratio is by the change
    touched     share of pixels that changed by more than 2 levels
    moved       mean distance that a pixel of the picture moved, in pixels
    outside     share of the new picture that shows nothing of the old one
    shown       spread of the places that the new picture shows, in pixels
    height, width, p
"""

import argparse
import json
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
SHARED = ("numpy==1.26.4", "opencv-python-headless==4.10.0.84", "scipy==1.17.1", "PyYAML", "qudida",
          "imgaug==0.4.0", "scikit-image==0.26.0", "scikit-learn==1.9.1", "pydantic==2.14.4",
          "typing_extensions", "eval_type_backport", "simsimd==6.5.16", "stringzilla==5.3.2",
          "setuptools<81", "wheel")
HEIGHT, WIDTH = 160, 192
DRAWS, SECONDS = range(16, 800), 0.2  # of a measure: at least and at most, and within what time
LEAST_DRAWS = 6  # of a slow one
SETTLED = 0.012  # the standard error, as a share of the mean, at which drawing ends
FAULT = 0.1  # the share from which on a difference must be named
LEAST = {"change": 0.15, "brightness": 0.8, "touched": 0.004, "moved": 0.05, "outside": 0.005}
SKIPPED = ("Lambda", "FDA", "HistogramMatching", "PixelDistributionAdaptation", "TemplateTransform",
           "MaskDropout", "Normalize", "ToFloat", "FromFloat", "CropNonEmptyMaskIfExists",
           "RandomCropNearBBox", "MixUp", "OverlayElements", "TextImage", "ToTensor", "ToTensorV2",
           "NoOp", "ToRGB", "FrequencyMasking", "TimeMasking", "TimeReverse", "ChannelShuffle",
           "ConstrainedCoarseDropout", "Mosaic")
BASES = ("BasicIAATransform", "DualIAATransform", "ImageOnlyIAATransform",
         "ReferenceBasedTransform", "BaseDistortion", "BaseDropout")
Measures = dict[str, list[float]]


class Difference(NamedTuple):
    """A measure that is not what it was."""

    measure: str
    old: float
    new: float
    share: float  # of the larger one


def picture() -> Any:
    """Draw a picture with edges, slopes and texture."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    layers = [60 + x * 0.6, 200 - y * 0.7, 90 + 60 * np.sin(x / 9) * np.cos(y / 13)]
    drawn = np.stack(layers, axis=2)
    drawn[30:80, 40:110] = (200, 60, 40)
    drawn[(y - 110) ** 2 + (x - 140) ** 2 < 700] = (30, 160, 210)
    noise = np.random.RandomState(3).normal(0, 8, drawn.shape)
    return np.clip(drawn + noise, 0, 255).astype(np.uint8)


def places() -> Any:
    """Return a picture whose pixels tell where they are: x and y as shares, and 1."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.stack([x / WIDTH, y / HEIGHT, np.ones_like(x)], axis=2)


def measure(apply: Callable[[Any], Any], moves: bool) -> Measures:
    """Return, for each measure, its value in each draw."""
    source, where = picture(), places()
    rows: Measures = {}
    began = time.process_time()
    for draw in range(DRAWS.stop):
        spent = time.process_time() - began
        if draw >= DRAWS.start and draw % 8 == 0 and (spent > SECONDS or _settled(rows)):
            break
        if draw >= LEAST_DRAWS and spent > 4 * SECONDS:
            break
        row = {**_colours(apply(source), source), **(_moves(apply(where)) if moves else {})}
        for name, value in row.items():
            rows.setdefault(name, []).append(float(value))
    return rows


def _settled(rows: Measures) -> bool:
    """Tell whether more draws would change no mean by much."""
    for name, values in rows.items():
        scale = abs(np.mean(rows["change"] if name == "brightness" and "change" in rows else values))
        if np.std(values) / len(values)**0.5 > max(SETTLED * scale, LEAST.get(name, 0.5) / 4):
            return False
    return True


def _colours(made: Any, source: Any) -> dict[str, float]:
    if made.shape != source.shape:
        return {"height": made.shape[0], "width": made.shape[1],
                "brightness": made.mean() - source.mean()}
    apart = made.astype(float) - source
    return {"change": abs(apart).mean(), "brightness": apart.mean(),
            "touched": (abs(apart) > 2).any(axis=2).mean()}


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
    for name in asked["only"] or sorted(vars(A)):
        kind = vars(A).get(name)
        if _measurable(A, name, kind):
            rows += [{"name": name, "given": given, **_old_row(A, kind, given)}
                     for given in asked["cases"].get(name, [{}])]
    print("\n" + json.dumps(rows))


def _measurable(A: Any, name: str, kind: Any) -> bool:
    return (isinstance(kind, type) and issubclass(kind, A.BasicTransform)
            and not (hasattr(A, "Transform3D") and issubclass(kind, A.Transform3D)
                     and not issubclass(kind, A.ImageOnlyTransform) and name.endswith("3D"))
            and name not in (*SKIPPED, *BASES)
            and not kind.__module__.endswith(("interface", "pytorch.transforms")))


def _old_row(A: Any, kind: type, given: dict[str, Any]) -> dict[str, Any]:
    try:
        default = kind(**given)
        made = kind(**given, p=1)
        boxed = A.Compose([made], bbox_params={"format": "coco", "label_fields": ["l"]})
        saved = A.to_dict(A.Compose([made]))
        hides = any(word in kind.__name__ for word in ("Dropout", "Masking", "Cutout", "Erasing"))
        moves = issubclass(kind, A.DualTransform) and not hides
        drawn = measure(
            lambda image: boxed(image=image, bboxes=[[40, 40, 60, 60]], l=[0])["image"], moves)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:90]}"}
    plain = json.dumps(saved, default=lambda one: getattr(one, "value", str(one)))
    return {"saved": json.loads(plain), "moves": moves, "measures": drawn,
            "p": 1 if getattr(default, "always_apply", False) else default.p}


def new_side(form: Any, moves: bool) -> Measures:
    """Run a migrated form."""
    import albumentations as A
    import cv2
    from coco_recipe_albumentations import pipeline

    cv2.setNumThreads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compose = A.Compose(pipeline.build(form, (WIDTH, HEIGHT)),
                            bbox_params=A.BboxParams("coco", label_fields=["l"]))
    compose.set_random_state(np.random.default_rng(1), random.Random(1))
    return measure(
        lambda image: compose(image=image, bboxes=[[40, 40, 60, 60]], l=[0])["image"], moves)


def said_of(done: Any) -> list[str]:
    """Return what migrate says of a strength, and of what it lost."""
    return [*done.lost, *(note.what for note in done.notes if "no argument mends" in note.what)]


def compare(old: Measures, new: Measures, share: float) -> Iterator[Difference]:
    """Yield the measures whose means are apart by more than a share and by more than chance."""
    for name, rows in old.items():
        if (name == "shown" and "moved" in old) or (
                name in ("moved", "change", "touched") and "height" in {**old, **new}):
            continue
        others = new.get(name, [float("nan")])
        one, other = float(np.mean(rows)), float(np.mean(others))
        chance = 3.5 * float(np.sqrt(np.var(rows) / len(rows) + np.var(others) / len(others)))
        scale = max(abs(one), abs(other))
        if name == "brightness":
            scale = max(scale, *(float(np.mean(side.get("change", [20]))) for side in (old, new)))
        if not abs(one - other) <= max(share * scale, chance, LEAST.get(name, 0.5)):
            yield Difference(name, one, other, abs(one - other) / scale)


def environment(folder: Path, version: str) -> tuple[Path, dict[str, str]]:
    """Return an old version's interpreter and variables; make what isn't there."""
    base, beside = folder / "base", folder / version
    python = base / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", base], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *SHARED], check=True)
    if not (beside / "albumentations").exists():
        install = [python, "-m", "pip", "-q", "install", "--no-deps", "--no-build-isolation",
                   "--target", beside]
        subprocess.run([*install, f"albumentations=={version}"], check=True)
        needs = next(beside.glob("albumentations-*/METADATA")).read_text("utf-8").splitlines()
        core = [line.split(":")[1] for line in needs if line.startswith("Requires-Dist: albucore")]
        if core:
            exact = core[0].translate(str.maketrans("", "", " ()")).replace(">=", "==")
            subprocess.run([*install, exact.split(",")[0]], check=True)
    return python, {**os.environ, "PYTHONPATH": str(beside), "NO_ALBUMENTATIONS_UPDATE": "1"}


def rows_of(folder: Path, version: str, only: Sequence[str]) -> list[dict[str, Any]]:
    """Run an old version over the cases; a run over all is kept for the next time."""
    python, variables = environment(folder, version)
    cases = json.loads(Path(__file__).with_name("migrate_cases.json").read_text("utf-8"))
    kept = folder / f"{version}.json"
    if kept.exists() and (was := json.loads(kept.read_text("utf-8")))["cases"] == cases:
        return [row for row in was["rows"] if not only or row["name"] in only]
    done = subprocess.run([python, __file__, "--old"], env=variables, capture_output=True,
                          input=json.dumps({"cases": cases, "only": only}), text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{version}: {done.stderr[-2000:]}")
    rows: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    if not only:
        kept.write_text(json.dumps({"cases": cases, "rows": rows}), "utf-8")
    return rows


def ways(row: dict[str, Any], version: str) -> Iterator[tuple[str, Any]]:
    """Yield the forms that a row is migrated from, and their names; equal outcomes only once."""
    from coco_recipe_albumentations import migrate

    bare = {"__version__": version, "transform": {"__class_fullname__": "Compose", "transforms": [
        {"__class_fullname__": row["name"], "p": 1, **row["given"]}]}}
    by_hand, by_library = migrate.migrate(bare), migrate.migrate(row["saved"])
    yield "bare", by_hand
    (saved,) = row["saved"]["transform"]["transforms"]
    if set(row["given"]) <= set(saved) and _whole(by_library.form) != _whole(by_hand.form):
        yield "saved", by_library


def _whole(form: dict[str, Any]) -> Any:
    """Return the transforms of a migrated form with all their arguments, numbers as floats."""
    from coco_recipe_albumentations import catalogue

    known = catalogue.load()[1]
    rows = [{**known[row["__class_fullname__"]].arguments, **row}
            for row in form["transform"]["transforms"]]
    return json.loads(json.dumps(rows, default=str), parse_int=float)


def default_p(row: dict[str, Any], version: str) -> float | None:
    """Return the p that a transform written without one gets."""
    from coco_recipe_albumentations import migrate

    form = {"__version__": version, "transform": {"__class_fullname__": "Compose", "transforms": [
        {"__class_fullname__": row["name"], **row["given"]}]}}
    made = migrate.migrate(form).form["transform"]["transforms"]
    return float(made[0]["p"]) if made else None


class Table:
    """Prints what differs, and counts the rest."""

    def __init__(self, version: str, share: float, everything: bool) -> None:
        self.version, self.share, self.everything = version, share, everything
        self.counts = dict.fromkeys(("same", "named", "slight", "FAULT", "left out", "unrun"), 0)

    def add(self, row: dict[str, Any]) -> None:
        """Compare one transform with one set of arguments, in each of the ways it is written."""
        title = f"{self.version:7}{row['name']} {json.dumps(row['given']) if row['given'] else ''}"
        if "error" in row:
            return self._count("unrun", f"{title}: old library: {row['error']}")
        p = default_p(row, self.version)
        if p not in (None, row["p"]):
            self._count("FAULT", f"{title}: p {row['p']} -> {p}")
        for way, done in ways(row, self.version):
            self._compare(f"{title} {way}", row, done)

    def _compare(self, title: str, row: dict[str, Any], done: Any) -> None:
        said = said_of(done)
        if not done.form["transform"]["transforms"]:
            return self._count("left out", f"{title}: left out [{' | '.join(said)}]")
        try:
            new = new_side(done.form, row["moves"])
        except Exception as error:
            return self._count("FAULT", f"{title}: {type(error).__name__}: {error}")
        found = list(compare(row["measures"], new, self.share))
        shown = "; ".join(f"{one.measure} {one.old:.4g} -> {one.new:.4g}" + (
            f" ({one.new / one.old:.2f})" if one.old and one.measure != "brightness" else "")
            for one in found)
        large = any(not one.share <= FAULT for one in found)
        kind = "named" if found and said else "FAULT" if large else "slight" if found else "same"
        return self._count(kind, f"{title}: {shown or 'same'}" + (f" {said}" if said else ""))

    def _count(self, kind: str, line: str) -> None:
        self.counts[kind] += 1
        if self.everything or kind in ("named", "slight", "FAULT"):
            print(f"{kind:9}{line}", flush=True)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--versions", default=",".join(VERSIONS))
    options.add_argument("--only", default="", help="transforms, with commas between")
    options.add_argument("--share", type=float, default=0.05, help="show what differs by more")
    options.add_argument("--all", action="store_true", help="show rows without a difference too")
    asked = options.parse_args()
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    faults = 0
    for version in asked.versions.split(","):
        table = Table(version, asked.share, asked.all)
        for row in rows_of(asked.folder, version, [name for name in asked.only.split(",") if name]):
            table.add(row)
        print(f"{version}: " + ", ".join(f"{count} {kind}" for kind, count in table.counts.items()),
              flush=True)
        faults += table.counts["FAULT"]
    raise SystemExit(faults > 0)


if __name__ == "__main__":
    old_side() if sys.argv[1:] == ["--old"] else main()
