"""What one conversation is about: route, flight, hours, names, references. The same in each of its messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.simulation.world import AIRLINES, Airline

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15


class Facts:
    """The facts of one conversation, drawn from its seed when they are asked for.

    Attributes:
        seed: 64 random bits; equal seeds give equal facts.
        airline: whom it is about. other: a rival that it may be compared with.
        addressed: is the airline spoken to ("you") or about ("they")?
        named: has this text said the airline's name yet? Set by the slots that say it.
    """

    __slots__ = ("addressed", "airline", "english", "named", "other", "peer", "seed")

    def __init__(self, seed: int, brand: int, addressed: bool, english: bool = True, peer: str = "") -> None:
        self.seed = seed
        self.airline: Airline = AIRLINES[brand]
        self.other: Airline = AIRLINES[(brand + 1 + (seed >> 7) % 3) % 4]
        self.addressed = addressed
        self.named = False
        self.english = english
        self.peer = peer  # handle of the person who is answered


class Slot:
    """One fact: `fill` gives it as text."""

    __slots__ = ("_make", "_options", "_salt")

    def __init__(self, salt: int, options: Sequence[str] = (), make: Callable[[Facts, int], str] | None = None) -> None:
        self._salt = (salt * 0xD1342543DE82EF95) & _MASK
        self._options = tuple(options)
        self._make = make

    def capital(self) -> Slot:
        """The same fact for the beginning of a sentence."""
        twin = Slot(0)
        twin._salt, twin._options = self._salt, tuple(o[0].upper() + o[1:] for o in self._options)
        twin._make = None if self._make is None else _capital(self._make)
        return twin

    def fill(self, facts: Facts) -> str:
        draw = (((facts.seed ^ self._salt) * _ODD) & _MASK) >> 24
        if self._make is None:
            return self._options[draw % len(self._options)]
        return self._make(facts, draw)


def words(text: str) -> list[str]:
    """The entries of a list that is written with commas."""
    return [" ".join(w.split()) for w in text.split(",")]


CITIES = words(
    """
    Amsterdam, Athens, Barcelona, Bari, Basel, Belfast, Berlin, Bilbao, Bologna, Bordeaux, Boston, Bristol, Brussels,
    Bucharest, Budapest, Cagliari, Copenhagen, Cork, Corfu, Dubrovnik, Edinburgh, Faro, Florence, Frankfurt, Gdansk,
    Geneva, Glasgow, Gothenburg, Halifax, Helsinki, Ibiza, Istanbul, Krakow, Lanzarote, Larnaca, Leeds, Leipzig, Lisbon,
    Ljubljana, London, Lyon, Madrid, Malaga, Malta, Marseille, Milan, Munich, Nantes, Naples, New York, Nice, Oslo,
    Palermo, Palma, Paris, Pisa, Porto, Prague, Reykjavik, Riga, Rome, Santorini, Seville, Sofia, Split, Stavanger,
    Stockholm, Stuttgart, Tallinn, Tenerife, Toronto, Toulouse, Trieste, Trondheim, Turin, Valencia, Venice, Vienna,
    Vilnius, Warsaw, Zadar, Zagreb, Zurich
    """
)
# Cities with the same name in all languages of the sample.
SAME_EVERYWHERE = words(
    """
    Bari, Bergen, Bilbao, Boston, Bristol, Cagliari, Cork, Faro, Glasgow, Halifax, Ibiza, Lanzarote, Leeds, Leipzig,
    Madrid, Malta, Nantes, Oslo, Palermo, Palma, Pisa, Porto, Riga, Split, Stavanger, Stuttgart, Tallinn, Toronto,
    Toulouse, Trondheim, Vilnius, Zadar, Zagreb
    """
)
FIRST = words(
    """
    Aoife, Ben, Carla, Daniel, Eva, Femke, Giulia, Hannah, Ivan, Jana, Karim, Laura, Marta, Niamh, Oscar, Priya, Rafael,
    Sofia, Tom, Ursula, Viktor, Wanda, Yusuf, Zoe, Adam, Beth, Chloe, Dario, Emil, Fatima, Greg, Helen, Ines, Jack, Katya,
    Liam, Mona, Nadia, Owen, Paula, Rob, Sam, Tara, Will, Ana, Bruno, Clara, David, Elif, Frank
    """
)
LAST = words(
    """
    Abernathy, Brandt, Castellan, Dunmore, Eklund, Farrow, Grieve, Hollis, Ivarsen, Jessop, Kowal, Lindqvist, Marchetti,
    Novotny, Oakley, Pereira, Quigley, Rossi, Sandoval, Tierney, Unwin, Vasquez, Whitcombe, Yardley, Zimmer, Ashdown,
    Bellamy, Corrigan
    """
)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def _pick(options: Sequence[str], draw: int) -> str:
    return options[draw % len(options)]


def _brand(f: Facts, draw: int) -> str:
    f.named = True
    return f.airline.name


def _you(f: Facts, draw: int) -> str:
    if f.addressed:
        return "you"
    if f.named:
        return "they"
    return _brand(f, draw)


def _them(f: Facts, draw: int) -> str:
    if f.addressed:
        return "you"
    if f.named:
        return "them"
    return _brand(f, draw)


def _your(f: Facts, draw: int) -> str:
    if f.addressed:
        return "your"
    if f.named:
        return "their"
    return _brand(f, draw) + "'s"


def _capital(inner: Callable[[Facts, int], str]) -> Callable[[Facts, int], str]:
    def make(f: Facts, draw: int) -> str:
        text = inner(f, draw)
        return text[:1].upper() + text[1:]

    return make


def _at(f: Facts, draw: int) -> str:
    f.named = True
    return "@" + (f.airline.care if draw % 5 < 2 else f.airline.handle)


def _hashtag(f: Facts, draw: int) -> str:
    f.named = True
    return "#" + _pick((f.airline.name, f.airline.name.lower(), f.airline.handle), draw)


def _flight(f: Facts, draw: int) -> str:
    number = 101 + (draw >> 3) % 1890
    return (
        f"{f.airline.code}{number}",
        f"{f.airline.code} {number}",
        f"flight {number}",
        f"{f.airline.code.lower()}{number}",
        f"flight {f.airline.code}{number}",
    )[draw % 5]


def _number(f: Facts, draw: int) -> str:
    return f"{f.airline.code}{101 + (draw >> 3) % 1890}"


def _to(f: Facts, draw: int) -> str:
    cities = CITIES if f.english else SAME_EVERYWHERE
    city = cities[draw % len(cities)]
    return city if city not in f.airline.hubs else "Split"


def _from(f: Facts, draw: int) -> str:
    """One of the airline's bases mostly: a fifth of the English ones begin elsewhere."""
    return _pick(f.airline.hubs, draw) if draw >> 12 & 7 or not f.english else _pick(("London", "Berlin", "Lisbon", "Rome"), draw)


def _via(f: Facts, draw: int) -> str:
    return (
        _pick(("Frankfurt", "Amsterdam", "Paris", "Zurich", "Copenhagen", "Brussels", "Vienna", "Madrid"), draw)
        if f.english
        else _pick(("Frankfurt", "Paris", "Madrid", "Oslo", "Manchester"), draw)
    )


def _clock(f: Facts, draw: int) -> str:
    hour, minute = 5 + draw % 18, 5 * ((draw >> 8) % 12)
    if draw >> 16 & 1:
        return f"{hour:02d}:{minute:02d}"
    return f"{(hour - 1) % 12 + 1}{f'.{minute:02d}' if minute else ''}{'am' if hour < 12 else 'pm'}"


def _priced(f: Facts, amount: int, form: int) -> str:
    """An amount as people write it; one conversation keeps to one currency."""
    if f.seed >> 21 & 3:
        return (f"€{amount}", f"€{amount}", f"{amount} euros", f"{amount}€", f"€{amount}.50")[form % 5]
    return (f"£{amount}", f"£{amount}", f"£{amount}", f"{amount} quid", f"£{amount}.50")[form % 5]


def _money(f: Facts, draw: int) -> str:
    return _priced(f, 68 + (draw >> 8) % 560, draw)


def _small_money(f: Facts, draw: int) -> str:
    return _priced(f, 6 + (draw >> 8) % 60, draw)


def _booking(f: Facts, draw: int) -> str:
    code = _LETTERS[draw % 24]
    for _ in range(5):
        draw //= 31
        code += _CODE[draw % 32]
    return code


def _case(f: Facts, draw: int) -> str:
    number = 1_000_000 + (draw >> 4) % 8_999_999
    return (f"{number}", f"CAS-{number}", f"{f.airline.code}-{number}", f"#{number}")[draw % 4]


def _bag_tag(f: Facts, draw: int) -> str:
    station = f.airline.hubs[draw % 3][:3].upper()
    return f"{station}{f.airline.code}{10_000 + (draw >> 5) % 89_999}"


def _full_name(f: Facts, draw: int) -> str:
    return f"{_pick(FIRST, draw)} {_pick(LAST, draw >> 9)}"


def _email(f: Facts, draw: int) -> str:
    first, last = _pick(FIRST, draw).lower(), _pick(LAST, draw >> 9).lower()
    local = (f"{first}.{last}", f"{first[0]}{last}{draw % 90 + 10}", f"{last}_{first}", f"{first}{1960 + draw % 45}")[
        (draw >> 4) % 4
    ]
    return f"{local}@example.{('com', 'org', 'net')[(draw >> 2) % 3]}"


def _phone(f: Facts, draw: int) -> str:
    area, line = 201 + (draw >> 8) % 780, 100 + draw % 100
    return (f"+1 {area} 555 0{line}", f"({area}) 555-0{line}", f"{area}-555-0{line}", f"+1-{area}-555-0{line}")[(draw >> 20) % 4]


def _agent(f: Facts, draw: int) -> str:
    return _pick(FIRST, draw)


def _initials(f: Facts, draw: int) -> str:
    return _LETTERS[draw % 24] + ("" if draw & 64 else _LETTERS[(draw >> 8) % 24])


def _hours(f: Facts, draw: int) -> str:
    return _pick(
        ("2", "3", "3", "4", "5", "6", "7", "nearly 3", "almost 4", "2.5", "over 5", "two", "three", "four", "five", "9"), draw
    )


_EARTH = words(
    """
    today, this morning, tonight, yesterday, last night, on Monday, on Tuesday, on Friday, on Sunday, this afternoon, last
    week, earlier, just now, this evening, on Saturday
    """
)

SLOTS: dict[str, Slot] = {
    "brand": Slot(1, make=_brand),
    "you": Slot(2, make=_you),
    "You": Slot(2, make=_capital(_you)),
    "them": Slot(2, make=_them),
    "your": Slot(3, make=_your),
    "Your": Slot(3, make=_capital(_your)),
    "at": Slot(4, make=_at),
    "hashtag": Slot(5, make=_hashtag),
    "other": Slot(6, make=lambda f, d: f.other.name),
    "otherat": Slot(6, make=lambda f, d: "@" + f.other.handle),
    "from": Slot(7, make=_from),
    "to": Slot(8, make=_to),
    "via": Slot(9, make=_via),
    "flight": Slot(10, make=_flight),
    "number": Slot(10, make=_number),
    "time": Slot(11, make=_clock),
    "time2": Slot(12, make=_clock),
    "hours": Slot(13, make=_hours),
    "mins": Slot(14, words("25, 35, 40, 45, 50, 55, 65, 70, 75, 80, 90, 95, 110, 52, 38, 47")),
    "few": Slot(15, words("2, 3, two, three, 4, four, 5, five, six")),
    "days": Slot(16, words("3, 4, 5, 6, 8, 9, 10, 12, 14, five, six, ten, eleven, 17, 21")),
    "weeks": Slot(17, words("2, 3, 4, 5, 6, 7, two, three, six, eight")),
    "money": Slot(18, make=_money),
    "fee": Slot(19, make=_small_money),
    "booking": Slot(20, make=_booking),
    "case": Slot(21, make=_case),
    "bagtag": Slot(22, make=_bag_tag),
    "name": Slot(23, make=_full_name),
    "email": Slot(24, make=_email),
    "phone": Slot(25, make=_phone),
    "agent": Slot(26, make=_agent),
    "initials": Slot(27, make=_initials),
    "first": Slot(28, FIRST),
    "when": Slot(29, _EARTH),
    "gate": Slot(30, make=lambda f, d: f"{'ABCDE'[d % 5]}{1 + (d >> 4) % 48}"),
    "seat": Slot(31, make=lambda f, d: f"{1 + d % 38}{'ABCDEF'[(d >> 8) % 6]}"),
    "age": Slot(32, words("2, 3, 4, 5, 6, 7, 8, 9, two, three, four, five")),
    "old": Slot(33, words("71, 74, 78, 80, 82, 84, 86, 88")),
    "kg": Slot(34, words("7, 8, 10, 20, 22, 23, 25, 32")),
    "row": Slot(35, make=lambda f, d: str(3 + d % 34)),
    "peer": Slot(36, make=lambda f, d: f.peer),
    "year": Slot(37, words("2009, 2011, 2012, 2014, 2015, 2016, 2017, 2018, 2019, 2021")),
    "since": Slot(39, words("yesterday, Monday, Tuesday, this morning, Saturday, last week, Friday, 6am, noon, Thursday")),
    "soon": Slot(
        41,
        words(
            "tomorrow, tonight, on Sunday, tomorrow morning, on Friday, in {h} hours, on Monday, next week".replace("{h}", "six")
        ),
    ),
    # without words, for every language
    "h": Slot(13, words("2, 3, 3, 4, 5, 6, 7, 9")),
    "k": Slot(15, words("2, 3, 4, 5, 6")),
    "d": Slot(16, words("3, 4, 5, 6, 8, 9, 10, 12, 14")),
    "w": Slot(17, words("2, 3, 4, 5, 6, 7, 8")),
    "clock": Slot(11, make=lambda f, d: f"{5 + d % 18}:{5 * ((d >> 8) % 12):02d}"),
    "eur": Slot(18, make=lambda f, d: (f"{68 + (d >> 8) % 560} €", f"{68 + (d >> 8) % 560}€")[d & 1]),
    "eurfee": Slot(19, make=lambda f, d: (f"{6 + (d >> 8) % 60} €", f"{6 + (d >> 8) % 60}€")[d & 1]),
    "n": Slot(40, make=lambda f, d: str(1 + d % 28)),
    "percent": Slot(38, words("1, 2, 3, 4, 7, 9, 12, 15, 18")),
}
CAPITAL = {name: slot.capital() for name, slot in SLOTS.items()}
