"""Files of SRX 2.0, written for tests."""

from __future__ import annotations


def srx(*rules: tuple[str, str, str], maps: str = "", cascade: str = "yes") -> bytes:
    """A file with these rules, each yes or no, what stands before the place, and what behind it."""
    written = "".join(
        f'<rule break="{kind}"><beforebreak><![CDATA[{before}]]></beforebreak>'
        f"<afterbreak><![CDATA[{after}]]></afterbreak></rule>"
        for kind, before, after in rules
    )
    maps = maps or '<languagemap languagepattern=".*" languagerulename="Own"/>'
    return (
        '<srx xmlns="http://www.lisa.org/srx20" version="2.0">'
        f'<header segmentsubflows="yes" cascade="{cascade}"/><body><languagerules>'
        f'<languagerule languagerulename="Own">{written}</languagerule>'
        '<languagerule languagerulename="Semicolons">'
        '<rule break="yes"><beforebreak>;</beforebreak><afterbreak>\\s</afterbreak></rule>'
        f"</languagerule></languagerules><maprules>{maps}</maprules></body></srx>"
    ).encode()
