"""Reading the views: lists in pages by key, counts, searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.ports import (
    AuditFilter,
    AuditKey,
    AuditRow,
    InvalidCursorError,
    JobFilter,
    JobRow,
    Page,
    UnitRow,
)
from dragoman_gateway.views.cursors import cursor_of, key_of
from dragoman_gateway.views.tables import audit, from_micros, jobs, to_micros, units
from dragoman_runtime.projection import positions, translated_errors
