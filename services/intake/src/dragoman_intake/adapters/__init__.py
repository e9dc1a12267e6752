"""Document formats, one module each, behind the port `SourceInspector`."""
