"""Files to parse, written by hand: PDF, pictures of text, and a vision model's server."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from typing_extensions import override

from dragoman_parsing.program import run

Line = tuple[str, float, float]
"""Text, its size, and how far its base line is below the upper edge."""


def pdf(*pages: Sequence[Line], picture: Image.Image | None = None) -> bytes:
    """A PDF of A4 pages in Helvetica; `picture` fills each page that has no lines."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids: list[str] = []
    if picture is not None:
        raw = picture.convert("RGB").tobytes()
        width, height = picture.size
        head = (
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} "
            f"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Length {len(raw)} >>"
        )
        objects.append(head.encode() + b"\nstream\n" + raw + b"\nendstream")
    for lines in pages:
        drawn = "".join(
            f"BT /F1 {size} Tf 72 {842 - down} Td ({_escaped(text)}) Tj ET\n"
            for text, size, down in lines
        )
        if not lines and picture is not None:
            drawn = "q 595 0 0 842 0 0 cm /Im1 Do Q\n"
        content = drawn.encode("latin-1")
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"endstream")
        images = "/XObject << /Im1 4 0 R >>" if picture is not None else ""
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> {images} >> >>".encode()
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return _file_of(objects)


def pdf_of_many(count: int) -> bytes:
    """A PDF whose pages are all the same empty one."""
    kids = " ".join(["3 0 R"] * count)
    return _file_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        ]
    )


def encrypted_pdf() -> bytes:
    """A PDF that needs a password."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]
    key = f"({'a' * 32})"
    encryption = f"<< /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >>"
    return _file_of(objects, f"/Encrypt {encryption} /ID [(a) (a)]")


def _file_of(objects: Sequence[bytes], more: str = "") -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    trailer = (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {more} >>\nstartxref\n{start}\n%%EOF\n"
    )
    return bytes(out + trailer.encode())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def picture_of(*lines: str, height: int = 300) -> Image.Image:
    """A white picture, 1,000 pixels wide, with black lines of text."""
    image = Image.new("RGB", (1_000, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(40)
    for place, line in enumerate(lines):
        draw.text((50, 50 + 70 * place), line, fill="black", font=font)
    return image


def as_file(image: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@dataclass
class Parsed:
    """What the program made of a file."""

    status: int
    folder: Path
    said: str
    error: str

    @property
    def markdown(self) -> str:
        """The document."""
        return (self.folder / "document.md").read_text(encoding="utf-8")

    @property
    def pages(self) -> list[dict[str, Any]]:
        """What is told of each page."""
        found: dict[str, list[dict[str, Any]]] = json.loads(
            (self.folder / "pages.json").read_text(encoding="utf-8")
        )
        return found["pages"]


def parsed(capsys: Any, folder: Path, name: str, data: bytes, *options: str) -> Parsed:
    """The program, run on a file of this name."""
    path, out = folder / name, folder / "out"
    path.write_bytes(data)
    status = run(["--input", str(path), "--output", str(out), *options])
    said = capsys.readouterr()
    return Parsed(status, out, said.out, said.err)


@dataclass
class Model:
    """A server of chat completions: it checks the request as real ones do, and answers in turn.

    An answer is a text, or a status, or a whole body.
    """

    answers: list[str | int | dict[str, Any]]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    keys: list[str] = field(default_factory=list[str])

    def answer(self, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """The status and the body."""
        self.requests.append(body)
        self.keys.append(key)
        parts = body["messages"][0]["content"]
        if [part["type"] for part in parts] != ["image_url", "text"]:
            return 400, {"error": {"message": "unsupported content"}}
        address: str = parts[0]["image_url"]["url"]
        if not address.startswith("data:image/png;base64,"):
            return 400, {"error": {"message": "invalid image"}}
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            return answer, {"error": {"message": "no"}}
        if isinstance(answer, dict):
            return 200, answer
        message = {"role": "assistant", "content": answer}
        return 200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@contextmanager
def model_server(*answers: str | int | dict[str, Any]) -> Generator[Model]:
    """A vision model that gives these answers, the last one again and again."""
    model = Model(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = 404, dict[str, Any]()
            if self.path == "/v1/chat/completions":
                key = self.headers.get("Authorization", "")
                status, body = model.answer(json.loads(data), key)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
