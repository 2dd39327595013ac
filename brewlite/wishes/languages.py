"""Limits on numbers in German, French and Spanish, and which language a request is in.

These tables are English but for what stands around numbers: ``höchstens 900 Euro``, ``au moins 2 chambres``, ``menos de
120 m²``. Names of things, refusals and times are left to the model; what a table does not have is no limit.
"""

from __future__ import annotations

import re

from msgspec import structs

from brewlite.wishes.language import ENGLISH, Language

GERMAN = structs.replace(
    ENGLISH,
    numbers={"null": 0.0, "ein": 1.0, "eine": 1.0, "einem": 1.0, "einer": 1.0, "zwei": 2.0, "drei": 3.0, "vier": 4.0,
             "fünf": 5.0, "sechs": 6.0, "sieben": 7.0, "acht": 8.0, "neun": 9.0, "zehn": 10.0, "zwölf": 12.0},
    multipliers={"k": 1e3, "tsd": 1e3, "tausend": 1e3, "mio": 1e6, "million": 1e6, "millionen": 1e6},
    negations="kein|keine|keinen|keinem|keiner|nicht|ohne|nie|nichts",
    lacking="kein|keine|keinen|keinem|keiner|ohne",
    at_most="unter|höchstens|hoechstens|maximal|max|maximum|bis|bis zu|bis max|bis maximal|weniger als|nicht mehr als|"
            "nicht über|nicht ueber|günstiger als|billiger als|kleiner als|im rahmen von|<|<=|≤",
    at_least="über|ueber|mindestens|mind|wenigstens|mehr als|ab|größer als|groesser als|nicht weniger als|nicht unter|"
             "minimum|min|>|>=|≥",
    strict="unter|weniger als|günstiger als|billiger als|kleiner als|<|über|ueber|mehr als|größer als|groesser als|>",
    at_least_money="ab",
    at_most_after="oder weniger|oder günstiger|oder billiger|maximal|höchstens|max|maximum",
    at_least_after="oder mehr|und mehr|mindestens|aufwärts|+",
    exactly="genau|exakt|=",
    about="etwa|ungefähr|ca|circa|rund|um die|so um die|gegen|~",
    about_after="oder so|ungefähr|circa|plus minus",
    between="zwischen|von",
    range_links="und|bis|-|oder",
    budget="budget|mein budget|unser budget|budget von|preisgrenze|obergrenze|limit",
    soft="idealerweise|am liebsten|vorzugsweise|bevorzugt|vielleicht|eventuell|evtl|wenn möglich|möglichst|gern|gerne|"
         "wäre schön|wäre toll|wäre super|wäre gut|kein muss|nicht unbedingt|muss nicht sein|könnte|könnten|"
         "eher|flexibel",
    denied="ist zu|sind zu|wäre zu|ist mir zu|ist uns zu|kommt nicht in frage|kommen nicht in frage|geht nicht|"
           "gehen nicht|scheidet aus",
    tolerant="macht nichts|ist egal|egal|stört nicht|stört mich nicht|stört uns nicht|kein problem|ist ok|ist okay|"
             "in ordnung|nicht nötig|statt|anstatt|ob|auch wenn|nicht nur",
    other_money="kaution|gebühr|gebühren|provision|nebenkosten|rabatt|bonus|steuer|steuern|pro|je",
    years="baujahr|gebaut|erbaut|seit|gegründet|renoviert|saniert|jahr",
    codes="plz|postleitzahl|nummer|nr",
    fillers="der|die|das|den|dem|des|ein|eine|einen|einem|einer|ich|wir|mir|uns|suche|suchen|möchte|möchten|will|wollen|"
            "brauche|brauchen|bitte|sehr|auch|in|im|am|an|zu|zum|zur|für|mit|hat|haben|sein|ist|sind|soll|sollte|"
            "sollten|kosten|kostet|zahlen|ausgeben|preis|liegt|bei|beträgt|es|etwas|nach|wohnung|"
            "unterkunft|job|stelle|und|nur|noch",
    abbreviations="max|min|mind|ca|inkl|tsd|mio|nr|evtl|bzw|str",
    links="in|im|für|mit|bei|am|an|auf|aber|nicht|kein|keine|ohne|max|min|warm|kalt|inklusive|inkl|exkl|"
          "insgesamt|bitte|ist|sind|wäre|zu|ab|bis|von|der|die|das|und|oder|pro|wenn|weil|da|wo|ich|wir|es",
    conjunctions="und|aber|sowie|jedoch|doch|auch|dann|weil|denn",
    alternatives="oder|bzw|beziehungsweise",
    fields={
        "bedrooms": "schlafzimmer|schlafzimmern", "rooms": "zimmer|zimmern|räume|räumen", "beds": "betten|bett",
        "bathrooms": "bad|bäder|bädern|badezimmer|badezimmern", "guests": "personen|gäste|gästen|leute|erwachsene",
        "price": "miete|preis|kaltmiete|warmmiete|kaufpreis", "salary": "gehalt|lohn|jahresgehalt",
        "area": "wohnfläche|fläche",
    },
)  # fmt: skip
FRENCH = structs.replace(
    ENGLISH,
    numbers={"zéro": 0.0, "un": 1.0, "une": 1.0, "deux": 2.0, "trois": 3.0, "quatre": 4.0, "cinq": 5.0, "six": 6.0,
             "sept": 7.0, "huit": 8.0, "neuf": 9.0, "dix": 10.0, "douze": 12.0},
    multipliers={"k": 1e3, "mille": 1e3, "million": 1e6, "millions": 1e6},
    negations="pas|pas de|sans|aucun|aucune|jamais|rien|ni|hors|sauf",
    lacking="pas de|sans|aucun|aucune|sauf",
    at_most="moins de|à moins de|au plus|au maximum|maximum|max|maxi|jusqu'à|jusqu’à|jusque|pas plus de|inférieur à|"
            "inférieure à|sous|en dessous de|en-dessous de|moins cher que|un maximum de|maximum de|<|<=|≤",
    at_least="plus de|à plus de|au moins|d'au moins|d’au moins|au minimum|minimum|min|mini|à partir de|pas moins de|"
             "supérieur à|supérieure à|au-dessus de|dès|un minimum de|>|>=|≥",
    strict="moins de|à moins de|sous|en dessous de|inférieur à|inférieure à|<|plus de|"
           "à plus de|supérieur à|supérieure à|>",
    at_least_money="à partir de",
    at_most_after="maximum|max|maxi|au plus|au maximum|ou moins",
    at_least_after="minimum|mini|au moins|au minimum|ou plus|et plus|+",
    exactly="exactement|=",
    about="environ|vers|autour de|dans les|à peu près|approximativement|~",
    about_after="environ|à peu près|ou à peu près",
    between="entre|de",
    range_links="et|à|-|ou",
    budget="budget|mon budget|notre budget|budget de|un budget de|limite",
    soft="idéalement|de préférence|si possible|peut-être|plutôt|ce serait bien|serait bien|serait un plus|un plus|"
         "éventuellement|pas forcément|pas nécessairement|pourrait",
    denied="est trop|sont trop|serait trop|c'est trop|hors de question",
    tolerant="peu importe|ça m'est égal|pas grave|pas un problème|pas de problème|pas de souci|me va|nous va|"
             "au lieu de|même si|pas besoin|pas seulement",
    other_money="caution|frais|charges|dépôt|taxe|taxes|remise|prime|par|chacun",
    years="construit|construite|depuis|rénové|rénovée|année|an",
    codes="code|numéro|n°",
    fillers="le|la|les|l|un|une|des|du|de|d|à|au|aux|je|nous|on|cherche|cherchons|voudrais|voudrions|veux|voulons|"
            "souhaite|souhaitons|aimerais|aimerions|pour|avec|dans|en|et|est|sont|soit|coûte|coûter|coûtant|payer|"
            "dépenser|prix|s'il|vous|plaît|qui|que|appartement|logement|maison|emploi|poste|il|faut|ait|ayant",
    abbreviations="max|min|env|app|appt|nb",
    links="à|au|en|dans|pour|avec|par|et|ou|mais|pas|sans|max|min|maximum|minimum|tout|charges|compris|comprises|"
          "s'il|est|sont|serait|de|du|des|le|la|les|si|car|où|qui|je|nous|il|près|sur",
    conjunctions="et|mais|puis|aussi|donc|car|ainsi",
    alternatives="ou|soit",
    fields={
        "bedrooms": "chambre|chambres", "rooms": "pièce|pièces", "beds": "lit|lits",
        "bathrooms": "salle de bain|salles de bain|salle de bains|salles de bains",
        "guests": "personne|personnes|voyageurs|adultes", "price": "loyer|prix", "salary": "salaire",
        "area": "surface|superficie",
    },
)  # fmt: skip
SPANISH = structs.replace(
    ENGLISH,
    numbers={"cero": 0.0, "un": 1.0, "uno": 1.0, "una": 1.0, "dos": 2.0, "tres": 3.0, "cuatro": 4.0, "cinco": 5.0,
             "seis": 6.0, "siete": 7.0, "ocho": 8.0, "nueve": 9.0, "diez": 10.0, "doce": 12.0},
    multipliers={"k": 1e3, "mil": 1e3, "millón": 1e6, "millones": 1e6},
    negations="no|sin|ningún|ninguna|nunca|nada|ni|excepto|salvo",
    lacking="sin|ningún|ninguna|excepto|salvo",
    at_most="menos de|a menos de|por menos de|como máximo|como mucho|máximo|max|hasta|no más de|por debajo de|"
            "a lo sumo|inferior a|más barato que|un máximo de|máximo de|<|<=|≤",
    at_least="más de|al menos|por lo menos|como mínimo|como poco|mínimo|min|desde|a partir de|no menos de|"
             "por encima de|superior a|un mínimo de|mínimo de|>|>=|≥",
    strict="menos de|a menos de|por menos de|por debajo de|inferior a|<|más de|por encima de|superior a|>",
    at_least_money="desde|a partir de",
    at_most_after="como máximo|como mucho|máximo|max|o menos",
    at_least_after="como mínimo|mínimo|por lo menos|al menos|o más|y más|en adelante|+",
    exactly="exactamente|justo|=",
    about="unos|unas|alrededor de|aproximadamente|cerca de|sobre|casi|~",
    about_after="más o menos|aproximadamente",
    between="entre|de",
    range_links="y|a|-|o",
    budget="presupuesto|mi presupuesto|nuestro presupuesto|presupuesto de|un presupuesto de|límite",
    soft="idealmente|preferiblemente|preferentemente|si es posible|a ser posible|quizás|quizá|tal vez|estaría bien|"
         "sería genial|sería ideal|no necesariamente|podría",
    denied="es demasiado|son demasiado|sería demasiado|es mucho|ni hablar",
    tolerant="no importa|no me importa|no nos importa|da igual|me da igual|no hay problema|no es problema|en lugar de|"
             "en vez de|aunque|no solo|no hace falta",
    other_money="fianza|depósito|gastos|comisión|tasas|impuestos|descuento|por|cada",
    years="construido|construida|desde|reformado|reformada|año",
    codes="código|número|nº",
    fillers="el|la|los|las|un|una|unos|de|del|a|al|yo|nosotros|busco|buscamos|buscando|quiero|queremos|quisiera|necesito|"
            "necesitamos|para|con|en|y|es|son|sea|que|cueste|cuesta|pagar|gastar|precio|por|favor|piso|apartamento|"
            "alojamiento|casa|trabajo|empleo|puesto|tenga|tengan|me|nos|gustaría",
    abbreviations="max|min|aprox|hab|núm",
    links="a|al|en|para|con|por|y|o|pero|no|sin|max|min|máximo|mínimo|todo|incluido|incluidos|gastos|es|son|sería|de|"
          "del|el|la|los|las|si|que|donde|cerca|mejor",
    conjunctions="y|pero|además|también|luego|porque",
    alternatives="o|u",
    fields={
        "bedrooms": "dormitorio|dormitorios|habitación|habitaciones", "rooms": "cuartos|ambientes",
        "beds": "cama|camas", "bathrooms": "baño|baños",
        "guests": "persona|personas|huéspedes|adultos", "price": "alquiler|precio|renta|presupuesto",
        "salary": "salario|sueldo", "area": "superficie",
    },
)  # fmt: skip

_ENGLISH_TELLS = (
    "the and with under over at least most for i we looking not without of is than up between my need want please or "
    "more less below above by near that"
)
_TELLS = (
    (ENGLISH, _ENGLISH_TELLS),
    (GERMAN, (
        "und mit unter höchstens mindestens maximal ich wir suche suchen eine einen einer einem kein keine keinen ohne "
        "für nicht bis über ab zimmer zimmern schlafzimmer wohnung der das dem im oder bitte gerne möchte zwischen "
        "weniger mehr als wenigstens monat pro billiger günstiger miete gehalt personen unser mein ist liegt beträgt"
    )),
    (FRENCH, (
        "moins au plus d'au de du des un une avec sans pour je nous cherche cherchons et ou dans pas chambre chambres "
        "pièces entre à jusqu'à mois appartement maison le la les mon notre environ loyer salaire partir personnes par"
    )),
    (SPANISH, (
        "menos máximo mínimo hasta con sin para busco buscamos y una un piso habitaciones dormitorios baños entre más "
        "al como mes el los las por mi quiero de desde alquiler personas sueldo presupuesto partir"
    )),
)  # fmt: skip
_KNOWN = [(language, frozenset(told.split())) for language, told in _TELLS]
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def language_of(words: str) -> Language:
    """The language whose small words ``words`` has most of; English where no other has more than it."""
    said = [word.replace("’", "'") for word in _WORD.findall(words.casefold())]
    counts = [sum(word in tells for word in said) for _, tells in _KNOWN]
    return _KNOWN[counts.index(max(counts))][0]
