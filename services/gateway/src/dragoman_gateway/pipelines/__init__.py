"""The steps of the installation, and the pipelines people make of them."""
