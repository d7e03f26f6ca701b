"""What the describer says, in English and Spanish: names, and the sentences around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_COLOURS_ES: Final[Mapping[str, str]] = {
    "red": "rojo",
    "orange": "naranja",
    "gold": "dorado",
    "yellow": "amarillo",
    "green": "verde",
    "lime": "verde lima",
    "turquoise": "turquesa",
    "sky blue": "azul celeste",
    "blue": "azul",
    "navy": "azul marino",
    "purple": "morado",
    "lilac": "lila",
    "pink": "rosa",
    "magenta": "magenta",
    "maroon": "granate",
    "brown": "marrón",
    "beige": "beige",
    "white": "blanco",
    "silver": "plateado",
    "grey": "gris",
    "black": "negro",
}

_THINGS_EN: Final[Mapping[str, tuple[str, str]]] = {
    "boat": ("a sailing boat", "sailing boats"),
    "balloon": ("a hot-air balloon", "hot-air balloons"),
    "pine": ("a fir tree", "fir trees"),
    "palm": ("a palm tree", "palm trees"),
    "umbrella": ("an umbrella", "umbrellas"),
    "person": ("a person", "people"),
    "butterfly": ("a butterfly", "butterflies"),
    "fish": ("a fish", "fish"),
    "fox": ("a fox", "foxes"),
    "snowman": ("a snowman", "snowmen"),
    "sun": ("the sun", "suns"),
    "moon": ("the moon", "moons"),
}

_THINGS_ES: Final[Mapping[str, tuple[str, str]]] = {
    "sun": ("el sol", "soles"),
    "moon": ("la luna", "lunas"),
    "tree": ("un árbol", "árboles"),
    "pine": ("un abeto", "abetos"),
    "palm": ("una palmera", "palmeras"),
    "house": ("una casa", "casas"),
    "castle": ("un castillo", "castillos"),
    "tower": ("una torre", "torres"),
    "lighthouse": ("un faro", "faros"),
    "windmill": ("un molino", "molinos"),
    "boat": ("un velero", "veleros"),
    "ship": ("un barco", "barcos"),
    "car": ("un coche", "coches"),
    "train": ("un tren", "trenes"),
    "bicycle": ("una bicicleta", "bicicletas"),
    "rocket": ("un cohete", "cohetes"),
    "balloon": ("un globo aerostático", "globos aerostáticos"),
    "kite": ("una cometa", "cometas"),
    "bird": ("un pájaro", "pájaros"),
    "butterfly": ("una mariposa", "mariposas"),
    "fish": ("un pez", "peces"),
    "cat": ("un gato", "gatos"),
    "dog": ("un perro", "perros"),
    "fox": ("un zorro", "zorros"),
    "rabbit": ("un conejo", "conejos"),
    "horse": ("un caballo", "caballos"),
    "dragon": ("un dragón", "dragones"),
    "robot": ("un robot", "robots"),
    "person": ("una persona", "personas"),
    "flower": ("una flor", "flores"),
    "umbrella": ("un paraguas", "paraguas"),
    "book": ("un libro", "libros"),
    "snowman": ("un muñeco de nieve", "muñecos de nieve"),
    "star": ("una estrella", "estrellas"),
}

_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "meadow": ("green country", "un campo"),
    "mountains": ("mountains", "unas montañas"),
    "forest": ("a forest", "un bosque"),
    "desert": ("a desert", "un desierto"),
    "sea": ("the sea", "el mar"),
    "beach": ("a beach", "una playa"),
    "lake": ("a lake", "un lago"),
    "river": ("a river", "un río"),
    "city": ("a city", "una ciudad"),
    "road": ("a road", "una carretera"),
    "village": ("a village", "un pueblo"),
    "snow": ("a snowfield", "un campo nevado"),
    "space": ("outer space", "el espacio"),
    "underwater": ("an underwater scene", "el fondo del mar"),
    "room": ("a room", "una habitación"),
    "pattern": ("an abstract pattern", "un dibujo abstracto"),
}

_HOURS: Final[Mapping[str, tuple[str, str]]] = {
    "dawn": ("early morning", "el amanecer"),
    "day": ("daytime", "de día"),
    "sunset": ("sunset", "la puesta de sol"),
    "dusk": ("dusk", "el anochecer"),
    "night": ("night", "de noche"),
}

_SIDES: Final[Mapping[str, str]] = {
    "left": "a la izquierda",
    "centre": "en el centro",
    "right": "a la derecha",
    "top": "arriba",
    "middle": "a media altura",
    "bottom": "abajo",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """One language's words; `en` for any that is not Spanish."""

    spanish: bool

    def say(self, english: str, spanish: str) -> str:
        return spanish if self.spanish else english

    def colour(self, name: str) -> str:
        return _COLOURS_ES[name] if self.spanish else name

    def thing(self, kind: str, count: int = 1) -> str:
        if self.spanish:
            one, many = _THINGS_ES[kind]
        else:
            one, many = _THINGS_EN.get(kind, (f"a {kind}", f"{kind}s"))
        return one if count == 1 else f"{self.number(count)} {many}"

    def place(self, place: str) -> str:
        return _PLACES[place][self.spanish]

    def hour(self, hour: str) -> str:
        return _HOURS[hour][self.spanish]

    def side(self, side: str) -> str:
        return _SIDES[side] if self.spanish else {"left": "on the left", "right": "on the right"}.get(side, f"in the {side}")

    def number(self, count: int) -> str:
        names = (
            ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis")
            if self.spanish
            else ("no", "one", "two", "three", "four", "five", "six")
        )
        return names[count] if count < len(names) else str(count)

    def listed(self, parts: Sequence[str]) -> str:
        if len(parts) < 2:
            return "".join(parts)
        last = parts[-1]
        joint = self.say("and", "e" if last.startswith(("i", "hi")) else "y")
        return f"{', '.join(parts[:-1])} {joint} {last}"


def voice_of(language: str) -> Voice:
    return Voice(language.lower().replace("_", "-").split("-")[0] == "es")
