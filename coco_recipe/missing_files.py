"""Pictures that an annotation file names and the folder lacks, each with the file that was meant."""

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from coco_recipe.dataset import Dataset
from coco_recipe.files import plain_name
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.rows import of_image

MISSING = Kind("missing_pictures", "error", "pictures are not in the folder of images",
               "put them there, or drop their rows: repair: missing_pictures: drop", needed=True)


class _Folder:
    """The files below a folder, by several readings of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def files(self) -> list[str]:
        return sorted(Path(top, name).relative_to(self.folder).as_posix()
                      for top, _, names in os.walk(self.folder) for name in names)

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for file in self.files:
            found.setdefault(file.rpartition("/")[2], []).append(file)
        return found

    @cached_property
    def by_plain_name(self) -> dict[str, str]:
        return {plain_name(file): file for file in self.files}

    def meant(self, name: str) -> tuple[str, str]:
        """Return the file that a name most likely means and the mends of `repair: file_names` that lead to it."""
        mends, text = [], name
        if "\\" in text:
            mends, text = ["slashes"], text.replace("\\", "/")
        if unquote(text) != text:
            mends, text = [*mends, "unquote"], unquote(text)
        if (self.folder / text).is_file() and mends:
            return text, ", ".join(f"{mend}: true" for mend in mends)
        if found := self.by_plain_name.get(plain_name(text)):
            return found, ", ".join(f"{mend}: true" for mend in [*mends, "match_case"])
        parts = text.split("/")
        for n in range(1, len(parts)):
            if "/".join(parts[n:]) in self.by_name.get(parts[-1], ()):
                listed = [*(f"{mend}: true" for mend in mends), f"strip_prefix: {'/'.join(parts[:n])}/"]
                return "/".join(parts[n:]), ", ".join(listed)
        same = self.by_name.get(parts[-1], [])
        return (same[0], "") if len(same) == 1 else ("", "")


def finding(dataset: Dataset, place: str) -> Finding | None:
    """Return what pictures of a data set are missing; None where all are there."""
    folder = dataset.folders[dataset.home]
    missing = [image for image in dataset.images if not dataset.path_of(image).is_file()]
    if not missing:
        return None
    there = _Folder(folder)
    mends = dict.fromkeys(mend for image in missing if (mend := there.meant(image.file_name)[1]))

    def rows() -> Iterator[Row]:
        for image in missing:
            meant = there.meant(image.file_name)[0]
            yield of_image(image, f"there is {meant!r}" if meant else None)

    remedy = f"repair: file_names: {{{next(iter(mends))}}}" if len(mends) == 1 else MISSING.remedy
    return Finding.of(MISSING, f"{place} ({folder}, {len(dataset.images)} images)", rows(), remedy=remedy)
