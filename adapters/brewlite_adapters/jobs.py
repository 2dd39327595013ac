"""Jobs: openings, the people who look at them, and what these say they want."""

from __future__ import annotations

import re

from msgspec.structs import replace

from brewlite.adapter import Action, Attribute, Field, FieldAdapter, any_of
from brewlite.adapter.attributes import EVENT, ITEM, USER
from brewlite.adapter.numbers import parse_money
from brewlite.adapter.rows import RowView
from brewlite.adapter.units import between_periods, column_period, period_of
from brewlite.records import FieldValue, Item, Task

_SALARY_COLUMNS = (
    "salary", "base_salary", "baseSalary.value.minValue", "baseSalary.value.value", "baseSalary.value",
    "baseSalary.minValue", "baseSalary", "salary_min", "min_salary", "salary_from", "salary_range", "annual_salary",
    "compensation", "pay", "wage", "hourly_rate", "hourly_wage", "hourly_pay", "monthly_salary", "day_rate",
)  # fmt: skip
_SALARY_PERIODS = ("baseSalary.value.unitText", "baseSalary.unitText", "salary_period", "pay_period", "salary_type")

_FIELDS = (
    Field(name="company", type="category", in_short=True,
          columns=("company", "company_name", "employer", "employer_name", "organization", "organisation",
                   "hiringOrganization.name", "hiringOrganization", "hiring_organization")),
    Field(name="employment", type="category", in_short=True,
          columns=("employment_type", "employmentType", "job_type", "contract_type", "employment", "schedule"),
          values={
              "full-time": ("full time", "fulltime", "FULL_TIME", "permanent full-time", "ft"),
              "part-time": ("part time", "parttime", "PART_TIME", "pt"),
              "contract": ("contractor", "CONTRACTOR", "freelance", "fixed-term", "fixed term"),
              "temporary": ("temp", "TEMPORARY", "seasonal"),
              "internship": ("intern", "INTERN", "trainee"),
              "volunteer": ("VOLUNTEER", "volunteering"),
              "per diem": ("PER_DIEM",),
          }),
    Field(name="remote", type="boolean",
          columns=("remote", "is_remote", "work_from_home", "telecommute", "jobLocationType", "job_location_type",
                   "workplace_type", "remote_allowed"),
          words=("remote", "home office", "work from home"),
          values={
              "true": ("remote", "TELECOMMUTE", "work from home", "working from home", "fully remote", "remote work",
                       "wfh", "home office", "remote job", "remote position", "100% remote"),
              "false": ("on site", "on-site", "onsite", "in office", "in person", "hybrid"),
          }),
    Field(name="salary", type="money", unit="a year", better="higher", in_short=True, columns=_SALARY_COLUMNS,
          missing=("0", "0.0", "competitive", "negotiable", "doe", "depends on experience"),
          words=("salary", "pay", "pays", "paying", "wage", "compensation", "earning", "earn")),
    Field(name="industry", type="category",
          columns=("industry", "sector", "category", "job_category", "department", "function", "occupationalCategory")),
    Field(name="level", type="category",
          columns=("level", "seniority", "experience_level", "career_level", "experienceRequirements"),
          values={"entry level": ("entry-level", "graduate", "no experience"), "senior": ("senior level",)}),
    Field(name="hours", type="text", columns=("hours", "working_hours", "workHours", "work_hours")),
    Field(name="starts", type="date", columns=("start_date", "starts", "jobStartDate"), words=("starting", "start")),
    Field(name="skills", type="tags", columns=("skills", "tags", "keywords", "required_skills", "technologies")),
    Field(name="benefits", type="text", columns=("benefits", "jobBenefits", "perks")),
)  # fmt: skip

_ITEM = {
    **ITEM,
    "id": any_of("job_id", "id", "item_id", "posting_id", "vacancy_id", "requisition_id", "identifier.value",
                 "identifier", "reference", "@id", "guid", "url"),
    "title": any_of("position", "job_title", "title", "position_title", "role", "name", "headline"),
    "text": Attribute(columns=(
        ("description", "job_description", "text", "body", "summary", "details", "about"),
        ("responsibilities", "duties"),
        ("minimum_qualifications", "qualifications", "requirements"),
        ("preferred_qualifications",),
    )),
    "place": Attribute(columns=(
        ("city", "jobLocation.address.addressLocality", "town", "location", "job_location", "jobLocation.name",
         "jobLocation.address", "jobLocation", "place", "address"),
        ("state_name", "state", "jobLocation.address.addressRegion", "state_code", "region", "province"),
        ("country", "jobLocation.address.addressCountry.name", "jobLocation.address.addressCountry"),
    )),
    "url": any_of("url", "job_url", "apply_url", "link"),
    "image": any_of("image", "logo", "company_logo", "hiringOrganization.logo.url", "hiringOrganization.logo",
                    "image_url"),
    "created": any_of("datePosted", "date_posted", "posted", "posted_at", "posted_on", "created", "created_at",
                      "published", "publication_date", "listed", "pub_date"),
    "expires": any_of("validThrough", "expires", "expires_at", "expiry", "deadline", "closing_date",
                      "application_deadline", "apply_by", "closes"),
}  # fmt: skip
_USER = {
    **USER,
    "id": any_of("applicant_id", "candidate_id", "user_id", "id", "user", "visitor_id"),
    "interests": any_of("position_of_interest", "interests", "desired_position", "desired_job", "looking_for", "wants"),
    "updated": any_of("created_at", "updated", "updated_at", "created"),
    "profile.about": any_of("profile.about", "about", "summary", "bio"),
    "profile.skills": any_of("profile.skills", "skills"),
}
_EVENT = {
    **EVENT,
    "user": any_of("user", "applicant_id", "candidate_id", "user_id", "visitor_id", "session_id"),
    "item": any_of("item", "job_id", "item_id", "posting_id", "vacancy_id"),
    "at": any_of("at", "view_start", "viewed_at", "applied_at", "timestamp", "time", "date", "created_at", "datetime"),
    "value": any_of("value", "view_duration", "duration", "seconds"),
}

_ACTIONS = (
    Action(name="apply", phrase="applied for", weight=1.0, words=("application", "applied", "submit"),
           columns=("applied_at", "application_date", "application_id")),
    Action(name="save", phrase="saved", weight=0.8, words=("bookmark", "favorite", "favourite", "shortlist", "like")),
    Action(name="share", phrase="shared", weight=0.5),
    Action(name="view", phrase="looked at", weight=0.3, words=("click", "open", "visit", "read"),
           columns=("view_start", "view_duration", "viewed_at")),
    Action(name="dismiss", phrase="dismissed", weight=-0.7, words=("skip", "not_interested")),
    Action(name="hide", phrase="hid", weight=-1.0, words=("dislike", "block")),
    Action(name="report", phrase="reported", weight=-1.0, words=("flag", "scam", "spam")),
)  # fmt: skip
_TASKS = (
    Task(
        name="apply",
        action="apply",
        question="Will this visitor apply for this job?",
        instruction="Judge whether a job suits the visitor: the work, their experience, place, hours and pay.",
    ),
    Task(
        name="view",
        action="view",
        question="Will this visitor open this job?",
        instruction="Judge whether this job interests the visitor: the kind of work first, then the place.",
    ),
    Task(
        name="save",
        action="save",
        question="Will this visitor save this job for later?",
        instruction="Judge whether the visitor would want to come back to this job.",
    ),
)
_REMOTE_PLACE = re.compile(r"^(?:fully )?(?:remote|anywhere|work from home|home office|worldwide)\b", re.I)
_REMOTE_TITLE = re.compile(r"[(\[]\s*(?:fully |100% )?remote\s*[)\]]|[-–|,]\s*remote$", re.I)
_EMPLOYMENT_SIGNS = (
    ("internship", re.compile(r"\bintern(?:ship)?\b", re.I)),
    ("temporary", re.compile(r"\b(?:seasonal|temp(?:orary)?)\b", re.I)),
    ("part-time", re.compile(r"\bpart[- ]?time\b|\bPT\b")),
    ("part-time", re.compile(r"\bpart[- ]?time\b", re.I)),
    ("full-time", re.compile(r"\bfull[- ]?time\b", re.I)),
)


def refine(item: Item, row: RowView) -> Item:
    """What a posting says outside its columns: the hours and the home office in its title, the period of its pay."""
    fields = dict(item.fields)
    if "employment" not in fields:
        signs = (kind for kind, sign in _EMPLOYMENT_SIGNS if sign.search(item.title))
        if (kind := next(signs, None)) is not None:
            fields["employment"] = kind
    if "remote" not in fields and (_REMOTE_PLACE.search(item.place or "") or _REMOTE_TITLE.search(item.title)):
        fields["remote"] = True
    _salary(fields, row)
    return replace(item, fields=fields)


def _salary(fields: dict[str, FieldValue], row: RowView) -> None:
    """Pay by the hour, day, week or month as pay by the year, where its period stands in a column of its own."""
    salary, found = fields.get("salary"), row.origin("salary")
    if not isinstance(salary, float) or found is None or column_period(found[0]):
        return
    raw = found[1][0] if isinstance(found[1], (list, tuple)) else found[1]
    period = period_of(str(row.value(*_SALARY_PERIODS) or ""))
    if period and parse_money(raw).period is None:
        fields["salary"] = round(between_periods(salary, period, "year") or salary, 2)


adapter = FieldAdapter(
    name="jobs",
    kind="job",
    noun="job",
    fields=_FIELDS,
    actions=_ACTIONS,
    tasks=_TASKS,
    item_columns=_ITEM,
    user_columns=_USER,
    event_columns=_EVENT,
    refine=refine,
)
