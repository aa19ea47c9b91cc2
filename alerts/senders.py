"""The ways out: e-mail, a signed webhook, and chats that take Slack's webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import time
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext as _

from alerts.addresses import key_of
from alerts.composing import site_link
from alerts.models import Channel, Delivery
from alerts.outgoing import NotSent, post

#: What may work a little later, though the answer says that it is the sender's fault.
TRY_AGAIN = {408, 425, 429}
SLACK_LISTS = 25


def mail_goes_nowhere() -> bool:
    """No mail server is configured: e-mail is only written to the console or to a folder, or thrown away."""
    return settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".filebased.EmailBackend", ".dummy.EmailBackend"))


def send(delivery: Delivery) -> None:
    """Hand it over; returns when the other side has accepted it, else raises ``NotSent``."""
    if delivery.channel is None:
        _mail(delivery)
    elif not delivery.channel.is_enabled:
        raise NotSent(_("The channel %(name)s is switched off.") % {"name": delivery.channel}, permanent=True)
    elif delivery.channel.kind == Channel.Kind.SLACK:
        _post(delivery.channel, json.dumps({"text": slack_text(delivery)}).encode(), {})
    else:
        body = json.dumps({"id": _id(delivery), **delivery.data}, ensure_ascii=False).encode()
        _post(delivery.channel, body, signature(delivery.channel.secret, _id(delivery), body, int(time.time())))


def _id(delivery: Delivery) -> str:
    """The same at each try, so that receivers can leave out what they know."""
    return delivery.message_id.strip("<>")


def signature(secret: str, name: str, body: bytes, at: int) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time and body."""
    signed = b".".join([name.encode(), str(at).encode(), body])
    told = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": f"v1,{told}"}


def _post(channel: Channel, body: bytes, headers: dict[str, str]) -> None:
    named = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Shelfwise", **headers}
    status = post(channel.url, body, named, allows_private=channel.may_be_private)
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        reason = _("%(name)s answered %(status)d: it sends on to another address, which is not followed.")
    else:
        reason = _("%(name)s answered %(status)d.")
    is_final = 300 <= status < 500 and status not in TRY_AGAIN
    raise NotSent(reason % {"name": channel.name, "status": status}, permanent=is_final)


def slack_text(delivery: Delivery) -> str:
    """Slack reads three characters as markup wherever they stand."""
    data = delivery.data
    lines = [f"*{_plain(delivery.subject)}*"]
    lines += [f"• {_plain(alert['sentence'])}" for alert in data["alerts"][:SLACK_LISTS]]
    more = data["count"] - min(len(data["alerts"]), SLACK_LISTS)
    if more > 0:
        lines.append(f"… +{more}")
    return "\n".join([*lines, f"<{data['link']}>"])


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mail(delivery: Delivery) -> None:
    address = delivery.subscription.user.email
    if not address:
        reason = _("%(person)s has no e-mail address.") % {"person": delivery.subscription.user}
        raise NotSent(reason, permanent=True)
    message = EmailMultiAlternatives(delivery.subject, delivery.text, to=[address], headers=_headers(delivery))
    if delivery.html:
        message.attach_alternative(delivery.html, "text/html")
    try:
        _hand_over(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, why = next(iter(error.recipients.values()))
        raise NotSent(f"{address}: {code} {_decoded(why)}", permanent=code >= 500) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        code, why = error.smtp_code, _decoded(error.smtp_error)
        raise NotSent(f"{settings.EMAIL_HOST}: {code} {why}", permanent=code >= 500) from error
    except (smtplib.SMTPException, OSError) as error:
        reason = _("The mail server %(host)s could not be used: %(why)s") % {"host": settings.EMAIL_HOST, "why": error}
        raise NotSent(reason, is_down=True) from error
    except ValueError as error:
        raise NotSent(f"{address}: {error}", permanent=True) from error


def _hand_over(message: EmailMultiAlternatives) -> None:
    """An error in saying good-bye comes after the mail was accepted: it must not be sent again for that."""
    connection = get_connection()
    connection.open()
    try:
        connection.send_messages([message])
    finally:
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def _headers(delivery: Delivery) -> dict[str, str]:
    """RFC 8058: the reader's mail program may unsubscribe with one click."""
    return {
        "Message-ID": delivery.message_id,
        "List-Unsubscribe": f"<{site_link('unsubscribe', delivery.subscription.token)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }


def _decoded(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
