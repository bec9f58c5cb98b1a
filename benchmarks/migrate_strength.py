"""Compare the strength of old pipelines, run by the library that they were written for, with what migrate makes of them.

Usage: python benchmarks/migrate_strength.py FOLDER [--versions 1.3.1,1.4.12] [--only Rotate,RandomFog] [--draws 200] [--all]

FOLDER gets one environment with what the old versions need, and each version beside it; both are kept for the next time.
Each transform is drawn with its defaults and with what CASES gives it: as it was written by hand (bare) and as the old
library saves it (saved). The table shows the measures whose mean differs by more than 10 % and by more than chance:

    change      mean absolute difference of a pixel, 0 to 255
    brightness  mean difference of a pixel, with its sign
    touched     share of pixels that changed
    moved       mean distance that a pixel of the picture moved, in pixels
    outside     share of the new picture that shows nothing of the old one
    height, width, shown (spread of the places that the new picture shows, in pixels)
"""

import argparse
import json
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

VERSIONS = ("0.4.6", "0.5.2", "1.0.3", "1.3.1", "1.4.12", "1.4.21")
SHARED = ("numpy<2", "opencv-python-headless<4.11", "scipy", "PyYAML", "qudida", "imgaug", "scikit-image", "scikit-learn",
          "pydantic", "typing_extensions", "eval_type_backport", "simsimd", "stringzilla", "setuptools<81")
HEIGHT, WIDTH = 160, 192
CASES: dict[str, list[dict[str, Any]]] = {
    "Resize": [{"height": 80, "width": 100}], "CenterCrop": [{"height": 80, "width": 100}],
    "RandomCrop": [{"height": 80, "width": 100}], "Crop": [{"x_min": 10, "y_min": 20, "x_max": 100, "y_max": 90}],
    "RandomSizedCrop": [{"min_max_height": [60, 120], "height": 80, "width": 100}],
    "RandomResizedCrop": [{"height": 80, "width": 100}], "LongestMaxSize": [{"max_size": 100}],
    "SmallestMaxSize": [{"max_size": 100}], "PadIfNeeded": [{"min_height": 220, "min_width": 260},
        {"min_height": 220, "min_width": 260, "border_mode": 0, "value": [9, 90, 200]}],
    "CropAndPad": [{"px": 8}, {"percent": 0.1}, {"percent": [-0.2, 0.2]}], "IAACropAndPad": [{"px": 8}],
    "ElasticTransform": [{}, {"alpha": 60, "sigma": 6, "alpha_affine": 0}, {"alpha": 60, "sigma": 6, "alpha_affine": 6},
        {"alpha": 60, "sigma": 6, "alpha_affine": 0, "approximate": True},
        {"alpha": 60, "sigma": 6, "alpha_affine": 0, "same_dxdy": True}],
    "GridDistortion": [{}, {"num_steps": 8, "distort_limit": 0.5}, {"normalized": True}],
    "OpticalDistortion": [{}, {"distort_limit": 0.5, "shift_limit": 0}, {"distort_limit": [0.2, 0.4], "shift_limit": 0}],
    "ShiftScaleRotate": [{}, {"shift_limit": 0.3, "scale_limit": 0.4, "rotate_limit": 0}],
    "Affine": [{}, {"rotate": 20}, {"scale": [0.6, 1.4]}, {"shear": 10}, {"translate_px": 12}, {"translate_percent": 0.1},
               {"translate_percent": [0.1, 0.2]}, {"rotate": [-30, 30], "fit_output": True}],
    "Perspective": [{}, {"scale": 0.1, "keep_size": True, "fit_output": True}], "Rotate": [{}, {"limit": 20}],
    "RandomBrightnessContrast": [{}, {"brightness_by_max": False}], "MotionBlur": [{}, {"blur_limit": 15}],
    "GaussianBlur": [{}, {"blur_limit": [3, 11]}, {"sigma_limit": [1, 3]}, {"blur_limit": 11}],
    "GaussNoise": [{}, {"var_limit": 300}, {"var_limit": [500, 900], "mean": 10}, {"per_channel": False}],
    "ImageCompression": [{}, {"quality_lower": 10, "quality_upper": 40}],
    "JpegCompression": [{"quality_lower": 10, "quality_upper": 40}],
    "CoarseDropout": [{}, {
        "max_holes": 5, "max_height": 30, "max_width": 20, "min_holes": 2, "min_height": 9, "min_width": 9}],
    "Cutout": [{}, {"num_holes": 4, "max_h_size": 20, "max_w_size": 30}],
    "GridDropout": [{}, {"ratio": 0.3, "holes_number_x": 4, "holes_number_y": 5}, {"unit_size_min": 20, "unit_size_max": 40}],
    "RandomRain": [{}, {"rain_type": "heavy"}, {"drop_length": 8}], "RandomSnow": [{}, {"brightness_coeff": 1.5}],
    "RandomFog": [{}, {"fog_coef_lower": 0.1, "fog_coef_upper": 0.3}], "Solarize": [{}, {"threshold": 60}],
    "RandomSunFlare": [{}, {"src_radius": 60}], "Downscale": [{}, {"scale_min": 0.4, "scale_max": 0.6, "interpolation": 1}],
    "Spatter": [{}, {"mode": "mud"}, {"mean": 0.6, "cutout_threshold": 0.6, "intensity": 0.4}],
    "MultiplicativeNoise": [{}, {"multiplier": [0.5, 1.5], "per_channel": True}, {"elementwise": True}],
    "ColorJitter": [{}, {"brightness": 0.8, "contrast": 0.4, "saturation": 0.3, "hue": 0.1}],
    "RandomScale": [{}, {"scale_limit": 0.4}],
    "Posterize": [{}, {"num_bits": 2}], "PixelDropout": [{}, {"dropout_prob": 0.2, "per_channel": True}],
    "IAAAffine": [{"rotate": 15}, {"scale": 0.8}, {"translate_percent": 0.1}],
    "Superpixels": [{"n_segments": 60, "p_replace": 0.5}],
    "IAASuperpixels": [{"n_segments": 60, "p_replace": 0.5}], "RandomShadow": [{}, {"num_shadows_upper": 4}],
    "RandomSizedBBoxSafeCrop": [{"height": 80, "width": 100}], "RandomBrightness": [{}, {"limit": 0.4}],
    "RandomContrast": [{}, {"limit": 0.4}], "SafeRotate": [{}, {"limit": 20}], "RandomGamma": [{}, {"gamma_limit": [50, 150]}],
    "PiecewiseAffine": [{}], "IAAPiecewiseAffine": [{}], "Sharpen": [{}, {"alpha": [0.5, 0.9]}],
    "XYMasking": [{"num_masks_x": 2, "mask_x_length": 20, "num_masks_y": 0, "mask_y_length": 0}],
}
SKIPPED = ("Lambda", "FDA", "HistogramMatching", "PixelDistributionAdaptation", "TemplateTransform", "MaskDropout", "Normalize",
           "ToFloat", "FromFloat", "CropNonEmptyMaskIfExists", "RandomCropNearBBox", "MixUp", "OverlayElements", "TextImage",
           "ToTensor", "ToTensorV2", "NoOp", "ToRGB", "FrequencyMasking", "TimeMasking", "TimeReverse", "ChannelShuffle")
SLOW = ("Superpixels", "IAASuperpixels", "GlassBlur", "PiecewiseAffine", "IAAPiecewiseAffine", "RandomSunFlare",
        "RingingOvershoot", "ZoomBlur", "Defocus", "RandomFog", "Spatter")


def picture() -> Any:
    """Draw a picture with edges, slopes and texture."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    layers = [60 + x * 0.6, 200 - y * 0.7, 90 + 60 * np.sin(x / 9) * np.cos(y / 13)]
    drawn = np.stack(layers, axis=2)
    drawn[30:80, 40:110] = (200, 60, 40)
    drawn[(y - 110) ** 2 + (x - 140) ** 2 < 700] = (30, 160, 210)
    return np.clip(drawn + np.random.RandomState(3).normal(0, 8, drawn.shape), 0, 255).astype(np.uint8)


def places() -> Any:
    """Return a picture whose pixels tell where they are: x and y as shares, and 1."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.stack([x / WIDTH, y / HEIGHT, np.ones_like(x)], axis=2)


def measure(apply: Callable[[Any], Any], moves: bool, draws: int) -> dict[str, list[float]]:
    """Return, for each measure, its value in each draw."""
    source, where = picture(), places()
    rows: dict[str, list[float]] = {}
    for _ in range(draws):
        for name, value in {**_colours(apply(source), source), **(_moves(apply(where)) if moves else {})}.items():
            rows.setdefault(name, []).append(float(value))
    return rows


def _colours(made: Any, source: Any) -> dict[str, float]:
    if made.shape != source.shape:
        return {"height": made.shape[0], "width": made.shape[1], "brightness": made.mean() - source.mean()}
    apart = made.astype(float) - source
    return {"change": abs(apart).mean(), "brightness": apart.mean(), "touched": (apart != 0).any(axis=2).mean()}


def _moves(made: Any) -> dict[str, float]:
    known = made[..., 2] > 0.99
    x, y = made[..., 0] * WIDTH, made[..., 1] * HEIGHT
    rows = {"outside": 1 - known.mean(), "shown": np.hypot(x[known].std(), y[known].std()) if known.any() else 0}
    if made.shape[:2] == (HEIGHT, WIDTH) and known.any():
        own = places()
        rows["moved"] = np.hypot(x - own[..., 0] * WIDTH, y - own[..., 1] * HEIGHT)[known].mean()
    return rows


def old_side() -> None:
    """Run in an old environment: read cases as JSON, write what the library saves of each, and its measures."""
    for name, kind in (("bool", bool), ("float", float), ("int", int), ("object", object)):
        if name not in np.__dict__:
            setattr(np, name, kind)
    warnings.simplefilter("ignore")
    import albumentations as A

    asked = json.load(sys.stdin)
    random.seed(1)
    np.random.seed(1)
    rows = []
    for name in asked["only"] or sorted(vars(A)):
        kind = vars(A).get(name)
        if not (isinstance(kind, type) and issubclass(kind, A.BasicTransform)) or name in SKIPPED or kind.__module__.endswith(
                ("interface", "pytorch.transforms")) or name in ("BasicIAATransform", "DualIAATransform", "ImageOnlyIAATransform",
                                                                 "ReferenceBasedTransform"):
            continue
        for given in asked["cases"].get(name, [{}]):
            rows.append({"name": name, "given": given, **_old_row(A, kind, given, asked["draws"] if name not in SLOW else 24)})
    print("\n" + json.dumps(rows))


def _old_row(A: Any, kind: type, given: dict[str, Any], draws: int) -> dict[str, Any]:
    try:
        made = kind(**given, p=1)
        boxed = A.Compose([made], bbox_params={"format": "coco", "label_fields": ["l"]})
        saved = A.to_dict(A.Compose([made]))
        moves = issubclass(kind, A.DualTransform) and "Dropout" not in kind.__name__ and "Masking" not in kind.__name__
        drawn = measure(lambda image: boxed(image=image, bboxes=[[40, 40, 60, 60]], l=[0])["image"], moves, draws)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:90]}"}
    return {"saved": json.loads(json.dumps(saved, default=str)), "moves": moves, "measures": drawn}


def new_side(form: Any, moves: bool, draws: int) -> tuple[dict[str, list[float]], list[str]]:
    """Migrate a form and run it."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations as A
    from coco_recipe_albumentations import migrate, pipeline

    done = migrate.migrate(form)
    if not done.form["transform"]["transforms"]:
        return {}, done.lost
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compose = A.Compose(pipeline.build(done.form, (WIDTH, HEIGHT)), bbox_params=A.BboxParams("coco", label_fields=["l"]))
    compose.set_random_state(np.random.default_rng(1), random.Random(1))
    drawn = measure(lambda image: compose(image=image, bboxes=[[40, 40, 60, 60]], l=[0])["image"], moves, draws)
    return drawn, [*done.lost, *(note.what for note in done.notes if "no argument" in note.what)]


def compare(old: dict[str, list[float]], new: dict[str, list[float]]) -> Iterator[tuple[str, float, float]]:
    """Yield the measures whose means are apart by more than a tenth and by more than chance."""
    for name, rows in old.items():
        if (name == "shown" and "moved" in old) or (name in ("moved", "change", "touched") and "height" in {**old, **new}):
            continue
        others = new.get(name, [float("nan")])
        one, other = float(np.mean(rows)), float(np.mean(others))
        chance = 3.5 * float(np.sqrt(np.var(rows) / len(rows) + np.var(others) / len(others)))
        scale = max(abs(one), abs(other))
        if name == "brightness":
            scale = max(scale, *(float(np.mean(side.get("change", [20]))) for side in (old, new)))
        least = {
            "change": 0.15, "brightness": 0.8, "touched": 0.004, "moved": 0.05, "outside": 0.005, "shown": 0.5}.get(name, 0.5)
        if not abs(one - other) <= max(0.1 * scale, chance, least):
            yield name, one, other


def environment(folder: Path, version: str) -> tuple[Path, dict[str, str]]:
    """Return an old version's interpreter and variables; make what isn't there."""
    base, beside = folder / "base", folder / version
    python = base / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", base], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *SHARED], check=True)
    if not (beside / "albumentations").exists():
        install = [python, "-m", "pip", "-q", "install", "--no-deps", "--target", beside]
        subprocess.run([*install, f"albumentations=={version}"], check=True)
        needs = next(beside.glob("albumentations-*/METADATA")).read_text("utf-8").splitlines()
        core = [line.split(":")[1] for line in needs if line.startswith("Requires-Dist: albucore")]
        if core:
            exact = core[0].replace(" ", "").replace("(", "").replace(")", "").replace(">=", "==").split(",")[0]
            subprocess.run([*install, exact], check=True)
    return python, {**os.environ, "PYTHONPATH": str(beside), "NO_ALBUMENTATIONS_UPDATE": "1"}


def rows_of(folder: Path, version: str, only: Sequence[str], draws: int) -> list[dict[str, Any]]:
    """Run an old version over the cases."""
    python, variables = environment(folder, version)
    asked = json.dumps({"cases": CASES, "only": only, "draws": draws})
    done = subprocess.run([python, __file__, "--old"], input=asked, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{version}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--versions", default=",".join(VERSIONS))
    options.add_argument("--only", default="")
    options.add_argument("--draws", type=int, default=200)
    options.add_argument("--all", action="store_true", help="show rows without a difference too")
    asked = options.parse_args()
    only = [name for name in asked.only.split(",") if name]
    for version in asked.versions.split(","):
        count, apart = 0, 0
        for row in rows_of(asked.folder, version, only, asked.draws):
            title = f"{version:7}{row['name']} {json.dumps(row['given']) if row['given'] else ''}"
            if "error" in row:
                if asked.all:
                    print(f"{title}: old library: {row['error']}")
                continue
            bare = {"__version__": version, "transform": {"__class_fullname__": "Compose", "transforms": [
                {"__class_fullname__": row["name"], "p": 1, **row["given"]}]}}
            drawn = asked.draws if row["name"] not in SLOW else 24
            for way, form in (("bare", bare), ("saved", row["saved"])):
                count += 1
                try:
                    new, said = new_side(form, row["moves"], drawn)
                except Exception as error:
                    print(f"{title} {way}: ERROR {type(error).__name__}: {error}")
                    continue
                found = list(compare(row["measures"], new))
                apart += bool(found)
                if found or asked.all:
                    print(f"{title} {way}: " + ("; ".join(f"{name} {one:.4g} -> {other:.4g}" for name, one, other in found)
                          or "same") + (f" [{' | '.join(said)}]" if said else ""), flush=True)
        print(f"{version}: {apart} of {count} differ", flush=True)


if __name__ == "__main__":
    old_side() if sys.argv[1:] == ["--old"] else main()
