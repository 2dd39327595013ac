"""What visitors of a jobs site want: kinds of work, terms, places and employers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from brewlite.evaluation.suite.stated.attribute import Attribute, Words
from brewlite.records import Item

FEWEST = 12
"""Items that a place must have to be asked for; an employer needs twice as many."""
_UNSAID = r"confidential|unknown|undisclosed|^private|^company|^n/?a$"
"""Companies that do not give their name."""
_SUFFIX = re.compile(r",? (?:inc|llc|ltd|corp|co|company|usa)\.?$", re.IGNORECASE)


def _work(key: str, held: str, mention: str, en: str, de: str, fr: str, es: str) -> Attribute:
    words: dict[str, Words] = {"en": en, "de": de, "fr": fr, "es": es}
    return Attribute(key=key, role="work", field="industry", held=held, mention=mention, words=words, known=True)


def _terms(
    key: str,
    mention: str,
    en: Words,
    de: Words,
    fr: Words,
    es: Words,
    stories: tuple[str, ...],
    refusals: tuple[str, ...],
) -> Attribute:
    words = {"en": en, "de": de, "fr": fr, "es": es}
    return Attribute(
        key=key, role="terms", field="employment", held=f"^{key}$", mention=mention, words=words, stories=stories,
        refusals=refusals,
    )  # fmt: skip


WORK: tuple[Attribute, ...] = (
    _work("healthcare", r"health|medical|nursing", r"nurs|health|medic|care|clinic|hospital|pharma|dental|patient|"
           r"therap",
          "healthcare", "Gesundheit und Pflege", "la santé", "sanidad"),
    _work("hospitality", r"hospitality|restaurant|food and bev", r"restaurant|hotel|food|server|\bhost|cook|chef|"
           r"barista|bartend|wait|kitchen|dining|travel|hospitality|cater|beverage|crew|pizza|grill|cafe|team member",
          "hotels and restaurants", "Hotel und Gastronomie", "l'hôtellerie et la restauration", "hostelería"),
    _work("office administration", r"clerical|administrat", r"admin|clerk|clerical|office|secretar|recept|assistant|"
           r"data entry|coordinator",
          "office administration", "Büro und Verwaltung", "l'administration", "administración"),
    _work("retail", r"retail", r"retail|store|merchandis|cashier|shop|sales|buyer|purchas|stock|associate",
          "retail", "Einzelhandel", "la vente au détail", "comercio minorista"),
    _work("education", r"education|teaching", r"teach|tutor|instruct|school|educat|train|child|academ|learn|colleg|"
           r"faculty",
          "education", "Bildung", "l'enseignement", "educación"),
    _work("customer service", r"customer service", r"customer|support|call cent|representative|service|client",
          "customer service", "Kundenservice", "le service client", "atención al cliente"),
    _work("transport and logistics", r"transportation|logistics|supply chain",
           r"driv|truck|warehouse|logist|transport|deliver|ship|courier|supply chain|\bcdl\b|freight",
          "transport and logistics", "Transport und Logistik", "le transport et la logistique",
              "transporte y logística"),
    _work("finance", r"accounting|finance", r"account(?!ab)|financ|bank|bookkeep|audit|\btax|treasur|payroll|teller|"
           r"billing",
          "finance and accounting", "Finanzen und Buchhaltung", "la finance et la comptabilité",
              "finanzas y contabilidad"),
    _work("manufacturing", r"manufactur", r"manufactur|production|assembl|machin|supply chain|factory|\bplant\b|"
           r"operator|hardware",
          "manufacturing", "Fertigung und Produktion", "la production industrielle", "fabricación"),
    _work("media", r"\bmedia\b", r"\bmedia\b|journal|editor|writer|video|film|broadcast|communicat|content",
          "the media", "Medien", "les médias", "medios de comunicación"),
    _work("sales", r"\bsales\b", r"\bsales\b|\bsell|account (?:exec|manag|strat)|business develop|revenue|retail|"
           r"sales ?person",
          "sales", "Vertrieb", "la vente", "ventas"),
    _work("marketing", r"marketing", r"marketing|brand|advertis|campaign|promot|communications|public relations",
          "marketing", "Marketing", "le marketing", "marketing"),
    _work("software and IT", r"information technology|software|network engineering|it & data|data center",
           r"software|engineer|develop(?:er|ment)|\bit\b|technical|programm|data|comput|network|system",
          "software and IT", "Software und IT", "l'informatique", "informática"),
    _work("human resources", r"human resources|people operations", r"\bhr\b|human resource|recruit|people op|talent|"
           r"staffing|hiring|benefits|compensation",
          "human resources", "Personal", "les ressources humaines", "recursos humanos"),
    _work("law", r"\blegal\b", r"\blegal|\blaw|attorney|counsel|paralegal|compliance|regulat|public policy|"
           r"government",
          "law", "Recht", "le droit", "derecho"),
    _work("design", r"design", r"design|\bux\b|\bui\b|creative|usability|user research|prototyp",
          "design", "Design und Gestaltung", "le design", "diseño"),
    _work("real estate", r"real estate", r"propert|real estate|facilit|maintenance|workplace|apartment|leasing|"
           r"janitor|building|construction",
          "real estate and building services", "Immobilien und Gebäudedienste", "l'immobilier", "inmobiliaria"),
    _work("hardware engineering", r"hardware", r"hardware|electrical|\bchips?\b|asic|firmware|silicon|circuit|"
           r"mechanical",
          "hardware engineering", "Hardware-Entwicklung", "l'ingénierie matérielle", "ingeniería de hardware"),
    _work("project management", r"program management", r"program(?:me)? manag|project manag|\bpmo?\b|\btpm\b|"
           r"program lead|cross[- ]functional",
          "program management", "Programm-Management", "la gestion de programmes", "gestión de programas"),
    _work("strategy", r"business strategy", r"strateg|consult|analy(?:st|tics)|planning|business insight",
          "business strategy", "Unternehmensstrategie", "la stratégie d'entreprise", "estrategia empresarial"),
    _work("partnerships", r"partnerships", r"partner", "partnerships", "Partnerschaften", "les partenariats",
          "alianzas comerciales"),
)  # fmt: skip
TERMS: tuple[Attribute, ...] = (
    _terms("part-time", r"part\W{0,3}time|\bp[./ ]?t\b|few hours|flexible|hours (?:a|per) week|evening|weekend",
           ("part-time jobs", "a part-time job"), ("Teilzeitstellen", "eine Teilzeitstelle"),
           ("postes à temps partiel", "un poste à temps partiel"),
           ("empleos a tiempo parcial", "un empleo a tiempo parcial"),
           ("I'm a student and can only work part-time.", "I pick up the kids at two, so it has to be part-time.",
            "Twenty hours a week at most, so part-time please."),
           ("I have a family to feed, so no part-time jobs.", "No part-time please, I need the full pay.")),
    _terms("temporary", r"\btemp|season|holiday|contract|short[- ]term|summer|winter|christmas|officeteam|"
           r"accountemps|staffing|interim|months",
           ("temporary jobs", "a temporary job"), ("befristete Stellen", "eine befristete Stelle"),
           ("postes temporaires", "un poste temporaire"), ("empleos temporales", "un empleo temporal"),
           ("I need something temporary until I move away.", "Just for the season, something temporary."),
           ("I want to stay for years, so nothing temporary.", "No temporary jobs, I'm tired of moving on.")),
    _terms("internship", r"\bintern(?:s|ship|ships)?\b|trainee|student|graduat|apprentic|campus|universit|\bmba\b|"
           r"\bbold\b",
           ("internships", "an internship"), ("Praktika", "ein Praktikum"), ("stages", "un stage"),
           ("prácticas", "unas prácticas"),
           ("I'm still at university and need an internship.", "Looking for my first internship."),
           ("I have ten years of experience, so no internships.", "No internships, I have to earn a living.")),
)  # fmt: skip

_PLACES: dict[str, tuple[str, str, str, str]] = {
    "united states": ("the United States", "den USA", "aux États-Unis", "Estados Unidos"),
    "united kingdom": ("the United Kingdom", "Großbritannien", "au Royaume-Uni", "el Reino Unido"),
    "district of columbia": ("the District of Columbia", "Washington D.C.", "à Washington D.C.", "Washington D. C."),
    "ireland": ("Ireland", "Irland", "en Irlande", "Irlanda"),
    "germany": ("Germany", "Deutschland", "en Allemagne", "Alemania"),
    "australia": ("Australia", "Australien", "en Australie", "Australia"),
    "china": ("China", "China", "en Chine", "China"),
    "japan": ("Japan", "Japan", "au Japon", "Japón"),
    "india": ("India", "Indien", "en Inde", "la India"),
    "taiwan": ("Taiwan", "Taiwan", "à Taïwan", "Taiwán"),
    "france": ("France", "Frankreich", "en France", "Francia"),
    "switzerland": ("Switzerland", "der Schweiz", "en Suisse", "Suiza"),
    "brazil": ("Brazil", "Brasilien", "au Brésil", "Brasil"),
    "poland": ("Poland", "Polen", "en Pologne", "Polonia"),
    "israel": ("Israel", "Israel", "en Israël", "Israel"),
    "singapore": ("Singapore", "Singapur", "à Singapour", "Singapur"),
    "california": ("California", "Kalifornien", "en Californie", "California"),
    "texas": ("Texas", "Texas", "au Texas", "Texas"),
    "florida": ("Florida", "Florida", "en Floride", "Florida"),
    "illinois": ("Illinois", "Illinois", "dans l'Illinois", "Illinois"),
    "ohio": ("Ohio", "Ohio", "dans l'Ohio", "Ohio"),
    "georgia": ("Georgia", "Georgia", "en Géorgie", "Georgia"),
    "pennsylvania": ("Pennsylvania", "Pennsylvania", "en Pennsylvanie", "Pensilvania"),
    "new jersey": ("New Jersey", "New Jersey", "dans le New Jersey", "Nueva Jersey"),
    "maryland": ("Maryland", "Maryland", "dans le Maryland", "Maryland"),
    "michigan": ("Michigan", "Michigan", "dans le Michigan", "Míchigan"),
    "virginia": ("Virginia", "Virginia", "en Virginie", "Virginia"),
}


def places(items: Sequence[Item]) -> list[Attribute]:
    """The cities, states and countries that the items lie in; names that are a city here and a state there left out."""
    towns: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    for item in items:
        parts = [part.strip() for part in (item.place or "").split(",") if part.strip()]
        regions.update(parts[-1:])
        towns.update(parts[:1] if len(parts) > 1 else [])
    clear = [name for name in sorted(towns | regions) if not (towns[name] and regions[name]) and len(name) > 3]
    return [_place(name, name in towns) for name in clear if towns[name] + regions[name] >= FEWEST]


def _place(name: str, town: bool) -> Attribute:
    known = _PLACES.get(name.casefold())
    words: dict[str, Words] = {"en": name}
    if known:
        words = dict(zip(("en", "de", "fr", "es"), known, strict=True))
    elif town:
        words |= {"de": name, "fr": f"à {name}", "es": name}
    exact = re.escape(name)
    return Attribute(
        key=f"in {name}", role="place", field="place", held=rf"(?:^|, ?){exact}(?:,|$)", mention=rf"\b{exact}\b",
        words=words, known=True,
    )  # fmt: skip


def employers(items: Sequence[Item]) -> list[Attribute]:
    """The companies with several openings."""
    named = Counter(str(item.fields["company"]) for item in items if item.fields.get("company"))
    found = []
    for name, count in sorted(named.items()):
        called = _SUFFIX.sub("", name).strip()
        if count >= 2 * FEWEST and re.fullmatch(r"[\w'’&. \"]{3,30}", called) and not re.search(_UNSAID, called, re.I):
            words: dict[str, Words] = dict.fromkeys(("en", "de", "fr", "es"), called)
            exact = re.escape(called)
            found.append(
                Attribute(
                    key=f"at {called}", role="employer", field="company", held=f"^{re.escape(name)}$",
                    mention=rf"(?<!\w){exact}(?!\w)", words=words, known=True, unsaid=_UNSAID,
                )
            )  # fmt: skip
    return found
