"""The first task of every built-in adapter, said in six other ways: the meaning is the same, no wording is shared."""

from __future__ import annotations

from msgspec import structs

from brewlite.records import Task

Wording = tuple[str, str]
"""(question, instruction)"""

PARAPHRASES: dict[str, tuple[Wording, ...]] = {
    "stay": (
        ("Is this a place that the visitor would book?", "Decide if this place fits what the guest looks for."),
        ("Would the guest pick this home for their trip?", "Weigh location, size, cost and comfort against the guest."),
        ("Does this home match the guest well enough to sleep here?", "You see one traveller and one home."),
        ("Will they spend the night in this home?", "Estimate how well this accommodation meets the guest's wishes."),
        ("Is it likely that the guest ends up in this home?", "Compare the accommodation with the guest's taste."),
        ("Might this home become the guest's choice?", "Say how suitable the accommodation is for this person."),
    ),
    "engage": (
        ("Is this a thread the visitor would join?", "Decide if the person would get involved in this discussion."),
        ("Would the reader reply to this or keep it?", "Weigh the subject against what the reader cares about."),
        ("Does this thread draw the person in?", "You see one member of a forum and one thread."),
        ("Will the member react to this thread?", "Estimate how much the subject concerns this member."),
        ("Is it likely that the member writes something here?", "Compare the thread with the member's knowledge."),
        ("Might this thread get a contribution from them?", "Say how well the subject suits this person."),
    ),
    "apply": (
        ("Is this a position the visitor would go for?", "Decide if the position fits the person."),
        ("Would the candidate send an application here?", "Weigh the role, the location and the hours."),
        ("Does this opening match the candidate well enough to apply?", "You see one job seeker and one opening."),
        ("Will they try to get this position?", "Estimate how well this position meets the job seeker's wishes."),
        ("Is it likely that the job seeker goes after this role?", "Compare the role with the person's background."),
        ("Might this opening become the candidate's next step?", "Say how suitable the role is for this person."),
    ),
}
"""Name of an adapter's task -> its other wordings."""


def paraphrase(task: Task, number: int) -> Task | None:
    """``task`` in the ``number``-th other wording, counted round; None where there are none."""
    wordings = PARAPHRASES.get(task.name)
    if wordings is None:
        return None
    question, instruction = wordings[number % len(wordings)]
    return structs.replace(task, question=question, instruction=instruction)
