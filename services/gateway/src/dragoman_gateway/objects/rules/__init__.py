"""The rules of classes and objects. Pure."""
