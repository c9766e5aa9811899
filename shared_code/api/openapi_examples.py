"""Examples of the OpenAPI document: bodies as clients send them, and answers made from their schemas.

Source: REST API; its own examples are among these.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

_DAY: Final = {
    "date": "2025-04-20",
    "occupancy": 0.8,
    "driveInRatio": 0.5,
    "captureRatio": 0.75,
    "valetDaily": 12,
    "selfDaily": 3,
    "valetComps": 1,
}
_OTHER_REVENUE: Final = {
    "version": 3,
    "billableExpense": 500.00,
    "revenueValidation": 120.00,
    "miscellaneous": -40.00,
    "gpoFees": -75.00,
}

BODIES: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "put_statistics": {
        "days": {"version": 4, "days": [_DAY]},
        "spread": {"statistics": {"occupancy": 0.7, "valetVehicles": 1250}, "spread": "even", "overwrite": True},
    },
    "copy_days": {"budget": {"from": "budget", "dates": ["2025-04-21", "2025-04-22"], "dryRun": True}},
    "put_payroll": {
        "hours": {
            "version": 2,
            "inputMode": "hours",
            "entries": [{"date": "2025-04-21", "jobGroupId": "valet", "hours": 8}],
        },
        "cost": {"inputMode": "cost", "entries": [{"date": "2025-04-22", "jobGroupId": "valet", "cost": 120.00}]},
    },
    "copy_schedule": {"schedule": {"from": "schedule", "dates": ["2025-04-23"], "overwrite": True}},
    "calculate_labor_cost": {
        "rate": {
            "period": "2025-04",
            "entries": [{"jobCode": "VLT1", "hours": 10, "rate": 20.00}],
            "include": ["pteb"],
        },
    },
    "put_parking_rates": {
        "months": {
            "version": 1,
            "rates": [
                {"month": "2025-06", "category": "valetDaily", "rate": 25.00},
                {"month": "2025-07", "category": "valetDaily", "rate": None},
            ],
            "carryForward": False,
        },
    },
    "put_external_revenue": {
        "adjustment": {"adjustmentPercent": -0.05, "note": "Discount of the hotel"},
        "override": {"override": {"amount": 42000.00, "reason": "agreed with the client"}},
    },
    "put_internal_revenue": {
        "adjustment": {"adjustments": [{"category": "fixedFee", "amount": -250.00, "reason": "credit of March"}]},
    },
    "put_other_revenue": {"month": _OTHER_REVENUE},
    "put_other_expenses": {"month": {"version": 3, "uniforms": 350, "suppliesAndEquipment": None}},
    "put_forecast": {
        "sections": {
            "otherRevenue": {"version": 3, "gpoFees": -75.00},
            "otherExpenses": {"version": 3, "uniforms": 350},
        },
    },
    "put_rate": {
        "fixed": {
            "site_id": "TP001",
            "hourly_rate": 18.50,
            "effective_date": "2025-05-01",
            "calculation_method": "fixed",
            "reason": "new scale",
        },
    },
    "calculate": {
        "site": {
            "site_id": "TP001",
            "method": "average",
            "date_from": "2025-04-01",
            "date_to": "2025-04-14",
            "dry_run": True,
        },
        "all": {"all": True},
    },
    "post_note": {"line": {"text": "Convention until the 12th", "line": "externalRevenue", "date": "2025-04-12"}},
    "post_action": {"submit": {"action": "submit", "comment": "Ready for review"}},
    "post_snapshot": {"all": {"name": "Forecast of record 2025-05", "period": "2025-05", "all": True}},
    "post_job_group": {"group": {"title": "Bell staff"}},
    "patch_job_group": {"title": {"title": "Valet and bell"}},
    "patch_job_code": {"title": {"title": "Valet attendant", "isProductive": True}},
    "assign_job_codes": {"valet": {"jobCodes": ["VLT1", "VLT2"], "jobGroupId": "valet"}},
    "switch_job_codes": {"off": {"jobCodes": ["VLT2"], "isActive": False}},
}
"""Bodies by operation and name; those of other operations are made from their schemas."""

_TEXTS: Final[Mapping[str, str]] = {
    "siteId": "TP001",
    "site_id": "TP001",
    "siteName": "Grand Hotel",
    "period": "2025-04",
    "month": "2025-04",
    "jobCode": "VLT1",
    "job_code": "VLT1",
    "job_code_id": "VLT1",
    "jobGroupId": "valet",
    "newGroupId": "valet",
    "jobGroup": "Valet",
    "jobFamily": "Valet",
    "jobFamilyId": "valet",
    "title": "Valet",
    "job_title": "Valet",
    "updatedBy": "am1@example.com",
    "updated_by": "am1@example.com",
    "createdBy": "am1@example.com",
    "userId": "am1@example.com",
    "displayName": "am1@example.com",
    "district": "ALPHA",
    "districts": "ALPHA",
    "region": "EAST",
    "regions": "EAST",
    "organizationId": "ALPHA",
    "timeZone": "America/New_York",
    "businessTimeZone": "America/New_York",
    "account": "7045",
    "message": "Statistics retrieved successfully",
    "requestId": "req_abc123",
    "version": "1.0",
    "roles": "account_manager",
    "scopes": "forecasting:read",
    "label": "Apr",
    "timeframe": "12m",
    "schedule": "0 0 5 * * *",
}
"""Values of texts by the name of their field; others are shown by this name."""

_FRACTIONS: Final = frozenset({"occupancy", "driveInRatio", "captureRatio", "completeness"})
_DATE: Final = "2025-04-15"
_MOMENT: Final = "2025-07-18T19:47:33.976Z"
_DEEPEST: Final = 30


def bodies_of(operation: str, schema: Schema, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """The examples of an operation's body, as the document holds them."""
    found = BODIES.get(operation) or {"body": example_of(schema, schemas)}
    return {name: {"value": body} for name, body in found.items()}


def example_of(schema: Schema, schemas: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that the schema admits: every member, one element of each list, values by the name of their field."""
    if depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth + 1)
    if "const" in schema:
        return schema["const"]
    for chosen in ("examples", "enum"):
        if schema.get(chosen):
            return schema[chosen][0]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return example_of(_fullest(choices), schemas, name, depth)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return _object(schema, schemas, depth)
    if kind == "array":
        count = 0 if schema.get("maxItems") == 0 else schema.get("minItems", 1)
        return [example_of(schema.get("items", {}), schemas, name, depth + 1)] * count
    return _scalar(kind, schema, name)


def _fullest(choices: Sequence[Schema]) -> Schema:
    """The first choice that is not null."""
    return next((one for one in choices if one.get("type") != "null"), choices[0])


def _object(schema: Schema, schemas: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    if not properties and isinstance(others, Mapping) and others:
        return {"occupancy": example_of(others, schemas, "occupancy", depth + 1)}
    return {
        member: example_of(one, schemas, member, depth + 1)
        for member, one in properties.items()
        if not one.get("readOnly")
    }


def _scalar(kind: str | None, schema: Schema, name: str) -> Any:
    if kind == "boolean":
        return name in {"editable", "isActive", "success"}
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "number":
        return 0.85 if name in _FRACTIONS else 1250.0
    if kind == "string":
        return {"date": _DATE, "date-time": _MOMENT}.get(schema.get("format", ""), _TEXTS.get(name, name or "text"))
    return None
