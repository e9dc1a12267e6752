"""Files of memory units, one module each, behind the port `UnitFiles`."""
