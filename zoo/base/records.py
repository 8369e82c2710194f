"""`Record`: data that are written to files and read back, with a strict schema."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
# One line: a page of Markdown, and its front matter, are made of it.
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(gt=0)]


class Record(BaseModel):
    """Data that refuse unknown keys, changes and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
