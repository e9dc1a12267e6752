"""Events, job fold, pipeline and text model: the pure vocabulary every room shares."""
