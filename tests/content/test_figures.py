"""The drawings: made from the facts that topics state, whole in their text twin, and well-formed."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bot.content import files
from bot.content.blocks import Figure
from bot.content.figures import Plan, draw
from bot.errors import DataError
from bot.settings import Settings

FOLDER = Settings().language_dir
PLAN = Plan.load(FOLDER / "figures.yml")
SVG = "{http://www.w3.org/2000/svg}"
WHERE = Path("some-topic.md")


def shipped() -> list[tuple[str, Figure]]:
    return [
        (one.head.id, block)
        for _, one in files.read_topics(FOLDER)
        for text in one.texts.values()
        for block in text.blocks
        if isinstance(block, Figure)
    ]


def test_each_drawing_is_used() -> None:
    assert {figure.title for _, figure in shipped()} == {
        PLAN.hpg_axis.title, PLAN.tissues.title, PLAN.recovery.title,
    }  # fmt: skip


@pytest.mark.parametrize(("topic", "figure"), shipped(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_drawing_is_well_formed_named_and_within_its_frame(topic: str, figure: Figure) -> None:
    root = ET.fromstring(figure.svg)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == figure.title
    assert root.findtext(f"{SVG}desc") == figure.text
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "path",
        "text",
    }
    for rect in root.iter(f"{SVG}rect"):
        left, top = float(rect.attrib["x"]), float(rect.attrib["y"])
        assert left >= 0
        assert left + float(rect.attrib["width"]) <= width
        assert top + float(rect.attrib["height"]) <= height


def test_a_medicine_stands_where_the_facts_say_it_acts() -> None:
    wanted = Figure(title="hpg-axis", svg="", text="hcg")
    at_testes = draw(wanted, {("hcg", "acts-on"): "Leydig cells"}, PLAN, WHERE)
    at_pituitary = draw(wanted, {("hcg", "acts-on"): "pituitary"}, PLAN, WHERE)
    assert "hCG acts on: Leydig cells." in at_testes.text.splitlines()
    assert at_testes.svg != at_pituitary.svg


def test_every_row_of_the_timeline_is_in_its_twin() -> None:
    drawn = draw(Figure(title="recovery", svg="", text=""), {}, PLAN, WHERE)
    assert all(row.name in drawn.text and str(row.some) in drawn.text for row in PLAN.recovery.rows)
    assert PLAN.recovery.note in drawn.text


@pytest.mark.parametrize(("name", "medicines"), [("no-such", ""), ("hpg-axis", "raloxifene"), ("tissues", "hcg")])
def test_a_drawing_that_cannot_be_made_is_an_error_of_the_file(name: str, medicines: str) -> None:
    with pytest.raises(DataError, match=r"some-topic\.md"):
        draw(Figure(title=name, svg="", text=medicines), {}, PLAN, WHERE)
