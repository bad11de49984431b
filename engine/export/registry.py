"""Which formats there are to export to."""

from __future__ import annotations

from glotmill.engine.export.contract import ExporterMember
from glotmill.schemas.members import Members

EXPORTERS: Members[ExporterMember] = Members(
    "glotmill.engine.export",
    "glotmill.exporters",
    ExporterMember,
    "format",
    order=("llava", "sharegpt", "swift", "trl", "axolotl", "mblip", "webdataset"),
)
