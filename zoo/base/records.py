"""`Record`, a base class for data with a strict schema that are written to files and read back."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LONGEST = 20_000  # characters of one text
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
# A line holds no line break, since it becomes part of a Markdown page and its front matter.
Line = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\r\n]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(gt=0)]


class Record(BaseModel):
    """Data that refuse unknown keys, changes and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
