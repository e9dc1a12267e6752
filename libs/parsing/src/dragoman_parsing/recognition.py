"""Readers of pictures: character recognition on this machine, or a vision model.

Each gives a page in Markdown for the picture of one. Recognition needs the extra `ocr`.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, Protocol, cast

import httpx
from PIL import Image
from typing_extensions import override

from dragoman_parsing.errors import ParseError
from dragoman_parsing.images import is_blank, png
from dragoman_parsing.lines import Line, as_markdown
from dragoman_parsing.pages import Box, Method, Page

_NOT_INSTALLED = (
    "has a page without text, and character recognition is not installed: install it (384 MB) with "
    f"{sys.executable} -m pip install 'rapidocr>=3.10' 'onnxruntime>=1.20', or link a vision model"
)
_SURE = 0.9
"""The score from which on the reading of a line is taken as it is."""

_PROMPT = (
    "Write down all text of this page as Markdown, in reading order. Keep headings, lists and tables. "
    "Write nothing else: no remarks, no code fence around it."
)
_TIMEOUT_S = 600.0
_ATTEMPTS, _WAIT_S = 4, 2.0
_AGAIN = frozenset({408, 429, 500, 502, 503, 504, 529})
_FINISHED = (None, "stop")
_LONGEST_REASON = 200
_FENCE = re.compile(r"\A\s*```(?:markdown|md)?[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)


class PictureReader(Protocol):
    """Reads the text in a picture."""

    def read(self, image: Image.Image, number: int) -> Page:
        """The page with this number, of which this is the picture.

        Raises:
            ParseError: nobody here can read it.
        """
        ...


class OcrReader(PictureReader):
    """RapidOCR with the models that its wheel carries."""

    def __init__(self, engine: Callable[..., Any] | None = None) -> None:
        """Without an `engine`, RapidOCR is started when the first picture is read."""
        self._engine: Any = engine

    @override
    def read(self, image: Image.Image, number: int) -> Page:
        boxes = [self._surer(image, box) for box in _boxes(self._started()(image))]
        scores = [box.score for box in boxes if box.score is not None]
        score = round(sum(scores) / len(scores), 4) if scores else None
        text = as_markdown([Line(box.text, box.place) for box in boxes])
        return Page(number, Method.OCR, text, *image.size, tuple(boxes), score)

    def _surer(self, image: Image.Image, box: Box) -> Box:
        """The line, read once more by itself where its reading is doubtful.

        The classifier of directions takes some long lines to stand upside down.
        """
        if box.score is None or box.score >= _SURE:
            return box
        found = self._started()(image.crop(box.place), use_det=False, use_cls=False)
        again = [*zip(found.txts or (), found.scores or (), strict=True)]
        surest = max(((float(score), str(text)) for text, score in again), default=(0.0, ""))
        if surest[0] <= box.score:
            return box
        return replace(box, text=surest[1], score=round(surest[0], 4))

    def _started(self) -> Callable[..., Any]:
        if self._engine is None:
            try:
                rapidocr: Any = import_module("rapidocr")
                import_module("onnxruntime")
            except ImportError as error:
                raise ParseError(_NOT_INSTALLED) from error
            logging.getLogger("RapidOCR").setLevel(logging.ERROR)
            # More threads make it slower where several commands run.
            self._engine = rapidocr.RapidOCR(
                params={
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                    "Global.log_level": "error",
                }
            )
        return cast("Callable[..., Any]", self._engine)


def _boxes(found: Any) -> list[Box]:
    """The lines that were read, from top to bottom, and in a line from left to right."""
    if found is None or getattr(found, "boxes", None) is None:
        return []
    boxes: list[Box] = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        across, down = [float(x) for x, _ in corners], [float(y) for _, y in corners]
        place = (min(across), min(down), max(across), max(down))
        rounded = cast("tuple[float, float, float, float]", tuple(round(each, 1) for each in place))
        boxes.append(Box(str(text), rounded, round(float(score), 4)))
    return _rows_joined(boxes)


def _rows_joined(boxes: list[Box]) -> list[Box]:
    """The boxes row by row; those of one row one after another."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda each: (each.place[1] + each.place[3]) / 2):
        middle = (box.place[1] + box.place[3]) / 2
        if rows and rows[-1][-1].place[1] < middle < rows[-1][-1].place[3]:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda each: each.place[0])]


class ModelReader(PictureReader):
    """A vision model behind an OpenAI-compatible API, one call a page."""

    def __init__(self, url: str, model: str, key: str, *, wait_s: float = _WAIT_S) -> None:
        """`url` is the API's base address, as `http://host:8000/v1`; `key` may be empty."""
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._wait_s = wait_s

    @override
    def read(self, image: Image.Image, number: int) -> Page:
        encoded = base64.b64encode(png(image)).decode()
        content = [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
            {"type": "text", "text": _PROMPT},
        ]
        request = {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
        }
        text = self._text_of(self._answer(request, number), number)
        if not text and not is_blank(image):
            raise ParseError(
                f"could not be read at page {number}: the model {self._model} gave no text, though the page "
                "is not blank; link another model"
            )
        fenced = _FENCE.match(text)
        return Page(number, Method.MODEL, fenced[1] if fenced else text, *image.size)

    def _answer(self, request: dict[str, Any], number: int) -> httpx.Response:
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self._wait_s * 2 ** (attempt - 1))
            try:
                answer = httpx.post(
                    self._url, json=request, headers=self._headers, timeout=_TIMEOUT_S
                )
            except httpx.HTTPError as error:
                why = f"cannot be reached ({type(error).__name__})"
                continue
            except (httpx.InvalidURL, ValueError) as error:
                raise ParseError("was given --vlm-url with no address in it") from error
            if answer.is_success:
                return answer
            why = f"answered with status {answer.status_code}"
            if answer.status_code in (401, 403):
                why += "; put its key into DRAGOMAN_MODEL_API_KEY, and let commands have it"
            if answer.status_code not in _AGAIN:
                break
        raise ParseError(f"could not be read at page {number}: the model {self._model} {why}")

    def _text_of(self, answer: httpx.Response, number: int) -> str:
        try:
            choice: Any = answer.json()["choices"][0]
            text: object = choice["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise ParseError(
                f"could not be read at page {number}: the model's server speaks another API"
            ) from error
        finish, refusal = choice.get("finish_reason"), choice["message"].get("refusal")
        if finish == "length":
            raise ParseError(
                f"could not be read at page {number}: the model stopped at its limit of tokens; raise it"
            )
        # A page that is left out in silence would be taken for a blank one.
        if refusal or finish not in _FINISHED:
            why = str(refusal or finish)[:_LONGEST_REASON]
            raise ParseError(f"could not be read at page {number}: the model declined it ({why})")
        return text.strip() if isinstance(text, str) else ""
