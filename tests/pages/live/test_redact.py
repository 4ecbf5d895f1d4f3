"""Tokens stay out of the server's logs."""

import logging

from pages.live.server.redact import redact_server_logs


def test_tokens_are_left_out_of_addresses(caplog):
    redact_server_logs()
    token = "Zx-81_kQ9abcdEFGH12345"
    with caplog.at_level(logging.INFO):
        logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "::1", "GET", f"/?run={token}", "1.1", 200)
        logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "::1", f"/live/{token}")
        logging.getLogger("uvicorn.error").info(f"closed /live/{token}")
    assert len(caplog.messages) == 3
    assert all(token not in message for message in caplog.messages)
    assert "200" in caplog.messages[0]
