"""Tell observers what happens in a run; one that fails is named once and told nothing more."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from coco_recipe import failure
from coco_recipe.events import Event, Observer, ObserverFailed


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """An observer with the name by which it is told of.

    Attributes:
        name: the function or class, and the plugin that it comes from.
        observe: is given each event.
    """

    name: str
    observe: Observer

    @classmethod
    def of(cls, observer: Observer, plugin: str = "") -> "Named":
        """Name an observer after its function or class."""
        own = getattr(observer, "__qualname__", type(observer).__qualname__)
        return cls(f"'{own}'{f' of {plugin}' if plugin else ''}", observer)


class Observers:
    """The observers of one run, in the order in which they are told.

    What an observer raises can't stop the run, but for Ctrl-C. Where nobody is left to be told of
    an observer that failed, it goes to the log of Python's ``logging``.
    """

    def __init__(self, observers: Iterable[Named]) -> None:
        self._left = tuple(observers)

    def tell(self, event: Event) -> None:
        """Give every observer an event."""
        failed: dict[Named, ObserverFailed] = {}
        for observer in self._left:
            try:
                observer.observe(event)
            except (Exception, SystemExit) as error:
                home = getattr(observer.observe, "__module__", "").partition(".")[0]
                problem = failure.told(error, home)
                failed[observer] = ObserverFailed(observer.name, problem, failure.trace(error))
        if failed:
            self._left = tuple(observer for observer in self._left if observer not in failed)
        for why in failed.values():
            if not self._left:
                logging.getLogger("coco_recipe").warning("%s", why)
            self.tell(why)
