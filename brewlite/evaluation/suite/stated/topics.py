"""What readers of posts want: the commoner topics, by tag, in four languages."""

from __future__ import annotations

from brewlite.evaluation.suite.stated.attribute import Attribute, Words


def _topic(key: str, held: str, mention: str, en: str, de: str, fr: str, es: str) -> Attribute:
    words: dict[str, Words] = {"en": en, "de": de, "fr": fr, "es": es}
    return Attribute(
        key=key, role="topic", field="tags", held=f"^(?:{held})$", mention=mention, words=words, known=True
    )


TOPICS: tuple[Attribute, ...] = (
    _topic("air travel", "air-travel|airlines|airports", r"\bair|fly|flight|flew|plane|boarding|layover|stopover|"
           r"\bjet|lounge|aviation|terminal|carry[- ]on|luggage",
           "air travel", "Flugreisen", "les voyages en avion", "viajes en avión"),
    _topic("visas", "visas|visas-on-arrival", r"\bvisas?\b|schengen|immigration|embassy|consulate|permit|passport|"
           r"\besta\b|residen",
           "visas", "Visa", "les visas", "visados"),
    _topic("budget travel", "budget", r"budget|cheap|afford|inexpensive|\bcosts?\b|expens|price|low[- ]cost|"
           r"\bfree\b|save money|discount",
           "travelling on a small budget", "Reisen mit wenig Geld", "les voyages à petit budget",
           "viajar con poco dinero"),
    _topic("trains", "trains|high-speed-rail|amtrak", r"\btrains?\b|\brail|eurail|interrail|amtrak|subway|metro\b|"
           r"station",
           "trains", "Züge", "les trains", "trenes"),
    _topic("public transport", "public-transport", r"public trans|\bbus|metro|subway|tram\b|\btrain|underground|"
           r"\btube\b|transit|commut|transport",
           "public transport", "öffentliche Verkehrsmittel", "les transports en commun", "transporte público"),
    _topic("sightseeing", "sightseeing|landmarks|tours", r"sight|landmark|attraction|\btours?\b|touris|must[- ]see|"
           r"monument|things to (?:do|see)|museum|visit",
           "sightseeing", "Sehenswürdigkeiten", "les visites touristiques", "lugares de interés"),
    _topic("safety", "safety|security", r"safe|danger|scam|crime|theft|stolen|steal|risk|secur|unsafe|robb|"
           r"pickpocket|kidnap",
           "safety", "Sicherheit", "la sécurité", "seguridad"),
    _topic("health", "health|hygiene", r"health|vaccin|malaria|\bsick|\bill(?:ness)?\b|medic|doctor|disease|"
           r"hospital|tap water|mosquito|immun|altitude|hangover|calori|nutri|alcohol poison|cancer|weight|hygien|"
           r"diet",
           "health", "Gesundheit", "la santé", "salud"),
    _topic("money", "money|payment-cards|atms", r"money|cash|currenc|\batms?\b|\bbank|card|exchange rate|\bpay|"
           r"dollars|euros|cheque",
           "money", "Geld", "l'argent", "dinero"),
    _topic("food and drink", "food-and-drink|restaurants", r"food|drink|\beat|restaurant|\bbeer|\bwine|meal|cuisine|"
           r"vegetarian|alcohol|dish|breakfast|dinner|lunch|coffee|water",
           "food and drink", "Essen und Trinken", "la nourriture et les boissons", "comida y bebida"),
    _topic("luggage", "luggage|hand-luggage", r"luggage|baggage|\bbags?\b|suitcase|carry[- ]on|backpack|\bpack",
           "luggage", "Gepäck", "les bagages", "equipaje"),
    _topic("hotels", "hotels|hostels|accommodation", r"hotel|hostel|accommodation|couch|airbnb|\bcamp|\bsleep|"
           r"\bstay|apartment|guest ?house|\broom",
           "places to stay", "Unterkünfte", "l'hébergement", "alojamiento"),
    _topic("buses", "buses", r"\bbus|coach|greyhound|minibus|public trans", "buses", "Busse", "les autocars",
           "autobuses"),
    _topic("rental cars", "car-rentals", r"\bcars?\b|rent|hire|driv|vehicle", "rental cars", "Mietwagen",
           "la location de voitures", "coches de alquiler"),
    _topic("driving", "driving|automobiles|road-trips|driving-licenses",
           r"driv|\bcars?\b|road|vehicle|licen[cs]e|motor|rental|parking|highway",
           "driving", "Autofahren", "la conduite", "conducir"),
    _topic("passports", "passports", r"passport|citizen|nationalit|\bvisa|\bid card|identity", "passports",
           "Reisepässe",
           "les passeports", "pasaportes"),
    _topic("insurance", "insurance", r"insur|liability|\bcover(?:age|ed)\b", "insurance", "Versicherungen",
           "les assurances",
           "seguros"),
    _topic("camping", "camping", r"\bcamp|\btents?\b|outdoors|rv\b", "camping", "Camping", "le camping", "acampar"),
    _topic("hiking", "hiking|trekking|walking", r"hik|trek|\bwalk|trail|mountain|climb|backpack", "hiking", "Wandern",
           "la randonnée", "senderismo"),
    _topic("children", "children", r"child|\bkids?\b|baby|babies|toddler|famil|infant|year[- ]old|daughter|\bsons?\b",
           "travelling with children", "Reisen mit Kindern", "les voyages avec des enfants", "viajar con niños"),
    _topic("ferries", "ferries|sea-travel", r"ferr(?:y|ies)|\bboat|\bship|\bsea\b|cruis|sail", "ferries", "Fähren",
           "les ferries", "transbordadores"),
    _topic("mobile phones", "cellphones|mobile-operators|data-plans", r"phone|\bsim\b|mobile|cell|roaming|\bdata\b|"
           r"gsm|3g\b",
           "mobile phones", "Handys", "les téléphones portables", "teléfonos móviles"),
    _topic("museums", "museums", r"museum|galler|exhibit|\bart\b", "museums", "Museen", "les musées", "museos"),
    _topic("tickets", "tickets|bookings", r"ticket|\bbook|reserv|fare|\bpass(?:es)?\b", "tickets", "Tickets",
           "les billets", "billetes"),
    _topic("photography", "photography", r"photo|camera|picture|\bfilm", "photography", "Fotografie",
           "la photographie",
           "fotografía"),
    _topic("taxis", "taxis", r"taxi|\bcabs?\b|uber|minicab", "taxis", "Taxis", "les taxis", "taxis"),
    _topic("cycling", "bicycles", r"bicycl|\bbik|cycl", "cycling", "Radfahren", "le vélo", "bicicletas"),
    _topic("beaches", "beaches", r"beach|\bsea\b|coast|island|surf|swim", "beaches", "Strände", "les plages",
           "playas"),
    _topic("weather", "weather-and-climate|winter", r"weather|climate|\brain|winter|summer|season|\bcold\b|\bhot\b|"
           r"temperature|snow|month",
           "the weather", "Wetter", "la météo", "el clima"),
    _topic("customs and immigration", "customs-and-immigration|borders",
           r"customs|immigration|border|\bvisa|passport|entry|\benter\b|declare|embassy",
           "customs and borders", "Zoll und Grenzen", "la douane et les frontières", "aduanas y fronteras"),
    _topic("loyalty programs", "loyalty-programs", r"loyalty|frequent flyer|\bmiles\b|points|reward",
           "loyalty programmes",
           "Bonusprogramme", "les programmes de fidélité", "programas de puntos"),
    _topic("language", "language-barrier|languages", r"language|english|speak|translat|spoken|phrase",
           "getting by in a foreign language", "Fremdsprachen", "les langues étrangères", "idiomas extranjeros"),
    _topic("tipping", "tipping", r"\btip(?:s|ping|ped)?\b|gratuit|service charge", "tipping", "Trinkgeld",
           "les pourboires",
           "propinas"),
    _topic("wildlife", "nature-and-wildlife|national-parks", r"nature|wildlife|animal|safari|national park|"
           r"\bbears?\b|whale|bird|\bparks?\b",
           "nature and wildlife", "Natur und Tiere", "la nature et les animaux", "naturaleza y animales"),
    _topic("japan", "japan|tokyo|kyoto|osaka", r"japan|tokyo|kyoto|osaka|narita|shinkansen", "Japan", "Japan",
           "le Japon", "Japón"),
    _topic("india", "india|delhi|mumbai|goa", r"\bindian?s?\b|delhi|mumbai|\bgoa\b|kolkata|bangalore", "India",
           "Indien", "l'Inde",
           "la India"),
    _topic("usa", "usa|new-york-city|california|us-visa-waiver-program|esta|hawaii|boston|orlando|grand-canyon",
           r"\busa?\b|u\.s\.|united states|america|new york|california|florida|san francisco|hawaii|vegas|texas|"
           r"boston|chicago|washington|\btsa\b|angeles",
           "the USA", "USA", "les États-Unis", "los Estados Unidos"),
    _topic("france", "france|paris", r"france|french|paris\b|\bcdg\b|lyon|marseille|\bnice\b", "France", "Frankreich",
           "la France", "Francia"),
    _topic("uk", "uk|london|scotland|england|lhr", r"\buk\b|u\.k\.|brit|england|english|london|scot|wales|heathrow|"
           r"gatwick|\blhr\b|edinburgh|manchester",
           "the United Kingdom", "Großbritannien", "le Royaume-Uni", "el Reino Unido"),
    _topic("canada", "canada|vancouver|toronto|montreal", r"canad|vancouver|toronto|montr|quebec|alberta|banff",
           "Canada", "Kanada", "le Canada",
           "Canadá"),
    _topic("australia", "australia|sydney|melbourne|queensland", r"austral|sydney|melbourne|queensland|brisbane|"
           r"perth|cairns|darwin", "Australia", "Australien",
           "l'Australie", "Australia"),
    _topic("germany", "germany|berlin|munich", r"german|berlin|munich|frankfurt|hamburg|cologne|bavaria|\bdb\b|"
           r"oktoberfest", "Germany",
           "Deutschland", "l'Allemagne", "Alemania"),
    _topic("italy", "italy|rome|venice|milan", r"ital|\brom(?:e|an)\b|venice|milan|florence|naples|sicil|tuscan",
           "Italy", "Italien", "l'Italie", "Italia"),
    _topic("spain", "spain|barcelona|madrid", r"spain|spanish|barcelona|madrid|seville|ibiza|canary", "Spain",
           "Spanien", "l'Espagne", "España"),
    _topic("russia", "russia|moscow|trans-siberian", r"russia|moscow|petersburg|siberia", "Russia", "Russland",
           "la Russie", "Rusia"),
    _topic("china", "china|beijing|shanghai", r"chin(?:a|ese)|beijing|shanghai|hong kong|tibet|guangzhou", "China",
           "China", "la Chine", "China"),
    _topic("georgia", "georgia-country|tbilisi|batumi", r"georgia|tbilisi|batumi|caucas", "the country of Georgia",
           "Georgien", "la Géorgie",
           "el país de Georgia"),
    _topic("turkey", "turkey|istanbul", r"turk|istanbul|ankara|cappadocia", "Turkey", "die Türkei", "la Turquie",
           "Turquía"),
    _topic("thailand", "thailand|bangkok", r"thai|bangkok|phuket|chiang", "Thailand", "Thailand", "la Thaïlande",
           "Tailandia"),
    _topic("israel", "israel|jerusalem|tel-aviv", r"israel|jerusalem|tel aviv|palestin", "Israel", "Israel", "Israël",
           "Israel"),
    _topic("europe", "europe|eastern-europe|western-europe|schengen", r"europ|schengen|interrail|eurail|france|"
           r"french|german|ital|spain|paris|london|\buk\b",
           "Europe", "Europa", "l'Europe", "Europa"),
    # Beer, wine and coffee
    _topic("taste", "taste|flavou?r|tasting|aroma|mouthfeel", r"tast|flavou?r|aroma|bitter|sweet|smell|\bsour|palate",
           "taste", "Geschmack",
           "le goût", "el sabor"),
    _topic("brewing", "brewing|brewing-process|fermentation", r"brew|ferment|\bmash|\bwort|home ?brew", "brewing",
           "Brauen und Zubereiten",
           "le brassage et la préparation", "la elaboración"),
    _topic("breweries", "breweries|micropub", r"brewer|microbrew|craft|brand", "breweries", "Brauereien",
           "les brasseries", "cervecerías"),
    _topic("storage", "storage|cellaring|preservation|freshness", r"stor(?:e|ing|age)|keep|fridge|refrigerat|shelf|"
           r"fresh|cellar|\bage[ds]?\b|aging|ageing|freez|preserv|expire|spoil",
           "storage", "Lagerung", "la conservation", "el almacenamiento"),
    _topic("serving", "serving|pouring|glassware|draught", r"serv|pour|glass|\btap\b|draught|draft|mug|pint|foam",
           "serving and pouring", "Servieren und Einschenken", "le service", "cómo servir"),
    _topic("temperature", "temperature|cooling", r"temperat|\bcold|\bwarm|chill|fridge|\bhot\b|cool|freez|\bice\b|"
           r"heat", "temperature", "Temperatur",
           "la température", "la temperatura"),
    _topic("ipa", "ipa|imperial-ipa", r"\bipas?\b|pale ale|india pale", "IPA", "IPA", "les IPA", "las IPA"),
    _topic("stout", "stout|imperal-stout|porter", r"stout|porter|guinness", "stouts", "Stouts", "les stouts",
           "cervezas stout"),
    _topic("hops", "hops", r"\bhop|citra|bitter|\bibu", "hops", "Hopfen", "le houblon", "el lúpulo"),
    _topic("ingredients", "ingredients|additives", r"ingredient|additive|contain|made (?:of|from|with)|malt|"
           r"\bhops?\b|yeast|barley|wheat|adjunct",
           "ingredients", "Zutaten", "les ingrédients", "ingredientes"),
    _topic("laws", "laws|legal", r"\blaws?\b|legal|licen[cs]e|prohibit|\bban|regulat|permit|allowed|reinheits",
           "laws", "Gesetze", "les lois",
           "leyes"),
    _topic("food pairing", "pairing|food-pairing", r"pair|cook|recipe|\bfood|cheese|\bmeal|\beat|dish|marinad",
           "pairing drinks with food",
           "passendes Essen", "les accords mets et boissons", "maridaje con comida"),
    _topic("trappist beer", "trappist|abbey|belgian-beers", r"trappist|abbey|monk|belgi|westvleteren|chimay|orval",
           "Trappist beers",
           "Trappistenbier", "les bières trappistes", "cervezas trapenses"),
    _topic("german beer", "german-beers|hefeweizen|pilsener", r"german|bavaria|hefe|weizen|weiss|pils|oktoberfest|"
           r"k[oö]lsch|reinheits|munich",
           "German beer", "deutsches Bier", "la bière allemande", "cerveza alemana"),
    _topic("lager", "lager|pilsener", r"lager|pils|budweiser|heineken", "lager", "Lagerbier", "la lager",
           "cerveza lager"),
    _topic("wine", "wine|red-wine", r"wine|grape|merlot|cabernet|champagne|mull", "wine", "Wein", "le vin", "vino"),
    _topic("spirits", "whiskey|liquor|spirits|vodka|gin|rum", r"whisk|liquor|spirit|vodka|\bgin\b|\brum\b|bourbon|"
           r"tequila|scotch|distil",
           "spirits", "Spirituosen", "les spiritueux", "licores"),
    _topic("bottles", "bottling|bottles|cans", r"bottl|\bcans?\b|\bcap\b|cork|growler", "bottling",
           "Flaschen und Dosen", "les bouteilles et canettes", "botellas y latas"),
    _topic("alcohol level", "alcohol-level|abv|non-alcoholic|inebriation",
           r"alcohol|\babv\b|strong|drunk|proof|percent|%|hangover|inebriat",
           "alcohol content", "Alkoholgehalt", "la teneur en alcool", "el grado de alcohol"),
    _topic("carbonation", "carbonation|foam", r"carbonat|fizz|foam|bubbl|\bco2\b|\bhead\b|\bflat\b|nitro",
           "carbonation and foam",
           "Kohlensäure und Schaum", "les bulles et la mousse", "el gas y la espuma"),
    _topic("yeast", "yeast", r"yeast|ferment|sediment|bottle[- ]condition|bacteria", "yeast", "Hefe", "la levure",
           "la levadura"),
    # Artificial intelligence
    _topic("neural networks",
           "neural-networks|deep-network|artificial-neuron|feedforward|perceptron|"
           "recurrent-neural-networks|convolutional-neural-networks|lstm|hidden-layers|mlp|neurons",
           r"neural|neuron|\bnets?\b|network|deep|\b[cr]nns?\b|lstm|perceptron|backprop|layer|convol|weights|"
           r"tensorflow|keras|activation|gradient|\bmlp\b|\bgans?\b|\bann\b|softmax|relu|epoch",
           "neural networks", "neuronale Netze", "les réseaux de neurones", "redes neuronales"),
    _topic("machine learning",
           "machine-learning|deep-learning|supervised-learning|unsupervised-learning|reinforcement-learning",
           r"learn|train|\bml\b|neural|network|classif|regress|dataset|model|predict|deep|tensorflow|keras|cluster|"
           r"gradient|\bsvm",
           "machine learning", "maschinelles Lernen", "l'apprentissage automatique", "aprendizaje automático"),
    _topic("reinforcement learning", "reinforcement-learning|q-learning|dqn|policy-gradients",
           r"reinforce|q[- ]?learn|\bdqn\b|\brl\b|reward|policy|agent|\bmdp\b|markov|bellman|actor|critic|atari|"
           r"temporal[- ]difference|monte",
           "reinforcement learning", "bestärkendes Lernen", "l'apprentissage par renforcement",
           "aprendizaje por refuerzo"),
    _topic("image recognition", "image-recognition|computer-vision|object-recognition|facial-recognition",
           r"imag|vision|object|facial|\bface|\bpixel|photo|visual|video|detect|ocr|yolo|convol|\bcnn|recogni",
           "image recognition", "Bilderkennung", "la reconnaissance d'images", "reconocimiento de imágenes"),
    _topic("language processing",
           "natural-language-processing|natural-language|language-processing|chat-bots|text-summarization|wordvector",
           r"\bnlp\b|language|text|chat|word|sentence|speech|translat|sentiment|dialog|conversation|semantic|gramma|"
           r"corpus|document",
           "language processing", "Sprachverarbeitung", "le traitement du langage", "procesamiento del lenguaje"),
    _topic("philosophy of ai",
           "philosophy|artificial-consciousness|singularity|control-problem|superintelligence|"
           "ultraintelligent-machine",
           r"philosoph|conscious|singularit|human|ethic|superintel|control|mind|sentien|\bself|turing|moral|emotion|"
           r"think|intelligen",
           "the philosophy of AI", "Philosophie der KI", "la philosophie de l'IA", "filosofía de la IA"),
    _topic("games", "game-ai|gaming|chess|game-theory|combinatorial-games|minimax",
           r"game|chess|\bgo\b|play|minimax|alphago|poker|atari|monte carlo|tic[- ]tac|board|opponent|starcraft",
           "games", "Spiele", "les jeux", "juegos"),
    _topic("genetic algorithms", "genetic-algorithms|evolutionary-algorithms|neat",
           r"genetic|evolution|\bneat\b|mutation|crossover|fitness|\bga\b|population|genome|swarm",
           "genetic algorithms", "genetische Algorithmen", "les algorithmes génétiques", "algoritmos genéticos"),
    _topic("ethics", "ethics", r"ethic|moral|law|legal|harm|bias|fair|danger|rights|safe|threat", "ethics", "Ethik",
           "l'éthique", "ética"),
    _topic("self-driving cars", "self-driving|cars", r"self[- ]driv|autonom|\bcars?\b|vehicle|driver|driving|\bdriv",
           "self-driving cars",
           "selbstfahrende Autos", "les voitures autonomes", "coches autónomos"),
    _topic("robots", "robots|robotics", r"robot|\barm\b|drone|actuator|humanoid", "robots", "Roboter", "les robots",
           "robots"),
    _topic("python", "python", r"python|tensorflow|keras|pytorch|numpy|scikit|sklearn|code|librar|implement",
           "Python",
           "Python", "Python", "Python"),
    # Coffee
    _topic("espresso", "espresso|espresso-machine|crema", r"espresso|crema|portafilter|cappuccin|latte|macchiato|"
           r"americano|lungo|ristretto", "espresso",
           "Espresso", "l'espresso", "café expreso"),
    _topic("caffeine", "caffeine|decaffeinated", r"caffein|decaf", "caffeine", "Koffein", "la caféine", "la cafeína"),
)  # fmt: skip
