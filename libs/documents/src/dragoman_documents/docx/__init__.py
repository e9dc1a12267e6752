"""WordprocessingML: packages read and written entry by entry, text changed in place."""
