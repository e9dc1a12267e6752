from hypothesis import given

from dragoman_contracts.text import Content, TagRole, TagSpec, closing, opening, placeholder
from dragoman_linguistics import align_tags
from linguistics.contents import nested_content

SOURCE: Content = (opening(1), "one", closing(1), " two ", placeholder(2), placeholder(3))


def spec(
    tag_id: int, *, can_delete: bool = False, can_copy: bool = False, can_reorder: bool = True
) -> TagSpec:
    return TagSpec(
        id=tag_id,
        role=TagRole.FORMAT,
        can_delete=can_delete,
        can_copy=can_copy,
        can_reorder=can_reorder,
    )


@given(nested_content())
def test_content_agrees_with_itself(content: Content) -> None:
    report = align_tags(content, content, ())
    assert report.is_clean
    assert not report.deleted


def test_a_lost_tag_is_missing() -> None:
    report = align_tags(SOURCE, (opening(1), "uno", closing(1), " dos ", placeholder(2)), ())
    assert report.missing == (placeholder(3),)
    assert not report.is_clean


def test_a_lost_tag_that_may_be_deleted_is_no_fault() -> None:
    report = align_tags(
        SOURCE, ("uno dos ", placeholder(2), placeholder(3)), (spec(1, can_delete=True),)
    )
    assert report.deleted == (opening(1), closing(1))
    assert report.is_clean


def test_half_a_pair_is_missing_even_where_the_pair_may_be_deleted() -> None:
    report = align_tags(
        SOURCE,
        (opening(1), "uno dos ", placeholder(2), placeholder(3)),
        (spec(1, can_delete=True),),
    )
    assert report.missing == (closing(1),)


def test_a_doubled_tag_is_added_unless_it_may_be_copied() -> None:
    target: Content = (*SOURCE, opening(1), "más", closing(1))
    assert align_tags(SOURCE, target, ()).added == (opening(1), closing(1))
    assert align_tags(SOURCE, target, (spec(1, can_copy=True),)).is_clean


def test_pairs_that_overlap_are_crossed() -> None:
    source: Content = (opening(1), "a", closing(1), opening(2), "b", closing(2))
    target: Content = (opening(1), "a", opening(2), "b", closing(1), "c", closing(2))
    assert align_tags(source, target, ()).crossed == (1,)


def test_tags_may_move_only_where_their_spec_lets_them() -> None:
    target: Content = (placeholder(3), placeholder(2), opening(1), "uno", closing(1), " dos")
    assert align_tags(SOURCE, target, ()).is_clean
    fixed = (spec(2, can_reorder=False), spec(3, can_reorder=False))
    assert set(align_tags(SOURCE, target, fixed).moved) == {2, 3}


def test_a_pair_whose_text_slipped_out_is_emptied() -> None:
    target: Content = (opening(1), closing(1), "uno dos ", placeholder(2), placeholder(3))
    assert align_tags(SOURCE, target, ()).emptied == (1,)


def test_a_pair_cut_by_segmentation_stands_alone() -> None:
    segment: Content = ("one ", opening(1), "two.")
    assert align_tags(segment, ("uno ", opening(1), "dos."), ()).is_clean
