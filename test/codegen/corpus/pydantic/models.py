"""Models that use what pydantic's users use. `python models.py FOLDER` prints one schema each."""

import json
import sys
from collections import deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union
from uuid import UUID

from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    EmailStr,
    Field,
    HttpUrl,
    Json,
    NonNegativeInt,
    PositiveInt,
    RootModel,
    SecretStr,
    StringConstraints,
    Tag,
    computed_field,
    conint,
    conlist,
)
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass
from receipt import Receipt
from typing_extensions import NotRequired, TypedDict

SCHEMAS: dict[str, dict[str, Any]] = {}


def printed(model: type, name: str | None = None, **options: Any) -> type:
    key = name or "".join(f"_{c.lower()}" if c.isupper() else c for c in model.__name__).strip("_")
    SCHEMAS[key] = model.model_json_schema(**options)
    return model


class Money(BaseModel):
    """An amount in one currency."""

    amount: Decimal = Field(max_digits=10, decimal_places=2)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"

class Colour(str, Enum):
    RED = "red"
    GREEN = "green"

class Level(IntEnum):
    LOW = 1
    HIGH = 9


class Address(BaseModel):
    street: str
    city: str
    zip_code: Optional[str] = None
    note: str | None = Field(default=None, max_length=200, description="For the courier.")


@printed
class Order(BaseModel):
    """An order, with an optional model whose own fields have defaults."""

    id: UUID
    customer: Optional[Address] = None
    billing: Address | None = None
    lines: list[Money] = Field(default_factory=list, min_length=1)
    total: Money = Money(amount=Decimal("0.00"))
    placed_at: datetime


@printed
class Scalars(BaseModel):
    text: str
    whole: int
    real: float
    flag: bool
    raw: bytes
    amount: Decimal
    nothing: None = None
    anything: Any = None
    positive: PositiveInt = 1
    count: NonNegativeInt = 0
    ratio: float = Field(gt=0, le=1, default=0.5)
    step: int = Field(multiple_of=5, default=10)
    cents: float = Field(multiple_of=0.01, default=19.99)
    bounded: conint(ge=-(2**31), lt=2**31) = 0


@printed
class Times(BaseModel):
    day: date
    at: datetime
    aware: AwareDatetime
    clock: time
    took: timedelta
    default_took: timedelta = timedelta(minutes=90, milliseconds=250)
    default_clock: time = time(9, 30)
    default_day: date = date(2024, 2, 29)


@printed
class Enumerated(BaseModel):
    colour: Colour
    level: Level = Level.LOW
    literal: Literal["a", "b", 3]
    single: Literal["only"] = "only"
    maybe: Optional[Colour] = Colour.RED
    many: set[Colour] = {Colour.RED}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9

class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool = True
    friend: Optional["Pet"] = None


Pet = Annotated[Union[Cat, Dog], Field(discriminator="kind")]
Dog.model_rebuild()


@printed
class Owner(BaseModel):
    """A discriminated union that is recursive, too."""

    pet: Pet
    others: list[Pet] = []
    favourite: Pet | None = None


@printed
class PlainUnion(BaseModel):
    id: int | str
    value: Union[int, float, str, bool, None] = None
    shape: Union[Address, Money, list[Money]]
    default_model: Union[Address, Money] = Money(amount=Decimal("1"))


def tag_of(value: Any) -> str:
    return "cat" if isinstance(value, dict) and value.get("kind") == "cat" else "dog"


@printed
class CallableDiscriminator(BaseModel):
    pet: Annotated[
        Union[Annotated[Cat, Tag("cat")], Annotated[Dog, Tag("dog")]], Discriminator(tag_of)
    ]


@printed
class Tree(BaseModel):
    """Recursive at its root."""

    value: int
    left: Optional["Tree"] = None
    right: Optional["Tree"] = None
    children: list["Tree"] = []


class Folder(BaseModel):
    name: str
    files: dict[str, "File"] = {}

class File(BaseModel):
    parent: Folder | None = None
    size: ByteSize = ByteSize(0)


@printed
class Mutual(BaseModel):
    root: Folder

class Point(NamedTuple):
    x: float
    y: float = 0.0


@printed
class Tuples(BaseModel):
    pair: tuple[int, str]
    default_pair: tuple[int, str] = (1, "a")
    many: tuple[int, ...]
    empty: tuple[()] = ()
    point: Point
    coordinates: list[tuple[float, float]] = []
    optional_pair: tuple[int, str] | None = None
    bounded: conlist(int, min_length=2, max_length=4) = [1, 2]


@printed
class Collections(BaseModel):
    names: list[str]
    unique: set[int]
    frozen: frozenset[str] = frozenset()
    queue: deque[int] = deque(maxlen=3)
    anything: list
    mapping: dict
    by_name: dict[str, Money]
    by_colour: dict[Colour, int] = {}
    by_number: dict[int, str] = {}
    nested: dict[str, list[dict[str, int | None]]] = {}
    by_pattern: dict[Annotated[str, StringConstraints(pattern="^[a-z]+$", max_length=8)], int] = {}


@printed
class Networks(BaseModel):
    url: HttpUrl
    any_url: AnyUrl | None = None
    email: EmailStr
    ip: IPv4Address
    net: IPv6Network | None = None
    path: Path = Path("/tmp")
    secret: SecretStr
    encoded: Base64Bytes
    parsed: Json[list[int]]


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A generic."""

    items: list[T]
    next_page: int | None = None
    total: int = 0


@printed
class Generics(BaseModel):
    addresses: Page[Address]
    numbers: Page[int]
    nested: Page[Page[str]] | None = None


printed(Page[Address], "generic_root")

class Base(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int


@printed
class Closed(Base):
    model_config = ConfigDict(
        title="A closed one", json_schema_extra={"examples": [{"id": 1, "name": "x"}]}
    )
    name: str = Field(examples=["x"], title="The name", deprecated=True)


@printed
class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    name: str


@printed
class Aliased(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    first_name: str
    last_seen_at: datetime | None = None
    class_: str = Field(alias="class", default="a")


class Movie(TypedDict):
    name: str
    year: NotRequired[int]


@dataclass
class Window:
    start: datetime
    end: datetime | None = None


@printed
class Mixed(BaseModel):
    movie: Movie
    window: Window
    windows: list[Window] = []


class Settings(RootModel[dict[str, str | int]]):
    pass


printed(Settings, "root_mapping")


class Event(RootModel[Union[Cat, Dog]]):
    root: Pet


printed(Event, "root_union")


@printed
class Described(BaseModel):
    """A docstring
    of two lines, with */ and `code`.
    """

    status: Literal["on", "off"] = Field("on", description="On or off.", json_schema_extra={"ui": "switch"})
    address: Address = Field(description="Beside a $ref.", examples=[{"street": "s", "city": "c"}])
    maybe: Optional[Address] = Field(None, description="Beside an anyOf.")
    colour: Colour = Field(Colour.RED, description="An enum with a default.")


class WithComputed(BaseModel):
    width: int
    height: int = 1
    tags: list[str] = []

    @computed_field
    @property
    def area(self) -> int:
        return self.width * self.height


printed(WithComputed, "as_serialised", mode="serialization")


@printed
class Wide(BaseModel):
    small: int = Field(ge=-(2**63), le=2**63 - 1)
    unsigned: int = Field(ge=0, lt=2**64, default=0)
    pattern: str = Field(pattern=r"^\d{3}-\w+$", default="123-a")
    unicode_text: str = Field(min_length=1, max_length=2**31, default="é")


printed(Receipt)

for name, schema in SCHEMAS.items():
    Path(sys.argv[1], f"{name}.json").write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
