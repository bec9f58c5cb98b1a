"""A run as W3C PROV in JSON, by the library prov."""

from coco_recipe import RecordedRun
from coco_recipe_provenance import told

NAMESPACE = "urn:coco-recipe:"


def text(run: RecordedRun) -> str:
    """Return the PROV-JSON of a run.

    Inputs and what steps gave are entities, steps are activities, plugins are agents.
    """
    from prov.identifier import QualifiedName
    from prov.model import PROV, ProvDocument

    document = ProvDocument()
    ours = document.add_namespace("coco", f"{NAMESPACE}terms:")
    space = document.add_namespace("run", f"{NAMESPACE}run:{run.run.recipe_sha256}:")

    def name(id_: str) -> QualifiedName:
        return space[_plain(id_)]

    recipe = document.entity(
        name("recipe"),
        {
            PROV["type"]: PROV["Plan"],
            PROV["label"]: run.run.recipe,
            ours["sha256"]: run.run.recipe_sha256,
        },
    )
    for input_name, hashes in run.run.inputs.items():
        for kind, sha256 in hashes.items():
            label = {PROV["label"]: f"{input_name}: {kind}", ours["sha256"]: sha256}
            document.entity(name(told.input_id(input_name, kind)), label)
    known = {told.input_id(one, kind) for one, found in run.run.inputs.items() for kind in found}
    for record in run.steps:
        plugin, version = told.plugin_of(record)
        agent = document.agent(
            name(f"software/{plugin}/{version}"),
            {
                PROV["type"]: PROV["SoftwareAgent"],
                PROV["label"]: f"{plugin} {version}".strip(),
            },
        )
        activity = document.activity(
            name(f"activity/{record.step}"),
            told.began(record),
            told.ended(record),
            {
                PROV["label"]: record.step,
                ours["use"]: record.use,
                ours["key"]: record.key,
                ours["seed"]: str(record.seed),
                ours["parameters"]: told.as_json(record.parameters),
                ours["versions"]: told.as_json(record.environment),
            },
        )
        document.wasAssociatedWith(activity, agent, recipe)
        made = [
            document.entity(name(id_), {PROV["label"]: id_.partition("/")[2]})
            for id_ in told.outputs(record)
        ]
        known.update(told.outputs(record))
        for entity in made:
            document.wasGeneratedBy(entity, activity, told.ended(record))
        for source in told.sources(run, record):
            if source.id in known:
                document.used(activity, name(source.id), told.began(record))
                for entity in made:
                    document.wasDerivedFrom(entity, name(source.id), activity)
    found: str = document.unified().serialize(format="json", indent=1, ensure_ascii=False)
    return found + "\n"


def _plain(id_: str) -> str:
    """Return an id as a local name: letters of any script, digits and some marks."""
    return "".join(c if c.isalnum() or c in "/._-" else f"%{ord(c):02X}" for c in id_)
