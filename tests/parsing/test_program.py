"""`dragoman-parse`: what comes out of each kind of file, and how it ends with files that are broken."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from dragoman_parsing import images, pages, pdf
from dragoman_parsing.program import run
from dragoman_parsing.recognition import OcrReader
from parsing.files import (
    Line,
    Parsed,
    as_file,
    encrypted_pdf,
    model_server,
    parsed,
    pdf_of_many,
    picture_of,
)
from parsing.files import pdf as pdf_of

Parse = Callable[..., Parsed]

TEXT: tuple[Line, ...] = (
    ("Terms of lease", 24, 80),
    ("The tenant pays the rent in advance, on the first of each month, and does so", 11, 120),
    ("without being asked.", 11, 134),
    ("The landlord (or his agent) keeps the house in repair * as agreed.", 11, 170),
    ("1. A first point", 11, 200),
    ("2. A second point", 11, 214),
)


@pytest.fixture
def parse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Parse:
    def parse_file(name: str, data: bytes, *options: str) -> Parsed:
        return parsed(capsys, tmp_path, name, data, *options)

    return parse_file


def test_a_pdf_with_text_is_read_from_its_text(parse: Parse) -> None:
    made = parse("a.pdf", pdf_of(TEXT, TEXT[1:3]))
    assert made.status == 0, made.error
    assert made.markdown == (
        "# Terms of lease\n\n"
        "The tenant pays the rent in advance, on the first of each month, and does so without being asked.\n\n"
        "The landlord (or his agent) keeps the house in repair \\* as agreed.\n\n"
        "1. A first point\n\n"
        "2. A second point\n\n"
        "The tenant pays the rent in advance, on the first of each month, and does so without being asked.\n"
    )
    assert made.said == "dragoman-progress: 1/2\ndragoman-progress: 2/2\n"
    first = made.pages[0]
    assert (first["number"], first["method"], first["width"], first["height"]) == (
        *(1, "text", 595.0, 842.0),
    )
    title = first["boxes"][0]
    assert title["text"] == "Terms of lease"
    left, top, right, bottom = title["place"]
    assert 70 < left < 80 < right
    assert 55 < top < bottom < 90


def test_pictures_of_a_pdf_come_out_and_tiny_ones_do_not(parse: Parse) -> None:
    # The picture is on a page that is read by the model; a page with text shows it, too.
    with model_server("page") as model:
        made = parse(
            "a.pdf", pdf_of((), picture=picture_of("x")), "--vlm-url", model.url, "--model", "m"
        )
    assert made.markdown == "page\n"
    assert not (made.folder / "pictures").exists()


def test_a_page_without_text_is_read_by_the_model_as_a_picture(
    parse: Parse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_MODEL_API_KEY", "hush")
    with model_server("```markdown\n# Read\n```", "- two") as model:
        made = parse(
            *("a.pdf", pdf_of((), TEXT, (), picture=picture_of("x"))),
            *("--vlm-url", model.url, "--model", "ocr-vl"),
        )
    assert [page["method"] for page in made.pages] == ["model", "text", "model"]
    assert made.markdown.startswith("# Read\n\n# Terms of lease\n")
    assert made.markdown.endswith("\n\n- two\n")
    assert [each["model"] for each in model.requests] == ["ocr-vl", "ocr-vl"]
    assert model.keys == ["Bearer hush"] * 2
    assert made.pages[0]["width"] == round(595 * 150 / 72)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_pictures_of_every_kind_are_read(parse: Parse, kind: str) -> None:
    with model_server("text") as model:
        data = as_file(picture_of("text"), kind)
        made = parse(f"a.{kind.lower()}", data, "--vlm-url", model.url, "--model", "m")
    assert (made.status, made.markdown) == (0, "text\n")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((401,), ("status 401", "DRAGOMAN_MODEL_API_KEY")),
        ((404,), ("status 404",)),
        (({"hello": 1},), ("another API",)),
        (
            ({"choices": [{"message": {"content": "cut"}, "finish_reason": "length"}]},),
            ("limit of tokens",),
        ),
        (
            ({"choices": [{"message": {"content": "no"}, "finish_reason": "content_filter"}]},),
            ("declined", "content_filter"),
        ),
        (({"choices": [{"message": {"content": "", "refusal": "I will not"}}]},), ("I will not",)),
        ((" \n ",), ("gave no text", "not blank")),
        ((503,), ("status 503",)),
    ],
)
def test_a_model_that_refuses_ends_it_with_one_line(
    parse: Parse,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[Any, ...],
    words: tuple[str, ...],
) -> None:
    monkeypatch.setattr("time.sleep", list[float]().append)
    with model_server(*answers) as model:
        made = parse("a.png", as_file(picture_of("x")), "--vlm-url", model.url, "--model", "m")
    assert made.status == 1
    assert made.error.count("\n") == 1
    for word in ("a.png", "page 1", *words):
        assert word in made.error


def test_a_blank_page_may_have_no_text(parse: Parse) -> None:
    dusty = Image.new("L", (850, 1100), 250)
    for place in range(20):
        dusty.putpixel((7 * place, 11 * place), 20)
    with model_server("") as model:
        made = parse("a.png", as_file(dusty), "--vlm-url", model.url, "--model", "m")
    assert (made.status, made.markdown.strip()) == (0, "")


def test_a_model_that_is_busy_is_asked_again(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with model_server(429, 503, "at last") as model:
        made = parse("a.png", as_file(picture_of("x")), "--vlm-url", model.url, "--model", "m")
    assert (made.status, made.markdown, waits) == (0, "at last\n", [2.0, 4.0])


@pytest.mark.skipif(find_spec("rapidocr") is not None, reason="rapidocr is installed here")
def test_without_character_recognition_it_says_how_to_install_it(parse: Parse) -> None:
    made = parse("a.pdf", pdf_of((), picture=picture_of("x")))
    assert made.status == 1
    assert f"{sys.executable} -m pip install 'rapidocr" in made.error
    assert made.error.count("\n") == 1


@pytest.mark.skipif(
    find_spec("rapidocr") is None, reason="rapidocr is not installed: `make ocr` installs it"
)
def test_a_scanned_page_and_a_picture_are_read_by_character_recognition(parse: Parse) -> None:
    lines = ("The tenant pays the rent in advance.", "The landlord keeps the house in repair.")
    for name, data in (
        ("a.png", as_file(picture_of(*lines))),
        ("a.pdf", pdf_of((), picture=picture_of(*lines, height=1_415))),
    ):
        made = parse(name, data)
        assert made.status == 0, made.error
        assert " ".join(made.markdown.split()) == " ".join(lines)
        (page,) = made.pages
        assert page["method"] == "ocr"
        assert page["score"] > 0.8
        assert [box["text"] for box in page["boxes"]] == list(lines)


def test_a_line_of_doubtful_reading_is_read_again_by_itself() -> None:
    read: list[tuple[tuple[int, int], dict[str, bool]]] = []

    def engine(image: Image.Image, **how: bool) -> SimpleNamespace:
        """Takes the second line of the page for one that stands upside down."""
        read.append((image.size, how))
        if how:
            return SimpleNamespace(txts=("three months of notice",), scores=(0.99,))
        corners = [[(10, y), (400, y), (400, y + 30), (10, y + 30)] for y in (10, 60)]
        return SimpleNamespace(boxes=corners, txts=("Each party", "Ea n s t"), scores=(0.99, 0.76))

    page = OcrReader(engine).read(Image.new("RGB", (500, 200)), 1)
    assert page.text.split() == ["Each", "party", "three", "months", "of", "notice"]
    assert [box.score for box in page.boxes] == [0.99, 0.99]
    assert read == [((500, 200), {}), ((390, 30), {"use_det": False, "use_cls": False})]


def test_html_keeps_what_the_page_is_about(parse: Parse) -> None:
    body = "<p>The tenant pays the <b>rent</b> in advance, on the first of each month.</p>" * 3
    made = parse(
        "a.html",
        f"<html><body><nav><a href='/'>Home</a></nav><article><h1>Terms</h1>{body}"
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
        "</article><script>x()</script></body></html>".encode(),
    )
    assert made.status == 0, made.error
    assert made.markdown.startswith("# Terms")
    assert "**rent**" in made.markdown
    assert "| 1 | 2 |" in made.markdown
    assert "Home" not in made.markdown
    assert "x()" not in made.markdown


def test_html_with_nothing_but_a_word_gives_the_word(parse: Parse) -> None:
    assert parse("a.html", b"<html><body>Word<script>x</script></body></html>").markdown == "Word\n"
    nothing = parse("b.html", b"<html><body><script>x</script></body></html>")
    assert (nothing.status, nothing.error) == (1, "dragoman-parse: b.html has no text\n")


def test_text_stays_as_it_is(parse: Parse) -> None:
    assert (
        parse("a.md", b"\xef\xbb\xbf# Title\r\n\r\ntext\xff").markdown == "# Title\n\ntext\ufffd\n"
    )


def bomb() -> bytes:
    """A DOCX whose main part is 320 MB of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as part:
            for _ in range(20):
                part.write(bytes(16 * 1024**2))
    return buffer.getvalue()


def huge_png() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    side = (60_000).to_bytes(4, "big")
    head = chunk(b"IHDR", side + side + b"\x08\x02\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.pdf", encrypted_pdf, "is encrypted"),
        ("a.pdf", lambda: pdf_of(TEXT)[:100], "no PDF that can be read"),
        ("a.pdf", lambda: b"not a pdf at all", "is no PDF"),
        ("a.pdf", lambda: pdf_of_many(pdf.MOST_PAGES + 1), "2,001 pages"),
        ("a.pdf", lambda: b"", "is empty"),
        ("a.docx", bomb, "cannot be parsed"),
        ("a.docx", lambda: b"PK\x03\x04" + bytes(100), "cannot be parsed"),
        ("a.png", huge_png, "pixels"),
        ("a.png", lambda: as_file(picture_of("x"))[:200], "damaged"),
        ("a.xyz", lambda: bytes(100), "DOCX, HTML, PDF"),
    ],
)
def test_broken_files_end_it_with_one_line_that_names_the_cure(
    parse: Parse, name: str, make: Callable[[], bytes], words: str
) -> None:
    made = parse(name, make())
    assert made.status == 1
    assert words in made.error
    assert made.error.startswith(f"dragoman-parse: {name} ")
    assert made.error.count("\n") == 1
    assert not (made.folder / "document.md").exists()


def test_limits_of_text_and_pictures(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_CHARACTERS", 10)
    assert "characters" in parse("a.txt", b"x" * 11).error
    monkeypatch.setattr(images, "MOST_FRAMES", 1)
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("black", "white")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    assert "more than 1 pictures" in parse("a.webp", buffer.getvalue()).error
    kept = pages.Pictures()
    names = [kept.add("image.png", data) for data in (b"a", b"b", b"a")]
    assert names == ["image.png", "image-2.png", "image.png"]
    monkeypatch.setattr(pages, "MOST_PICTURES", 2)
    assert kept.add("image.png", b"c") == ""


def test_wrong_usage_is_exit_status_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--input", "a"])
    assert ended.value.code == 2
    assert run(["--input", "a", "--output", "b", "--model", "m"]) == 2
    assert "belong together" in capsys.readouterr().err
    assert run(["--input", str(tmp_path / "none"), "--output", "b"]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_said(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    made = parse("a.txt", b"text")
    assert (made.status, made.error.count("\n")) == (1, 1)
    assert "cannot be written" in made.error


def test_it_is_a_program(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    program = str(Path(sys.executable).with_name("dragoman-parse"))
    command = [
        program,
        f"--input={tmp_path}/a.txt",
        f"--output={tmp_path}/out",
        "--vlm-url=",
        "--model=",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "dragoman-progress: 1/1\n"
    assert (tmp_path / "out" / "document.md").read_text() == "text\n"


def test_the_limit_on_memory_is_the_program_s_own(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    (tmp_path / "a.txt").write_text("Text.")
    assert run(["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]) == 0
    assert resource.getrlimit(resource.RLIMIT_AS) == before
