"""What ``augment`` gives: the new rows, and the books of what isn't among them."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import Annotation, Image, Origin, StepContext, counted
from coco_recipe_pictures.augment import refusals
from coco_recipe_pictures.augment.choosing import Copy
from coco_recipe_pictures.augment.copying import Made
from coco_recipe_pictures.augment.records import IMAGES, REPEATED, Repeated
from coco_recipe_pictures.geometry import instances, parts
from coco_recipe_pictures.geometry.judging import Left
from coco_recipe_pictures.new_ids import NewIds

if TYPE_CHECKING:
    from coco_recipe_pictures.augment.work import Work
    from coco_recipe_pictures.geometry.instance import Instance


class Output:
    """The new rows, and the books of what isn't among them."""

    def __init__(self, ctx: StepContext, work: "Work") -> None:
        self.ctx, self.work = ctx, work
        self.images, self.rows, self.repeated = list[Image](), list[Annotation](), list[Repeated]()
        self.next_image = max((image.id for image in work.dataset.images), default=0) + 1
        self.next_row = max((row.id for row in work.dataset.annotations), default=0) + 1
        self.ids = NewIds()
        self.made_now = 0
        self.quarantined: dict[str, str] = {}
        self.swapped = Counter[Any]()
        self.keypoints_lost = self.keypoints_hidden = 0
        self.polygons_lost = 0  # rows
        ctx.make(
            images=work.total,
            annotations=sum(
                n * len(work.annotations[image.id])
                for image, n in zip(work.dataset.images, work.choice.copies, strict=True)
            ),
        )

    def add(self, copy: Copy, made: Made, *, is_new: bool) -> None:
        """Add what became of a copy.

        Args:
            copy: the copy.
            made: what a worker says of it.
            is_new: it was made in this run.
        """
        rows = self.work.annotations[copy.image.id]
        if not made.sha256:
            reason = "its picture is bad and in quarantine" if made.bad else "its copy was given up"
            self.ctx.drop(copy.image, reason, copy=copy.name, why=made.bad or made.skipped)
            for row in rows:
                self.ctx.drop(row, reason, copy=copy.name)
            if made.bad:
                self.quarantined[copy.image.file_name] = made.bad
            return
        self.made_now += is_new
        self.ctx.wrote(self.ctx.workdir / IMAGES / copy.name, made.sha256)
        origin = Origin(
            root=self.work.dataset.family(copy.image),
            source=self.work.dataset.identity(copy.image),
            step=self.ctx.step_id,
            copy=copy.number,
        )
        source = copy.image
        if self.work.other_geometry == "drop" and (
            found := list(refusals.places(source, warps=self.work.warps))
        ):
            source = instances.without(source, found)
        image = msgspec.structs.replace(
            source,
            id=self.next_image,
            file_name=copy.name,
            width=made.width,
            height=made.height,
            coco_recipe=origin,
        )
        self.images.append(image)
        self.ids.image(copy.image.id, self.next_image)
        self.next_image += 1
        left, parts_left = iter(made.left), iter(made.parts)
        placed, owners = list[tuple[Annotation, "Instance"]](), list[tuple[int, str]]()
        for row, before, keys in zip(
            rows, self.work.shapes(copy.image.id), self.work.parts(copy.image.id), strict=True
        ):
            after = next(left) if before else None
            self._add_row(
                row, before, after, {key: next(parts_left) for key in keys}, made, copy, image.id
            )
            owners += [(len(placed) if before else -1, key) for key in keys]
            if before:
                placed.append((row, before))
        of_repeated: dict[Any, dict[str, Left]] = {}
        for part in parts_left:
            number, key = owners[part.of or 0]
            of_repeated.setdefault((number, part.tiles), {})[key] = part
        for after in left:
            assert after.of is not None, f"BUG: {copy.name} has more annotations than its source"
            gone = {key: Left(0.0) for number, key in owners if number == after.of}
            self.ctx.make(annotations=1)
            row, before = placed[after.of]
            self._add_row(
                row,
                before,
                after,
                gone | of_repeated.get((after.of, after.tiles), {}),
                made,
                copy,
                image.id,
            )

    def _add_row(
        self,
        row: Annotation,
        before: "Instance | None",
        after: Left | None,
        of_parts: Mapping[str, Left],
        made: Made,
        copy: Copy,
        image_id: int,
    ) -> None:
        """Add the row of an annotation, or say in the ledger why it isn't there.

        The annotation may be one that a border shows again.
        """
        again = (
            {}
            if after is None or after.of is None
            else {"tiles": after.tiles, "mirrored": after.mirrored}
        )
        if after and after.reason:
            self.ctx.drop(
                row,
                after.reason,
                copy=copy.name,
                visibility=round(after.visibility, 4),
                area=after.area,
                bbox=after.bbox,
                **again,
            )
            return
        if before and before.keypoints and after and after.of is None:
            self.keypoints_lost += sum(flag > 0 for flag in before.keypoints[2::3]) - (
                after.num_keypoints or 0
            )
        self.keypoints_hidden += sum(
            one.hidden_keypoints for one in (after, *of_parts.values()) if one
        )
        mirrored = made.mirrored ^ bool(after and after.mirrored)
        if self.work.other_geometry == "drop" and (
            found := list(refusals.places(row, warps=self.work.warps))
        ):
            row = instances.without(row, found)
        named = self.work.named(row, mirrored=mirrored)
        if named is not row:
            self.swapped[row.category_id, named.category_id] += 1
        copied = instances.copied(named, before, after, id=self.next_row, image_id=image_id)
        if copied.segmentation != row.segmentation:
            self.polygons_lost += instances.has_lost_polygons(row, before)
        copied = parts.moved(copied, of_parts, mirrored=mirrored)
        if made.matrix:
            copied = parts.with_turned_box(
                copied, row, made.matrix, (made.width, made.height), or_upright=self.work.turns
            )
        self.rows.append(copied)
        self.ids.annotation(row.id, self.next_row)
        if after and again:
            self.repeated.append(
                Repeated(
                    self.next_row,
                    copy.name,
                    row.id,
                    self.work.dataset.identity(copy.image),
                    after.tiles,
                    after.mirrored,
                    round(after.visibility, 4),
                )
            )
        self.next_row += 1

    def note(self) -> None:
        """Put what is to know of the whole into the record."""
        self.ids.write(self.ctx.workdir)
        self.ctx.note("pipeline", self.work.canonical())
        self.ctx.note("images made", self.made_now, this_run=True)
        self.ctx.note("images as before", len(self.images) - self.made_now, this_run=True)
        told = (
            [f"{counted(self.keypoints_lost, 'labelled keypoint')} lost of rows that stay"]
            if self.keypoints_lost
            else []
        )
        if self.polygons_lost:
            self.ctx.note("polygons lost", self.polygons_lost)
            told.append(instances.told_of_polygons(self.polygons_lost))
        if self.keypoints_hidden:
            self.ctx.note("keypoints hidden", self.keypoints_hidden)
            told.append(
                f"{counted(self.keypoints_hidden, 'visible keypoint')} hidden by what was drawn "
                "over (v 1 now)"
            )
        if told:
            self.ctx.note("summary", "; ".join(told))
        if self.swapped:
            names = self.work.dataset.category_names()
            self.ctx.note(
                "mirrored categories",
                {
                    f"{names[one]} -> {names[other]}": n
                    for (one, other), n in sorted(self.swapped.items())
                },
            )
        if table := self.work.choice.table:
            after = Counter(row.category_id for row in self.rows)
            self.ctx.note(
                "balance",
                {
                    category.name: {
                        **table[category.name],
                        "after": table[category.name]["before"] + after[category.id],
                    }
                    for category in self.work.dataset.categories
                },
            )
            if short := [
                f"{name} {row['planned']} of {row['wanted']}"
                for name, row in table.items()
                if row["planned"] < row["wanted"]
            ]:
                self.ctx.note("below the balance's target", ", ".join(short), this_run=True)
        if self.quarantined:
            self.ctx.note("quarantined", self.quarantined)
        (self.ctx.workdir / REPEATED).unlink(missing_ok=True)  # an interrupted run's
        if self.work.repeated == "label":
            self.ctx.note("annotations of what borders show again", len(self.repeated))
            (self.ctx.workdir / REPEATED).write_bytes(
                b"".join(msgspec.json.encode(one) + b"\n" for one in self.repeated)
            )
