"""Quality estimation without a model: what a translation's own text says about it, by unit and by
document.
"""
