"""Forms from the same models that check them: fields to draw, values as typed, and what is wrong beside each field."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from starlette.datastructures import UploadFile

LONG_TEXT = 120
"""A text that may be longer gets a box of several lines."""

M = TypeVar("M", bound=BaseModel)


class FieldError(BaseModel):
    """What is wrong with one field, as a sentence."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


@dataclass(frozen=True)
class Input:
    """One field as the page draws it (`templates/parts/forms.html`); `kind` is text, number, date, area or choice."""

    name: str
    label: str
    kind: str
    value: str = ""
    help: str = ""
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    error: str = ""


async def typed(request: Request) -> dict[str, str]:
    """What somebody typed into a form, field name to text; files and the CSRF field are left out."""
    form = await request.form()
    return {name: value for name, value in form.multi_items() if not isinstance(value, UploadFile) and name != "csrf"}


def check(model: type[M], values: Mapping[str, Any]) -> tuple[M | None, tuple[FieldError, ...]]:
    """The model made from what was typed, or what is wrong with it, a sentence each; unknown fields are left out."""
    known = {name: value for name, value in values.items() if name in model.model_fields}
    try:
        return model.model_validate(known), ()
    except ValidationError as trouble:
        return None, field_errors(trouble.errors(), model)


def inputs(
    model: type[BaseModel],
    values: Mapping[str, Any] | None = None,
    errors: Iterable[FieldError] = (),
    *,
    only: Sequence[str] | None = None,
) -> list[Input]:
    """The model's fields to draw, with what was typed and what is wrong with it."""
    wrong = {error.field: error.message for error in errors}
    names = only or list(model.model_fields)
    return [_input(name, model.model_fields[name], (values or {}).get(name), wrong.get(name, "")) for name in names]


def new_key() -> str:
    """A fresh idempotency key for a form: pressed twice, it counts once."""
    return secrets.token_urlsafe(16)


def field_errors(errors: Iterable[Any], model: type[BaseModel] | None = None) -> tuple[FieldError, ...]:
    """Pydantic's or FastAPI's errors as sentences, without the values that were sent; `model` knows what was wanted."""
    fields = model.model_fields if model is not None else {}
    return tuple(_error(error, fields) for error in errors)


def _error(error: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> FieldError:
    name = _where(error["loc"])
    info = fields.get(name.partition(".")[0])
    if error["type"] == "string_pattern_mismatch" and info is not None and info.description:
        said = f"This does not look right; wanted: {info.description}." if error.get("input") else "This is needed."
        return FieldError(field=name, message=said)
    return FieldError(field=name, message=_sentence(error))


def _where(loc: Sequence[Any]) -> str:
    parts = [str(part) for part in loc]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:]
    return ".".join(parts)


_SENTENCES = {
    "missing": "This is needed.",
    "extra_forbidden": "This field is not known here.",
    "string_too_short": "This is needed, with at least {min_length} characters.",
    "string_too_long": "At most {max_length} characters.",
    "string_pattern_mismatch": "This does not look right; please check its form.",
    "too_short": "At least {min_length}.",
    "too_long": "At most {max_length}.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "int_parsing": "A whole number, please.",
    "int_type": "A whole number, please.",
    "literal_error": "One of: {expected}.",
    "enum": "One of: {expected}.",
    "json_invalid": "This is not valid JSON.",
}


def _sentence(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind in ("too_short", "too_long") and isinstance(error.get("input"), str):
        kind = f"string_{kind}"
    if kind.startswith("date_"):
        return "A date, please, as in 2026-11-30."
    if kind == "string_too_short" and error.get("ctx", {}).get("min_length") == 1:
        return "This is needed."
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".") + "."


def _input(name: str, info: FieldInfo, value: Any, error: str) -> Input:
    extra = _constraints(info)
    shown = value if value is not None else ("" if info.is_required() else info.default)
    options = _options(info.annotation)
    return Input(
        name=name,
        label=info.title or name.replace("_", " ").capitalize(),
        kind=_kind(info.annotation, options, extra),
        value="" if shown is None else str(shown),
        help=info.description or "",
        required=info.is_required() or bool(extra.get("minlength")),
        options=options,
        attributes=tuple((key, str(text)) for key, text in extra.items() if key != "minlength"),
        error=error,
    )


def _kind(annotation: Any, options: tuple[tuple[str, str], ...], extra: Mapping[str, Any]) -> str:
    if options:
        return "choice"
    kinds = {_bare(annotation)}
    if date in kinds:
        return "date"
    if int in kinds:
        return "number"
    return "area" if int(extra.get("maxlength", 0)) > LONG_TEXT else "text"


def _bare(annotation: Any) -> Any:
    """The type below Optional and Annotated."""
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(kind for kind in get_args(annotation) if kind is not type(None)))
    return annotation


def _options(annotation: Any) -> tuple[tuple[str, str], ...]:
    bare = _bare(annotation)
    if get_origin(bare) is Literal:
        return tuple((str(choice), str(choice).replace("_", " ").capitalize()) for choice in get_args(bare))
    return ()


def _constraints(info: FieldInfo) -> dict[str, Any]:
    """What the browser may check before sending; the server checks again, with the same model."""
    found: dict[str, Any] = {}
    for rule in info.metadata:
        for ours, theirs in (("maxlength", "max_length"), ("minlength", "min_length"), ("min", "ge"), ("max", "le")):
            limit = getattr(rule, theirs, None)
            if limit is not None:
                found[ours] = limit
    if info.examples:
        found["placeholder"] = f"e.g. {info.examples[0]}"
    return found
