"""Judge findings by what the recipe says of their kinds: show them, and stop the run at errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from coco_recipe import events
from coco_recipe.errors import FindingsError
from coco_recipe.findings import Choice, Finding, judged
from coco_recipe.observing.observers import Observers


@dataclass(frozen=True, slots=True)
class Judge:
    """Shows findings with the recipe's severities.

    Attributes:
        choices: what the recipe chose for kinds of findings, by name.
        strict: whether warnings stop the run, too.
        told: the observers.
        shown: what was shown; a step finds again what was found of it before the run.
    """

    choices: Mapping[str, Choice]
    strict: bool
    told: Observers
    shown: list[Finding] = field(default_factory=list)

    def __call__(self, found: Iterable[Finding]) -> None:
        """Show findings.

        Raises:
            FindingsError: some of them stop the run; with these.
        """
        findings = judged(found, self.choices)
        stopping = self.stopping(findings)
        for finding in findings:
            if finding in self.shown:
                continue
            self.shown.append(finding)
            self.told.tell(events.found(finding, stops=finding in stopping))
        if stopping:
            raise FindingsError(stopping)

    def stopping(self, found: Iterable[Finding]) -> list[Finding]:
        """Return those findings that stop a run, with the recipe's severities."""
        return [
            finding
            for finding in judged(found, self.choices)
            if self.strict or finding.severity == "error"
        ]
