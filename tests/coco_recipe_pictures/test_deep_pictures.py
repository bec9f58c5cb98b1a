"""Pictures of more than 8 bits a channel are refused with the number of bits."""

import pytest
from coco_recipe_pictures.deep_pictures import DeepError


@pytest.mark.parametrize("bits", [10, 16])
def test_the_bits_are_told(bits: int) -> None:
    error = DeepError(bits)
    assert error.bits == bits
    assert f"has {bits} bits a channel" in str(error)
