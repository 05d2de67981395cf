"""Where a call begins and ends: signals, errors as sentences, exit codes."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from patchtide.cli.output import document, is_full, unwritten, warned
from patchtide.core.errors import PatchtideError
from patchtide.core.steps import INTERRUPTED_EXIT_CODE, PENDING_EXIT_CODE

_USAGE = 2
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_ANSWERED = (0, PENDING_EXIT_CODE)
_OBJECTS_BETWEEN_LOOKS = 100_000
_AGAIN = "Make room; `patchtide status` and `patchtide report` tell again what was done."


class InterruptedRunError(PatchtideError):
    """The controller was told to stop in the middle; the run can be taken up again."""

    exit_code = INTERRUPTED_EXIT_CODE


def program() -> int:
    """Run the command line of this process and return its exit code; never raises.

    What a call imports and reads stays until its end, so that looking for garbage in it, as Python does while it grows
    and when it ends, takes a fifth of the time of a short call and finds nothing.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    code = main()
    gc.freeze()
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    unwritten()  # of an earlier call in this process
    _fill_what_is_closed()
    _listen_for_the_end()
    try:
        return _printed(words, _done(words))
    except PatchtideError as error:
        return _refused(words, error.exit_code, error.message, error.where, error.hint)
    except click.exceptions.NoArgsIsHelpError as error:
        warned(error.format_message())
        return _USAGE
    except click.UsageError as error:
        return _refused(words, _USAGE, error.format_message(), "", _help_of(error))
    except click.ClickException as error:
        return _refused(words, error.exit_code, error.format_message(), "", "")
    except (click.Abort, KeyboardInterrupt):
        return _refused(words, INTERRUPTED_EXIT_CODE, "interrupted", "", "")
    except Exception as error:  # noqa: BLE001  # whatever it is, a user gets one sentence
        if is_full(error):
            return _refused(words, 1, f"cannot write: {error}", "", _AGAIN)
        return _crashed(words, error)


def _done(words: list[str]) -> int:
    from patchtide.cli.root import patchtide

    code = patchtide.main(words, prog_name="patchtide", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _printed(words: list[str], code: int) -> int:
    """Return a call's exit code, another one where it says that there is an answer and that could not be printed."""
    why = unwritten()
    if not why:
        return code
    return _refused(words, 1 if code in _ANSWERED else code, f"not all could be printed: {why}", "", _AGAIN)


def _fill_what_is_closed() -> None:
    """Put nothing where a standard stream was closed: the next file would take its number, and hear what is said."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))


def _listen_for_the_end() -> None:
    """A polite kill and a closed terminal are an interrupt, unless somebody (nohup) said that they do not count."""
    for number in _ENDING:
        try:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _interrupted)
        except ValueError:  # not the main thread: signals are somebody else's
            return


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _help_of(error: click.UsageError) -> str:
    return f"See `{error.ctx.command_path} --help`." if error.ctx else "See `patchtide --help`."


def _refused(words: Sequence[str], code: int, message: str, where: str, hint: str) -> int:
    warned(sentence(message, where, hint))
    if "--json" in words:
        warned(error_document(code, message, where, hint))
    return code


def sentence(message: str, where: str, hint: str) -> str:
    """Return an error as people read it: what, where, and what to do."""
    first, *rest = message.split("\n")
    told = f"error: {first} ({where})" if where else f"error: {first}"
    return "\n".join([told, *rest, *([f"  hint: {hint}"] if hint else [])])


def error_document(code: int, message: str, where: str, hint: str) -> str:
    """Return an error as one line of JSON."""
    import json

    view = {"exit_code": code, "message": message, "where": where, "hint": hint}
    return json.dumps(json.loads(document("error", view)), ensure_ascii=False)


def _crashed(words: Sequence[str], error: Exception) -> int:
    import traceback

    if os.environ.get("PATCHTIDE_DEBUG"):
        traceback.print_exception(error)
    message = f"unexpected: {type(error).__name__}: {error}"
    hint = f"This is a bug; the traceback is in {_kept(error)}, and PATCHTIDE_DEBUG=1 shows it."
    return _refused(words, 1, message, "", hint)


def _kept(error: Exception) -> str:
    """Return where the traceback was written, for its owner's eyes only."""
    import tempfile
    import traceback

    state = Path(".patchtide")
    folder = state if state.is_dir() and os.access(state, os.W_OK) else None
    try:
        descriptor, path = tempfile.mkstemp(prefix="crash-", suffix=".txt", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError as trouble:
        return f"no file, because none can be written ({trouble})"
    return path
