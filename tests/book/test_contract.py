"""Every chapter keeps the contract: its parts, its exercises, its claims, its slides, its sizes."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from d2lhelpers import book, exercises

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
FILES = sorted([*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")])
CHAPTERS = [path for path in FILES if path.parent == NOTEBOOKS and not path.name.startswith("00_")]
SLIDES = {"slide", "subslide", "fragment", "notes", "skip"}
PARTS = [
    "Predict",
    "The idea",
    "From scratch",
    "Explore",
    "In practice",
    "Measure",
    "Exercises",
    "In short",
    "References",
]


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def code(path: Path) -> str:
    return "\n".join(cell.source for cell in cells(path, "code"))


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def outputs(path: Path) -> list[tuple[int, nbformat.NotebookNode]]:
    return [
        (index, output)
        for index, cell in enumerate(read(path).cells)
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def sections(path: Path) -> dict[str, str]:
    """The chapter by its second-level headings."""
    found: dict[str, str] = {}
    name = ""
    for cell in read(path).cells:
        heading = re.match(r"## ([^\n]+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            name = next((part for part in PARTS if heading[1].startswith(part)), heading[1])
            found[name] = ""
        if name:
            found[name] += cell.source + "\n"
    return found


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def test_the_table_of_chapters_is_the_folder() -> None:
    assert [chapter.notebook for chapter in book.CHAPTERS] == [
        path.name for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ]


def test_the_folder_holds_chapters_and_nothing_else() -> None:
    found = {path.name for path in NOTEBOOKS.iterdir() if path.suffix != ".ipynb"}
    assert found - {".ipynb_checkpoints"} == {"rise.css", "solutions"}


def test_every_need_is_an_earlier_chapter() -> None:
    for chapter in book.CHAPTERS:
        assert all(need < chapter.number for need in chapter.needs), chapter


def test_chapters_with_exercises_have_solutions_and_the_other_way_round() -> None:
    solved = {path.name[:2] for path in NOTEBOOKS.glob("solutions/*.ipynb")}
    assert solved == {path.name[:2] for path in CHAPTERS}


def test_all_notebooks_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= 12_000_000


@every_file
def test_size(path: Path) -> None:
    assert path.stat().st_size <= 1_000_000
    for index, output in outputs(path):
        png = output.get("data", {}).get("image/png", "")
        assert len(png) * 3 / 4 <= 60_000, f"cell {index}: a figure of {len(png) * 3 / 4:.0f} bytes"


@every_file
def test_every_cell_was_run_from_top_to_bottom(path: Path) -> None:
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_file
def test_no_warning_error_widget_or_path_in_the_output(path: Path) -> None:
    for index, output in outputs(path):
        assert output.output_type != "error", index
        assert output.get("name") != "stderr", index
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = ""  # letters at random: "/usr/" turns up in base64 too
        text = nbformat.writes(nbformat.v4.new_notebook(cells=[_holding(output)]))
        assert "widget-view" not in text, index
        assert not re.search(r"/(home|root|tmp|Users|usr)/\w|[A-Z]:\\\\", text), index
    assert "widgets" not in read(path).metadata


def _holding(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(outputs=[output])


@every_file
def test_every_cell_has_a_slide_type(path: Path) -> None:
    for index, cell in enumerate(read(path).cells):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        assert kind in SLIDES, f"cell {index}: {kind!r}"


@every_file
def test_pictures_say_in_words_what_they_show(path: Path) -> None:
    for index, output in outputs(path):
        data = output.get("data", {})
        if "image/png" in data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert len(alt.split()) >= 4, f"cell {index}: alt {alt!r}"
        if "image/svg+xml" in data:
            svg = data["image/svg+xml"]
            assert 'role="img"' in svg and re.search(r'aria-label="[^"]{20,}"', svg), index
    for number, text in enumerate(re.findall(r"!\[([^\]]*)\]\(", prose(path))):
        assert len(text.split()) >= 4, f"picture {number}: alt {text!r}"


@every_file
def test_local_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(path)):
        if not re.match(r"https?:|mailto:", target):
            assert (path.parent / target).exists(), target


@every_file
def test_code_fits_a_slide(path: Path) -> None:
    for index, cell in enumerate(read(path).cells):
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            assert max(map(len, lines)) <= 100, f"cell {index}: a line of {max(map(len, lines))}"
            if cell.metadata.slideshow.slide_type != "skip":
                assert len(lines) <= 18, f"cell {index}: {len(lines)} lines"


@every_file
def test_titles_are_short(path: Path) -> None:
    for title in re.findall(r"^#+ (.+)$", prose(path), flags=re.MULTILINE):
        assert len(title) <= 60, title


@every_file
def test_setup_cell_works_from_a_plain_checkout(path: Path) -> None:
    first = cells(path, "code")[0]
    assert "setup" in first.metadata.get("tags", [])
    up = "../.." if path.parent != NOTEBOOKS else ".."
    assert f'sys.path.append("{up}")' in first.source
    assert "import d2lhelpers as d2l" in first.source


@every_chapter
def test_parts_are_there_in_order(path: Path) -> None:
    assert [name for name in sections(path) if name in PARTS] == PARTS


@every_chapter
def test_opening(path: Path) -> None:
    opening = read(path).cells[0].source
    number, _, slug = path.stem.partition("_")
    chapter = next(chapter for chapter in book.CHAPTERS if chapter.number == number)
    assert chapter.slug == slug
    assert opening.startswith(f"# {chapter.title}\n")
    assert "Read first:" in opening and "Time:" in opening and "**" in opening
    assert f"about {chapter.minutes} minutes" in opening
    for need in chapter.needs:
        assert re.search(rf"\]\({need}_\w+\.ipynb\)", opening), f"no link to {need}"


@every_chapter
def test_setup_cell_only_imports_and_seeds(path: Path) -> None:
    lines = [line for line in cells(path, "code")[0].source.splitlines() if line.strip()]
    allowed = r"(from \S+ )?import |sys\.path\.append\(|d2l\.set_seed\("
    allowed += r"|if \"google\.colab\" in sys\.modules|    %pip install"  # after `make colab`
    assert all(re.match(allowed, line) for line in lines), lines
    assert lines[-1].startswith("d2l.set_seed(")


@every_chapter
def test_claims_are_asserted(path: Path) -> None:
    parts = sections(path)
    assert len(re.findall(r"assert_close\(", parts["From scratch"])) >= 1
    assert len(re.findall(r"^\s*assert", parts["Measure"], flags=re.MULTILINE)) >= 2


@every_chapter
def test_ignored_output_still_has_an_assert(path: Path) -> None:
    every = read(path).cells
    for index, cell in enumerate(every):
        if "nbval-ignore-output" in cell.metadata.get("tags", []) and re.search(
            r"print\(", cell.source
        ):
            near = "\n".join(c.source for c in every[index : index + 3] if c.cell_type == "code")
            assert re.search(r"\bassert", near), f"cell {index} prints what nothing checks"


@every_chapter
def test_there_is_an_explorer(path: Path) -> None:
    assert re.search(r"^d2l\.explore\.\w+\(", code(path), flags=re.MULTILINE)


@every_chapter
def test_in_practice_has_a_parameter_table(path: Path) -> None:
    assert re.search(
        r"\| name \| default \| meaning \| the usual mistake \|", sections(path)["In practice"]
    )


@every_chapter
def test_exercises(path: Path) -> None:
    number = path.name[:2]
    keys = exercises.keys(number)
    assert len(keys) >= 4
    asked = re.findall(r'd2l\.check\("([\d.]+)"', code(path))
    assert asked == keys
    shown = [
        cell.outputs[0].data["text/plain"]
        for cell in cells(path, "code")
        if "d2l.check(" in cell.source
    ]
    assert shown == [f"Exercise {key}: not tried yet" for key in keys]


@every_chapter
def test_solutions_solve(path: Path) -> None:
    number = path.name[:2]
    (solutions,) = NOTEBOOKS.glob(f"solutions/{number}_*.ipynb")
    said = "\n".join(
        output.get("data", {}).get("text/plain", "") for _, output in outputs(solutions)
    )
    assert re.findall(r"Exercise ([\d.]+): right", said) == exercises.keys(number)
    assert "not" not in re.findall(r"Exercise [\d.]+: (\w+)", said)


@every_chapter
def test_in_short_is_five_lines_and_exercises_are_no_slides(path: Path) -> None:
    in_short = sections(path)["In short"]
    assert len(re.findall(r"^- ", in_short, flags=re.MULTILINE)) == 5
    inside = False
    for cell in read(path).cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = cell.source.startswith("## Exercises")
        if inside:
            assert cell.metadata.slideshow.slide_type == "skip"


@every_chapter
def test_speaker_notes(path: Path) -> None:
    kinds = [cell.metadata.slideshow.slide_type for cell in read(path).cells]
    assert kinds.count("notes") >= 5 and kinds.count("slide") >= 8
    for cell in read(path).cells:
        if cell.metadata.slideshow.slide_type == "notes":  # a student reads them too: mark them
            assert cell.source.startswith("> *Speaker:* "), cell.source[:60]


@every_chapter
def test_links_to_the_next_chapter(path: Path) -> None:
    names = [chapter.notebook for chapter in book.CHAPTERS]
    last = read(path).cells[-1].source
    following = names[names.index(path.name) + 1 :]
    assert "## References" in last
    assert not following or f"]({following[0]})" in last


@every_chapter
def test_prose_sells_nothing(path: Path) -> None:
    words = r"\b(simply|obviously|easy to see)\b"
    found = re.findall(words, prose(path), flags=re.IGNORECASE)
    assert not found, found
    without_code = re.sub(r"`[^`]*`|\$[^$]*\$|!\[|\]\([^)]*\)", "", prose(path))
    assert "!" not in without_code
