from __future__ import annotations

import io

from qwen_code.events import RequestStarted, Retried
from qwen_code.ui.progress import Progress


def test_a_reason_that_stays_the_same_is_said_once_a_request() -> None:
    err = io.StringIO()
    progress = Progress(err)
    for event in (RequestStarted(1), Retried(1, "It is down.", 0.4), Retried(2, "It is down.", 3.2)):
        progress.show(event)
    progress.show(RequestStarted(2))
    progress.show(Retried(1, "It is down.", 1.0))
    assert err.getvalue().splitlines() == [
        "· It is down; trying again at once (attempt 1)",
        "· trying again in 3 s (attempt 2)",
        "· It is down; trying again in 1 s (attempt 1)",
    ]
