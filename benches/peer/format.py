"""Alerts to mails, the way one would write it in Python: jinja2 and `email`, the templates of python_connector.py.

Reads alerts on standard input, one JSON object per line, and writes each mail's bytes. It shows less than tq-format-email
does: type, item, time, link and changes.
"""

import email.utils
import json
import sys
from email.message import EmailMessage

from python_connector import TEMPLATES


def mail(alert):
    kind, event = alert["object"], alert["event"].title()
    details = {"type": kind["type_name"], "item": kind["value"], "changed_at": alert["changed_at"][:19],
               "link": kind["link"], "changes": [change["field"] for change in alert.get("changes", [])]}
    message = EmailMessage()
    message["From"], message["To"] = "threatq@example.com", "soc@example.com"
    message["Subject"] = f"ThreatQ Watchlist: {kind['type_name']} {event}"
    message["Date"], message["Message-ID"] = email.utils.formatdate(), f"<{alert['id']}@example.com>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(TEMPLATES["watch.txt"].render(details))
    message.add_alternative(TEMPLATES["watch.html"].render(details), subtype="html")
    return message.as_bytes()


for line in sys.stdin:
    record = json.loads(line)
    if record["record"] == "alert":
        sys.stdout.buffer.write(mail(record))
