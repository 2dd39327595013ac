"""Words that people ask with, and that say nothing of what they ask for.

"Let me browse places that allow long stays": were "browse" a word like any other, it would weigh more than all the
rest, as hardly an item holds it. English, and the plain words of German, French and Spanish, whose articles are rare
words beside English texts.
"""

from __future__ import annotations

_WANTING = """
    want wanted wanting wish like love prefer preferably need needed require look looking search searching seek seeking
    find finding hunt hunting show give send recommend suggest see view browse browsing explore let tell help hope
    hoping ideally ideal please thank great good nice perfect best better lovely care matter important interested
    interest enjoy fancy keen fond happy glad dream mind know think sure must should really just only essential
    possible possibly maybe perhaps rather quite pretty little bit lot plenty among else way got get come try pick
    choose decide plan planning able willing can could would will bring catch attention sort kind type thing something
    anything everything someone anyone somewhere anywhere option choice idea item main point priority
"""
_SHUNNING = """
    avoid avoiding hate dislike skip spare refuse lack lacking tired sick stand bear deal breaker allergic worry worse
    worst bad wrong annoy bother mean happen instead except surprise use fill share
"""
_SUBJECTS = """
    place listing accommodation stay home job position vacancy post question topic subject thread offer include
    included feature available allow allowed
"""
_PLAIN = """
    accordingly actually appear appreciate associated away basically certain certainly clearly comes coming
    concerning consequently consider considering contain containing currently definitely described despite doing
    entirely especially exactly finally follow followed following gave getting given goes going gone gotten hello
    hence hopefully indeed indicate keep keeps kept known knows later lately latter likely looks mainly merely
    nearly necessary normally obviously okay particular particularly presumably probably provide provides
    reasonably recently regarding regardless relatively respectively said saw saying says seeing seem seemed seen
    sensible serious seriously simply slight slightly soon sorry specifically specified specify specifying taken
    talk talking tend tends thanks thoroughly today tonight took tried tries truly trying unfortunately unless
    unlikely useful uses using usually various via welcome went yes curious discuss discussing discussion
    discussions preference preferences
    ain aren couldn didn doesn don hadn hasn haven isn mustn needn shouldn wasn weren won wouldn
"""
"""Adverbs and verbs that name nothing, words of talking, and what is left of ``doesn't``. Words that may name something
(``new``, ``used``, ``value``) are not among them."""
_GERMAN = """
    ich wir mir mich uns suche suchen brauche möchte möchten hätte will mag gern gerne bitte etwas eine einen einem
    einer ein der die das den dem des mit ohne und oder aber nicht kein keine keinen für zum zur von bei auf aus ist
    sind sein wäre haben hat soll sollte wichtig thema frage fragen unterkunft ort stelle stellen job jobs wohnung
    über alles nur auch noch mehr
"""
_FRENCH = """
    cherche cherchons voudrais voudrait veux veut aimerais aimerait besoin avec sans des les une aux par pour dans qui
    que est sont sur pas plus mon mes nous vous moi s'il plait plaît question questions sujet logement emploi poste
    offre quelque chose tout sauf surtout bien serait être avoir
"""
_SPANISH = """
    busco buscamos quiero quisiera gustaría gusta necesito con sin una uno los las del por para que favor hay tiene
    tenga sea son este esta algo todo menos más pregunta preguntas tema sobre alojamiento trabajo empleo oferta mejor
    nada
"""
ASKING = frozenset(
    word.removesuffix("s")
    for words in (_WANTING, _SHUNNING, _SUBJECTS, _PLAIN, _GERMAN, _FRENCH, _SPANISH)
    for word in words.split()
)
"""In the form that :func:`brewlite.retrieval.lexicon.words_of` gives words."""
