from typing import Literal

from pydantic import BaseModel, EmailStr, Field


class Line(BaseModel):
    name: str
    amount: float = Field(gt=0)


class Receipt(BaseModel):
    """Send a receipt."""

    to: EmailStr
    lines: list[Line]
    note: str | None = None
    language: Literal["en", "de"] = "en"
