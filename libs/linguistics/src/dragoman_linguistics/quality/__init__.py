"""Quality estimation without a model: the faults that show in the texts of a source and its target.

Some checks read one unit, others compare the units of a whole document:

    placeholders    "Dear {name}"     "Lieber Name"        the placeholder is gone
    lengths         a whole sentence  "Der Lieferant."     far shorter than its neighbours are
    alignment       unit 1, unit 2    target 2, target 1   the targets were swapped

`verifying` has all checks, `cleaning` takes the certain additions of an engine off first, and
`doubting` says which faults are worth another question to the engine.
"""
