"""What is asked of people before a tier's opening: checklists, and what an emergency may do without."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.scalars import Duration, Line, Name, Names, Period, one_of, wrong
from patchtide.config.section import Section
from patchtide.core.checklist import AUTOMATIC

_SECOND = ("review", "required")


def _automatic(value: object) -> str:
    return one_of(value, AUTOMATIC)


def _second(value: object) -> str:
    return one_of(value, _SECOND)


class Item(Section):
    """One thing that has to be done; with `auto` it is found out by itself, otherwise a person ticks it."""

    name: Name
    """The word by which it is ticked and waived."""
    text: Line | None = None
    """What has to be done, for whoever ticks it."""
    auto: Annotated[str, PlainValidator(_automatic), WithJsonSchema({"enum": list(AUTOMATIC)})] = ""
    """What is found out: a verified backup, healthy earlier tiers, a proven way back, a test that is over, notices."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.text is None and not self.auto:
            raise wrong("does not say what has to be done", "Add `text` for a person, or `auto`.")
        return self


class Checklist(Section):
    """What has to be done so long before an opening; nothing begins in it while an item is open."""

    before: Duration
    """How long before the opening its items are due: 7d, 24h, 1h."""
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    """The items."""
    tiers: Names = ()
    """The tiers that it is for; all but the first one when left out."""


class Emergency(Section):
    """What `patchtide run --emergency` may do: begin outside the windows for a while, and nothing else."""

    limit: Period = timedelta(hours=4)
    """How long an emergency lasts at the most."""
    second_person: Annotated[str, PlainValidator(_second), WithJsonSchema({"enum": list(_SECOND)})] = "review"
    """`required`: somebody else has to agree before it begins; `review`: or it is reviewed afterwards."""
