"""Translation memories: kept, searched, edited, taken in and given out."""
