"""Make the pictures of the tutorial by running its blocks: python docs/draw_pictures.py [CHROMIUM].

Writes docs/pictures/*.webp, small enough to be kept beside the pages. The report is photographed
by a browser; without one its picture stays as it was. Its trainings take minutes and need the
training stack.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests/helpers"))
WIDTH_PX = 1000  # the text beside them is 750 to 800 px wide
QUALITY = 60
OF_TRAINING = {"curves": "fit/curves.png", "found": "score/predictions.png"}
BOTTOM_PX = {"found": 1145}  # of a tall sheet: the three best pictures and the legend


def main() -> None:
    """Run the tutorial in a new folder, and keep what it drew."""
    import page_blocks  # it stands in tests/helpers

    browser = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page_blocks.run_page((DOCS / "tutorial.md").read_text("utf-8"), folder, folder, trains=True)
        for name, drawn in OF_TRAINING.items():
            shutil.copy(folder / "runs/detector/steps" / drawn, folder / f"{name}.png")
        page = folder / "runs/caps/report.html"
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--window-size={WIDTH_PX},1250",
                f"--screenshot={folder / 'report.png'}",
                page.as_uri(),
            ],
            check=False,
            capture_output=True,
        )
        for drawn in sorted(folder.glob("*.png")):
            _keep(drawn, DOCS / "pictures" / f"{drawn.stem}.webp")


def _keep(drawn: Path, kept: Path) -> None:
    picture = cv2.imread(str(drawn))[-BOTTOM_PX.get(drawn.stem, 0) :]
    height, width = picture.shape[:2]
    if width > WIDTH_PX:
        size = (WIDTH_PX, round(height * WIDTH_PX / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(kept), picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    print(kept.relative_to(DOCS.parent), kept.stat().st_size // 1024, "kB")


if __name__ == "__main__":
    main()
