"""The same requests in German, French and Spanish. Slots as in ``wordings``; ``de {many}`` is elided in French.

The German templates keep ``{many}`` in the nominative or accusative, which are alike in the plural without an article.
"""

from __future__ import annotations

from brewlite.evaluation.suite.stated.attribute import Role

_ALL: tuple[Role, ...] = ("feature", "rule", "type", "topic", "work", "terms", "place", "employer")
_HOMES: tuple[Role, ...] = ("feature", "rule", "type")
_THINGS: tuple[Role, ...] = ("feature", "rule", "type", "work", "terms", "place", "employer")

_GERMAN_WANTS = (
    "Ich suche {many}.", "Bitte zeigen Sie mir {many}.", "Gibt es hier {many}?",
    "Ich interessiere mich nur für {many}.",
    "{Many} wären genau das Richtige für mich.", "Ich hätte gern {many}.", "Haben Sie {many}?", "{Many}, bitte.",
    "Am liebsten {many}.", "Mir geht es vor allem um {many}.", "Ich möchte {many} sehen.", "Hallo, ich brauche {many}.",
    "Seit Tagen suche ich {many}.", "Zeig mir zuerst {many}.", "Wo finde ich {many}?", "{Many} würden mir gefallen.",
    "Ich bin wegen der {many} hier.",
    "suche {many}",
)  # fmt: skip
_GERMAN_THINGS = (
    "Ich suche {one}.", "Es sollte {one} sein.",
    "Ich brauche dringend {one}.", "Gibt es {one} für mich?", "Am besten wäre {one}.", "Kennen Sie {one}?",
)  # fmt: skip
_GERMAN_HOMES = ("Wir hätten gern {one}.", "Wir wünschen uns {one}.", "Unsere Familie sucht {one}.")
_GERMAN_REFUSALS = (
    "Bitte keine {many}.", "Keine {many}, bitte.", "Ich möchte keine {many}.", "{Many} sind nichts für mich.",
    "{Many} interessieren mich nicht.", "Zeigen Sie mir bitte keine {many}.", "Alles, nur keine {many}.",
    "Auf {many} kann ich verzichten.", "{Many} kommen für mich nicht infrage.", "Ich mag keine {many}.",
    "Bloß keine {many}!", "Lassen Sie {many} bitte weg.", "Für {many} habe ich nichts übrig.",
    "{Many} habe ich schon zu oft gesehen, bitte etwas anderes.", "{Many} bitte nicht.", "Ich will keine {many} sehen.",
    "Egal was, aber keine {many}.", "Bitte blenden Sie {many} aus.", "{Many} brauche ich nicht.",
)  # fmt: skip
_FRENCH_WANTS = (
    "Je cherche des {many}.", "Montrez-moi des {many}, s'il vous plaît.", "Avez-vous des {many} ?",
    "Je m'intéresse surtout aux {many}.", "Des {many}, s'il vous plaît.", "J'aimerais voir des {many}.",
    "Je voudrais des {many}.", "Y a-t-il des {many} ici ?", "Je préfère les {many}.", "Bonjour, il me faut des {many}.",
    "Je ne veux voir que des {many}.", "Je suis à la recherche de {many}.", "D'abord les {many}.", "cherche {many}",
    "Des {many}, ce serait parfait.",
)  # fmt: skip
_FRENCH_THINGS = (
    "Je cherche {one}.", "J'ai besoin de trouver {one}.",
    "Auriez-vous {one} ?", "Ce serait bien de trouver {one}.", "Il me faut absolument {one}.", "Je veux {one}.",
)  # fmt: skip
_FRENCH_HOMES = ("Nous voudrions {one}.", "Nous rêvons de trouver {one}.", "Notre famille cherche {one}.")
_FRENCH_REFUSALS = (
    "Pas de {many}, s'il vous plaît.", "Tout sauf des {many}.", "Je ne veux pas de {many}.",
    "Les {many} ne m'intéressent pas.", "Ne me montrez pas de {many}.", "Surtout pas de {many} !",
    "Je préfère éviter les {many}.", "Les {many}, très peu pour moi.", "Merci de ne pas me proposer de {many}.",
    "J'en ai assez des {many}.", "Je n'aime pas les {many}.", "Autre chose que des {many}.",
    "Je peux me passer des {many}.", "Rien de commun avec des {many}, merci.",
)  # fmt: skip
_SPANISH_WANTS = (
    "Busco {many}.", "Muéstreme {many}, por favor.", "¿Tienen {many}?", "Me interesan sobre todo {many}.",
    "{Many}, por favor.", "Quisiera ver {many}.", "Quiero {many}.", "¿Hay {many} por aquí?", "Prefiero {many}.",
    "Hola, necesito {many}.", "Solo quiero ver {many}.", "Estoy buscando {many}.", "Primero {many}.", "busco {many}",
    "{Many}, eso sería perfecto.",
)  # fmt: skip
_SPANISH_THINGS = (
    "Busco {one}.", "Necesito {one}.", "¿Tendrían {one}?",
    "Tiene que ser {one}.", "Quiero encontrar {one}.", "Lo ideal sería {one}.",
)  # fmt: skip
_SPANISH_HOMES = ("Nos gustaría {one}.", "Soñamos con {one}.", "Nuestra familia busca {one}.")
_SPANISH_REFUSALS = (
    "Nada de {many}, por favor.", "Cualquier cosa menos {many}.", "No quiero {many}.", "No me interesan {many}.",
    "No me muestre {many}.", "Por favor, {many} no.", "Prefiero evitar {many}.", "{Many} no son lo mío.",
    "No busco {many}.", "Estoy harto de ver {many}.", "No me gustan {many}.", "Algo que no sean {many}.",
    "Sin {many}, por favor.", "Puedo prescindir de {many}.",
)  # fmt: skip

WANTS: dict[str, tuple[tuple[tuple[Role, ...], tuple[str, ...]], ...]] = {
    "de": ((_ALL, _GERMAN_WANTS), (_THINGS, _GERMAN_THINGS), (_HOMES, _GERMAN_HOMES)),
    "fr": ((_ALL, _FRENCH_WANTS), (_THINGS, _FRENCH_THINGS), (_HOMES, _FRENCH_HOMES)),
    "es": ((_ALL, _SPANISH_WANTS), (_THINGS, _SPANISH_THINGS), (_HOMES, _SPANISH_HOMES)),
}
REFUSALS: dict[str, tuple[tuple[tuple[Role, ...], tuple[str, ...]], ...]] = {
    "de": ((_ALL, _GERMAN_REFUSALS),),
    "fr": ((_ALL, _FRENCH_REFUSALS),),
    "es": ((_ALL, _SPANISH_REFUSALS),),
}
