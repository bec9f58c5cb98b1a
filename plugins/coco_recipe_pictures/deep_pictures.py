"""Pictures of more than 8 bits a channel, which no pipeline and no trainer takes as they are."""


class DeepError(ValueError):
    """A picture has more than 8 bits a channel; ``bits`` says how many."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__(f"has {bits} bits a channel, which would be cut to 8: convert it first")
