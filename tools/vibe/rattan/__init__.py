from .module import Rattan  # noqa: F401
