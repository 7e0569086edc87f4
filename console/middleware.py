"""What stands before every page: strict headers, a ceiling for what may be sent, and the proof that a form is ours."""

import re
import secrets
from collections.abc import Sequence

from secure import ContentSecurityPolicy, ReferrerPolicy, Secure, XContentTypeOptions, XFrameOptions
from secure.headers import CrossOriginOpenerPolicy, PermissionsPolicy
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_csrf.middleware import CSRFMiddleware

from console.codec_door import PREFIX as CODEC
from console.codec_door import asked_by
from console.problems import Problem, answer

FORM_LIMIT = 64 * 1024
FILE_LIMIT = 5 * 1024 * 1024
ANSWER_LIMIT = 16 * 1024 * 1024
"""An answer from a phone may bring three photos."""
UPLOADS = re.compile(r"^/(api/)?(files|entries)(/|$)")
"""Addresses that take files, and so may be sent more."""
ANSWERS = re.compile(r"^/answers/")
CSRF_COOKIE = "baton_csrf"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"


def headers() -> Secure:
    """Nothing from other hosts, nothing inline, nobody frames us."""
    policy = (
        ContentSecurityPolicy()
        .default_src("'self'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:")
        .font_src("'self'")
        .connect_src("'self'")
        .object_src("'none'")
        .base_uri("'none'")
        .form_action("'self'")
        .frame_ancestors("'none'")
    )
    return Secure(
        csp=policy,
        coop=CrossOriginOpenerPolicy().same_origin(),
        permissions=PermissionsPolicy().camera().microphone().geolocation(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )


class Ceiling:
    """Refuses what is too large before anybody reads it, and hands the rest on as one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to its limit; 413 with a plain sentence above it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = _limit(scope["path"])
        body = await _read(receive, limit)
        if body is None:
            request = Request(scope)
            await answer(request, _too_large(limit))(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)


def _limit(path: str) -> int:
    if ANSWERS.match(path):
        return ANSWER_LIMIT
    return FILE_LIMIT if UPLOADS.match(path) or path.startswith(CODEC) else FORM_LIMIT


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None once it is larger than the limit."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(pieces)
        size += len(message.get("body", b""))
        if size > limit:
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, then whatever the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large(limit: int) -> Problem:
    size = f"{limit // 1024} KB" if limit < 1024 * 1024 else f"{limit // (1024 * 1024)} MB"
    return Problem(
        413,
        "too_large",
        f"This is larger than {size}, the most that is taken here.",
        kept="Nothing of it was kept.",
        todo="Send less at once; a large file can be split into several.",
    )


class FormProof(CSRFMiddleware):
    """CSRF protection by a signed token in a cookie and in the form (field `csrf`) or a header (`X-CSRF-Token`).

    A request with a bearer token needs none: browsers never send that by themselves. The Temporal UI has no form of
    ours: its origin, which the browser names, is its proof at the codec and nowhere else.
    """

    def __init__(
        self, app: ASGIApp, *, key: str, secure: bool, exempt: Sequence[str] = (), temporal_ui: str = ""
    ) -> None:
        super().__init__(
            app,
            key,
            cookie_name=CSRF_COOKIE,
            cookie_secure=secure,
            cookie_httponly=True,
            header_name=CSRF_HEADER,
            exempt_urls=[re.compile(path) for path in exempt],
        )
        self._temporal_ui = temporal_ui

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through when it reads only, carries a bearer token, or proves that its form is ours."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        kept = request.cookies.get(self.cookie_name, "")
        usable = bool(kept) and self._csrf_tokens_match(kept, kept)
        token = kept if usable else self._generate_csrf_token()
        scope.setdefault("state", {})["csrf"] = token
        if not usable:
            send = self._with_cookie(send, token)
        ours = _has_bearer(request) or asked_by(request, self._temporal_ui)
        if scope["method"] in self.safe_methods or ours:
            await self.app(scope, receive, send)
            return
        receive, shown = await self._shown(scope, receive)
        if not usable or not shown or not self._csrf_tokens_match(kept, shown):
            await answer(request, _unproven())(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _shown(self, scope: Scope, receive: Receive) -> tuple[Receive, str]:
        """The token that the request shows, and the body unread again."""
        request = Request(scope, receive)
        if CSRF_HEADER in request.headers:
            return receive, request.headers[CSRF_HEADER]
        body = await request.body()
        again = Request(scope, _replay(body, receive))
        try:
            form = await again.form()
        except MultiPartException:
            return _replay(body, receive), ""
        shown = form.get(CSRF_FIELD, "")
        await form.close()
        return _replay(body, receive), shown if isinstance(shown, str) else ""

    def _generate_csrf_token(self) -> str:
        return str(self.serializer.dumps(secrets.token_urlsafe(32)))

    def _with_cookie(self, send: Send, token: str) -> Send:
        secure = "; Secure" if self.cookie_secure else ""
        cookie = f"{self.cookie_name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"set-cookie", cookie.encode("latin-1"))]
            await send(message)

        return sending


def _has_bearer(request: Request) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer ")


def _unproven() -> Problem:
    return Problem(
        403,
        "form_expired",
        "This form was not sent from a page of this console, or its page is too old.",
        kept="Nothing was changed.",
        todo="Go back, load the page again and send the form once more.",
    )
