"""A run as an RO-Crate whose root is the run directory, by the library rocrate.

It follows the profile Process Run Crate 0.5: an action for each step.
"""

from typing import Any
from urllib.parse import quote

from coco_recipe import RecordedRun, StepRecord
from coco_recipe_provenance import told

VERSION = "1.1"  # of RO-Crate, which the profile is built on
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
KEPT = ("recipe.yaml", "recipe.resolved.yaml", "provenance.jsonl")
NOT_STATED = "The licence isn't stated by the run; the data's own licences are in its card."


def text(run: RecordedRun) -> str:
    """Return the ``ro-crate-metadata.json`` of a run."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=VERSION)
    root = crate.root_dataset
    crate.name = f"Run of {run.run.recipe}"
    crate.description = f"What coco-recipe made of the recipe '{run.run.recipe}', step by step."
    crate.datePublished = told.time_of(_end(run))

    def add(id_: str, type_: str, **properties: Any) -> ContextEntity:
        given = {key: value for key, value in properties.items() if value not in ("", None, [])}
        entity = ContextEntity(crate, id_, properties={"@type": type_, **given})
        return crate.add(entity)

    root["license"] = add("#license", "CreativeWork", name="not stated", description=NOT_STATED)
    root["conformsTo"] = add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    entities: dict[str, Any] = {}
    for name in KEPT:
        if (run.folder / name).is_file():
            crate.add_file(
                dest_path=name, properties={"name": name, "encodingFormat": told.media_of(name)}
            )
    for name, hashes in run.run.inputs.items():
        for kind, sha256 in hashes.items():
            id_ = told.input_id(name, kind)
            entities[id_] = add(
                f"#{quote(id_)}", "CreativeWork", name=f"{name}: {kind}", sha256=sha256
            )
    actions = [_action(run, record, crate, add, entities) for record in run.steps]
    root["mentions"] = actions
    root["mainEntity"] = crate.dereference("recipe.yaml")
    return told.as_json(crate.metadata.generate(), indent=1)


def _end(run: RecordedRun) -> float:
    ends = [record.clock.started + record.clock.seconds for record in run.steps]
    return max([run.run.clock.started, *ends])


def _action(
    run: RecordedRun, record: StepRecord, crate: Any, add: Any, entities: dict[str, Any]
) -> Any:
    """Add what a step did, what it left and the software; return the action."""
    plugin, version = told.plugin_of(record)
    software = add(
        f"urn:coco-recipe:step:{quote(record.use)}",
        "SoftwareApplication",
        name=f"{plugin}: {record.use}",
        softwareVersion=version,
    )
    made = []
    for id_ in told.outputs(record):
        entities[id_] = add(f"#{quote(id_)}", "CreativeWork", name=id_.partition("/")[2])
        made.append(entities[id_])
    made += [
        _folder(crate, place, record) for one, place, _ in told.published(run) if one is record
    ]
    used = [entities[one.id] for one in told.sources(run, record) if one.id in entities]
    action = add(
        f"#action/{quote(record.step)}",
        "CreateAction",
        name=record.step,
        description=f"{record.use} with {told.as_json(record.parameters)}",
        startTime=told.began(record).isoformat(),
        endTime=told.ended(record).isoformat(),
        actionStatus="http://schema.org/CompletedActionStatus",
        identifier=record.key,
    )
    action["instrument"] = software
    action["object"] = _one_or_all(used)
    action["result"] = _one_or_all(made)
    return action


def _one_or_all(entities: list[Any]) -> Any:
    """Return the entity where there is one: RO-Crate wants no list of one."""
    return entities[0] if len(entities) == 1 else entities


def _folder(crate: Any, place: str, record: StepRecord) -> Any:
    """Add a published folder, relative to the run directory; return it.

    One that the environment names has no address here, only its step's.
    """
    properties = {"name": record.step, "description": f"Published by the step '{record.step}'."}
    if "${env:" in place:
        from rocrate.model.contextentity import ContextEntity

        id_ = f"#published/{quote(record.step)}"
        return crate.add(ContextEntity(crate, id_, properties={"@type": "Dataset", **properties}))
    return crate.add_dataset(dest_path=f"{place.rstrip('/')}/", properties=properties)
