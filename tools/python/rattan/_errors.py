"""The exceptions of Rattan."""


class Error(RuntimeError):
    """What Rattan raises. Its text names the parameter, its value and what is allowed.

    code: "invalid_argument", "not_found", "io", "corrupt", "version", "unsupported" or "no_memory".
    """

    def __init__(self, text: str, code: str = "invalid_argument"):
        super().__init__(text)
        self.code = code


class InvalidArgument(Error, ValueError):
    """An Error with code "invalid_argument": a parameter is outside what its documentation allows."""


def make_error(code: str, text: str) -> Error:
    """The exception of an error of the C++ library."""
    return InvalidArgument(text, code) if code == "invalid_argument" else Error(text, code)
