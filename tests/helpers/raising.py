"""Functions for workers that raise."""


class Odd(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def raise_kind(kind: str) -> str:
    class Local(Exception):
        pass

    def forever() -> None:
        forever()

    if kind == "RecursionError":
        forever()
    raise {
        "ValueError": ValueError("it is bad"),
        "Local": Local("hidden"),
        "Odd": Odd("a", "b"),
        "SystemExit": SystemExit(0),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "MemoryError": MemoryError("full"),
        "OSError": FileNotFoundError(2, "gone", "a.jpg"),
    }[kind]
