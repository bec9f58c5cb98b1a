"""A published data set as Croissant 1.0, MLCommons' description of data sets."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coco_recipe import RecordedRun, RunError, with_values
from coco_recipe_provenance import told

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TABLES = {
    "images": {
        "id": "sc:Integer",
        "file_name": "sc:Text",
        "width": "sc:Integer",
        "height": "sc:Integer",
    },
    "annotations": {"id": "sc:Integer", "image_id": "sc:Integer", "category_id": "sc:Integer"},
    "categories": {"id": "sc:Integer", "name": "sc:Text"},
}


def text(run: RecordedRun, beside: Path) -> str:
    """Return the Croissant of what a run published last.

    Args:
        run: the run.
        beside: the folder that the file will stand in, from which its addresses go.

    Raises:
        RunError: the run published no data set, or in a folder that the environment names and that
            no address from ``beside`` leads to without it.
    """
    found = [(one, place, own) for one, place, own in told.published(run) if own]
    if not found:
        raise RunError(f"{run.folder}: published no data set; add a step that does (export_coco)")
    record, place, own = found[-1]
    try:
        folder = (run.folder.resolve() / with_values(place)).resolve()
    except ValueError as error:
        raise RunError(f"{place}: {error}") from error
    licenses = [
        str(row.get("url") or row.get("name"))
        for row in record.notes.get("licenses") or ()
        if row.get("url") or row.get("name")
    ]
    counts = record.counts.entered or record.counts.out
    rows = "; ".join(f"{port}: {one}" for port, one in counts.items())
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": _plain(f"{run.run.recipe}_{record.step}"),
        "description": f"{run.run.recipe}, published by the step {record.step}. {rows}",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "datePublished": told.ended(record).date().isoformat(),
        "version": "1.0.0",
        # what the environment says stands in no file, and the key names the data as well
        "url": folder.as_uri() if place == with_values(place) else f"urn:coco-recipe:{record.key}",
        "license": licenses or "https://schema.org/UnspecifiedLicense",
        "identifier": record.key,
        "distribution": list(_files(own, folder, place, beside)),
        "recordSet": [row for name in own for row in _records(name)],
    }
    return told.as_json(described, indent=1)


def _files(own: dict[str, str], folder: Path, place: str, beside: Path) -> Iterator[dict[str, Any]]:
    way = Path(os.path.relpath(folder, beside.resolve()))
    if place != with_values(place) and any(part != ".." for part in way.parts):
        raise RunError(
            f"{place}: its address comes from the environment, and would stand in the file; "
            "write the file there (-o), or make the variable public"
        )
    for name, sha256 in own.items():
        yield {
            "@type": "cr:FileObject",
            "@id": _plain(name),
            "name": name,
            "contentUrl": (way / name).as_posix(),
            "encodingFormat": "application/json",
            "sha256": sha256,
        }


def _records(name: str) -> Iterator[dict[str, Any]]:
    """Yield the tables of an annotation file."""
    part = _plain(Path(name).stem)
    for table, fields in TABLES.items():
        yield {
            "@type": "cr:RecordSet",
            "@id": f"{part}/{table}",
            "name": f"{part}/{table}",
            "key": {"@id": f"{part}/{table}/id"},
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": f"{part}/{table}/{field}",
                    "name": f"{part}/{table}/{field}",
                    "dataType": kind,
                    "source": {
                        "fileObject": {"@id": _plain(name)},
                        "extract": {"jsonPath": f"$.{table}[*].{field}"},
                    },
                }
                for field, kind in fields.items()
            ],
        }


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
