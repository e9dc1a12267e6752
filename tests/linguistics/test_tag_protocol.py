from hypothesis import given

from dragoman_contracts.text import Content, closing, opening, placeholder
from dragoman_linguistics import parse, render
from linguistics.contents import nested_content


def test_pairs_and_placeholders_are_written_as_the_model_protocol_says() -> None:
    content: Content = ("The ", opening(1), "Supplier", closing(1), placeholder(2), ".")
    assert render(content).text == "The <1>Supplier</1><2/>."


@given(nested_content())
def test_what_is_rendered_is_parsed_back_without_loss(content: Content) -> None:
    tagged = render(content)
    assert parse(tagged.text, tagged) == content


def test_text_that_looks_like_a_tag_stays_text() -> None:
    content: Content = ("Type <5> or </1>, then ", opening(1), "press", closing(1), " Enter")
    tagged = render(content)
    assert "<1>press" not in tagged.text
    assert parse(tagged.text, tagged) == content


def test_a_lookalike_in_the_reply_that_was_text_in_the_source_stays_text() -> None:
    tagged = render(("Type <5>", placeholder(2)))
    assert parse("Tippe <5> ein<2/>", tagged) == ("Tippe <5> ein", placeholder(2))


def test_an_invented_tag_is_read_as_a_tag_so_that_it_can_be_reported() -> None:
    tagged = render(("Hello ", opening(1), "you", closing(1)))
    assert parse("Hola <1>tú</1><7/>", tagged) == (
        "Hola ",
        opening(1),
        "tú",
        closing(1),
        placeholder(7),
    )


def test_spaces_inside_a_tag_are_forgiven() -> None:
    tagged = render((opening(1), "you", closing(1), placeholder(2)))
    assert parse("< 1 >tú</ 1><2 / >", tagged) == (opening(1), "tú", closing(1), placeholder(2))


def test_a_placeholder_written_as_a_pair_is_the_placeholder() -> None:
    tagged = render(("a", placeholder(2), "b"))
    assert parse("a<2></2>b", tagged) == ("a", placeholder(2), "b")
    assert parse("a<2>b", tagged) == ("a", placeholder(2), "b")
