"""What every part of a configuration file is: frozen, and closed to keys that it does not know."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping whose unknown keys are errors; its fields' docstrings are what the editor and the reference say."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=False,
        protected_namespaces=(),
        defer_build=True,
    )
