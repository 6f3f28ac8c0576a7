class Unavailable(Exception):
    """This machine cannot run the virtual one; the text says why and what would help."""
