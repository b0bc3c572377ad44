"""Every error that Earshot raises on purpose.

    EarshotError
      ConfigError            earshot.toml or a mapping file is wrong: names the stanza and the key
      InputError             a file cannot be read at all (a bad row is quarantined, never raised)
      SourceError            a platform did not give what we asked
        RateLimited          ... try again after `retry_after` seconds
        AuthFailed           ... credentials are wrong: trying again does not help
        SourceUnavailable    ... a passing fault: try again
      ModelError             weights are missing, have the wrong hash, or do not fit
      WarehouseError         the warehouse is locked for too long, newer than this code, or fails a check
      NotifierError          an alert could not be handed over: it stays in the outbox

Each message is one sentence or two: what happened, where, and what to do.
"""


class EarshotError(Exception):
    """Base of all expected errors; the command line prints it in one line and exits with code 2."""


class ConfigError(EarshotError):
    """The configuration cannot be used as it is."""


class InputError(EarshotError):
    """An input as a whole cannot be read."""


class SourceError(EarshotError):
    """A source could not be collected."""


class RateLimited(SourceError):
    """The platform asked us to wait.

    Args:
        message: what, where, what to do.
        retry_after: seconds to wait before the next request.
        is_told: the platform said so itself.
    """

    def __init__(self, message: str, *, retry_after: float = 60.0, is_told: bool = True) -> None:
        super().__init__(message)
        self.retry_after, self.is_told = retry_after, is_told


class AuthFailed(SourceError):
    """The platform refused our credentials."""


class SourceUnavailable(SourceError):
    """The platform is down or unreachable for now.

    Args:
        is_passing: False where asking the same again cannot help, as for a wrong address.
    """

    def __init__(self, message: str, *, is_passing: bool = True) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class ModelError(EarshotError):
    """A model cannot be loaded or run."""


class WarehouseError(EarshotError):
    """The warehouse cannot be opened or is not in the expected state."""


class NotifierError(EarshotError):
    """A notifier did not accept an alert."""
