"""The quick floor: readers that leave what repeats in bytes, for the speed and memory of long
documents.

Nothing here decides how a paragraph is read. The plain floor does (`collect`, `content`, `place`),
and these readers ask it once for each shape of paragraph; they stand behind the port
`docx.reader.PartReader`. Only `docx.extract` and `docx.merge` import this package.

    stubs    finds paragraphs with the same markup, and leaves stubs of all but the first
    shape    keeps the reading of the first paragraph of a shape, and fills in other words
    holder   writes a target into the bytes of a stubbed paragraph
    points   keeps the numbers of charts out of the tree
    reader   the readers, and the function that chooses one for a part
"""

from dragoman_documents.docx.quick.reader import quick_reader

__all__ = ["quick_reader"]
