"""The forms of a family's people with values in them that are not saved, read as if they were."""

from __future__ import annotations

from datetime import date

from desktop.people.family_rows import PeopleCenter, load_family
from desktop.people.person_forms import ParentsForm, StudentForm
from desktop.people.reach import own_part
from desktop.proposals import NotOpened, Proposal, reading
from desktop.store.store import Store
from shared_models.people.models import Student

_GONE = "The family is no longer on this PC. What you entered stays here."


def proposed_form(store: Store, proposal: Proposal, center: PeopleCenter, today: date) -> ParentsForm | StudentForm:
    """The form for the family's parents, or for the student, that is proposed something. Raises NotOpened."""
    with reading(store, proposal) as session:
        family_id = proposal.row_id
        if proposal.table == "student":
            student = session.get(Student, (store.organization_id, proposal.row_id))
            family_id = student.family_id if student is not None else ""
        face = load_family(session, store.organization_id, family_id)
    if face is None:
        raise NotOpened(_GONE)
    form: ParentsForm | StudentForm
    if proposal.table == "family":
        form = ParentsForm(face, center, today, with_note=proposal.touches("family", frozenset({"notes"})))
    else:
        one = next((each for each in face.students if each.student.id == proposal.row_id), None)
        if one is None:
            raise NotOpened(_GONE)
        form = StudentForm(one, own_part(center, store), today)
    form.show_proposal(proposal)
    return form
