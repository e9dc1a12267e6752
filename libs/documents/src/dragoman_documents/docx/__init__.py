"""WordprocessingML on two floors: a plain one that reads and writes, a quick one for long parts.

The way of a paragraph over the plain floor, from bytes to a unit and back:

    container, package    the entries of the ZIP file, and the parts in them
    xml, reader           the tree of a part
    stories, located      the walk over the parts, and the units that it finds
    collect, content      the items of a paragraph, and the content of its unit
    place, distribute     a target, put into the nodes of the paragraph
    extract, merge        the two ends: units out, targets in

`quick` stands beside `reader` behind the same port; only the two ends know it. `diff` compares
documents. docs/develop/how-a-paragraph-is-read.md follows one paragraph all the way.
"""
