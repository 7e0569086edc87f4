"""One signed call to a person's own address (Standard Webhooks), tried once; where it may go says `outbound.py`."""

import asyncio
import base64
import json
import secrets
from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict
from standardwebhooks import Webhook

from core.faults import Refused, SystemDown, Unknown
from fallbacks.outbound import ForbiddenTargetError, Outbound, Target

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
"""However slowly a receiver answers: longer than this and nobody knows what it did."""


class Message(BaseModel):
    """What is sent: `id` stays the same for one telling, so that a receiver can see a repetition."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str
    at: datetime
    data: dict[str, Any]

    def body(self) -> str:
        """The JSON that is signed, byte for byte."""
        said = {"type": self.type, "timestamp": self.at.isoformat(), "data": self.data}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def new_secret() -> str:
    """A fresh signing secret, as receivers take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhooks:
    """Calls receivers; no redirect is followed, no proxy of the environment used, no answer read beyond its status."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._tls = httpx.create_ssl_context()

    async def send(self, url: str, secret: str, message: Message) -> None:
        """Return when the receiver took it (2xx).

        Raises SystemDown when surely nothing was sent; Refused when it may not be called or said no (3xx, 4xx); Unknown
        when the call was on its way and nobody saw what came of it.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                target = await self._outbound.target(url)
        except ForbiddenTargetError as forbidden:
            raise Refused(str(forbidden)) from None
        except TimeoutError:
            raise SystemDown("this name is not known") from None
        status = await self._post(target, secret, message)
        if 300 <= status < 500:
            raise Refused(f"answer {status}")
        if not 200 <= status < 300:
            raise Unknown(f"answer {status}")

    async def _post(self, target: Target, secret: str, message: Message) -> int:
        body = message.body()
        headers = {
            "Host": target.host,
            "Content-Type": "application/json",
            "User-Agent": "Baton",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(message.at.timestamp())),
            "webhook-signature": Webhook(secret).sign(message.id, message.at, body),
        }
        named = {"sni_hostname": target.server_name}
        timeout = httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS)
        client = httpx.AsyncClient(verify=self._tls, timeout=timeout, trust_env=False, follow_redirects=False)
        try:
            async with asyncio.timeout(WHOLE_SECONDS), client:
                request = client.build_request("POST", target.url, content=body, headers=headers, extensions=named)
                answer = await client.send(request, stream=True)
                await answer.aclose()
                return answer.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise SystemDown(type(error).__name__) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unknown(type(error).__name__) from None
