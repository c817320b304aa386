"""The standard catalog that every organization starts with: 13 subjects with 90 topics and 23 services (product §3).

Ids derive from organization and code, so that seeding twice, or on two PCs, makes the same rows.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

import resources
from shared_models.base import derived_id
from shared_models.catalog.models import Service, Subject, Topic
from shared_models.sync.hook import ChangeRecorder


def service_id(organization_id: str, code: str) -> str:
    """The id of a standard service."""
    return derived_id(organization_id, "service", code)


def service_offered_id(organization_id: str, service: str, location: str) -> str:
    """The id of a service as one location offers it."""
    return derived_id(organization_id, "service_offered", service, location)


def subject_id(organization_id: str, name: str) -> str:
    """The id of a standard subject."""
    return derived_id(organization_id, "subject", name)


def topic_id(organization_id: str, subject: str, name: str) -> str:
    """The id of a standard topic, by the names of its subject and its own."""
    return derived_id(organization_id, "topic", subject, name)


def seed_catalog(recorder: ChangeRecorder, session: Session, organization_id: str) -> None:
    """Add the standard subjects, topics and services that the organization does not have yet."""

    def own(row_id: str) -> dict[str, str]:
        return {"organization_id": organization_id, "id": row_id}

    subjects: list[dict[str, Any]] = []
    topics: list[dict[str, Any]] = []
    for place, subject in enumerate(_read("subjects")):
        name = subject["name"]
        subjects.append(
            {**own(subject_id(organization_id, name)), "name": name, "is_standard": True, "position": place}
        )
        topics += [
            {
                **own(topic_id(organization_id, name, topic)),
                "subject_id": subject_id(organization_id, name),
                "name": topic,
                "is_standard": True,
                "position": topic_place,
            }
            for topic_place, topic in enumerate(subject["topics"])
        ]
    services = [
        {
            **own(service_id(organization_id, service["code"])),
            **{
                name: service[name]
                for name in ("code", "name", "format", "level", "default_capacity", "product_type")
            },
            "position": place,
        }
        for place, service in enumerate(_read("services"))
    ]
    recorder.insert_rows(session, Subject, subjects, skip_existing=True)
    recorder.insert_rows(session, Topic, topics, skip_existing=True)
    recorder.insert_rows(session, Service, services, skip_existing=True)


@cache
def _read(name: str) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = json.loads(resources.path(f"seed/{name}.json").read_text("utf-8"))
    return content[name]
