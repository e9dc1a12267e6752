"""The rules of a review: what a unit is now, which units a list shows, and which edits an act of a
person makes. Pure.

    sheet = Sheet(units, targets, verdicts)           what the engine and QA said
    row = unit_now(sheet, position, state)            and what people made of it
    edits = typed(sheet, state, unit, target, …)      → the edits of one save
"""
