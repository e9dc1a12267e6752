"""Files of pictures, opened within limits."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from dragoman_parsing.errors import ParseError, TooLargeError

MOST_PIXELS = 100_000_000
MOST_FRAMES = 500
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_CONTRAST, _INK_SHARE = 64, 0.0005
_SIDE = 4_000  # pixels; larger pictures are not read better


class ImageFile:
    """A picture, or several in a TIFF."""

    def __init__(self, data: bytes) -> None:
        """Open it.

        Raises:
            ParseError: it is no picture that can be read.
            TooLargeError: it has too many pixels, or too many pictures in it.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._image = Image.open(io.BytesIO(data), formats=_FORMATS)
                self.page_count = getattr(self._image, "n_frames", 1)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise ParseError("is no picture that can be read; it may be damaged") from error
        except Image.DecompressionBombError as error:
            raise _too_large() from error
        if self.page_count > MOST_FRAMES:
            raise TooLargeError(f"has more than {MOST_FRAMES} pictures in it; split it")

    def __iter__(self) -> Iterator[Image.Image]:
        """The pictures, upright and in RGB."""
        for number in range(self.page_count):
            try:
                self._image.seek(number)
                width, height = self._image.size
                if width * height > MOST_PIXELS:
                    raise _too_large()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    upright = ImageOps.exif_transpose(self._image)
                    shown = _on_white(upright)
            except (OSError, ValueError, SyntaxError, EOFError) as error:
                raise ParseError("is a damaged picture") from error
            except Image.DecompressionBombError as error:
                raise _too_large() from error
            shown.thumbnail((_SIDE, _SIDE))
            yield shown


def png(image: Image.Image) -> bytes:
    """The picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        shown = image.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(white, shown).convert("RGB")
    return image.convert("RGB")


def _too_large() -> TooLargeError:
    return TooLargeError(f"has more than {MOST_PIXELS:,} pixels; make it smaller")


def is_blank(image: Image.Image) -> bool:
    """Whether nothing stands on the page: less ink than a short word has, as with a scanner's dust."""
    shades = image.convert("L")
    paper = ImageStat.Stat(shades).median[0]
    counts = shades.histogram()
    ink = sum(count for shade, count in enumerate(counts) if abs(shade - paper) > _CONTRAST)
    return ink < _INK_SHARE * shades.width * shades.height
