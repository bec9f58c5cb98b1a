"""A page shows hostile names as text."""

from coco_recipe_pictures.show.page import page


def test_names_stay_text() -> None:
    name = '"><script>alert(1)</script>{x}'
    text = page(name, [(name, b"jpeg")])
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") == 4
    assert "anBlZw==" in text


def test_a_page_without_a_picture_is_a_page() -> None:
    assert "0 pictures" in page("nothing", [])
