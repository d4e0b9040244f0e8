"""The official `openai` and `anthropic` clients before limits that are reached.

    limits.py BASE_URL MINUTE_KEY DAY_KEY WINDOWED_KEY SPENT_KEY

The keys may ask once a minute, once a day, nothing before tomorrow, and nothing ever.
Every function is one fact; the first that does not hold ends the program with a traceback and status 1.
"""

import sys
import time
from datetime import datetime, timedelta, timezone

import anthropic
import openai

BASE_URL, MINUTE_KEY, DAY_KEY, WINDOWED_KEY, SPENT_KEY = sys.argv[1:6]
QUESTION = [{"role": "user", "content": "hi"}]


def clients(key):
    """Each client with its way to ask. They may try twice again, as they do where nobody says otherwise."""
    of_openai = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=key, max_retries=2)
    of_anthropic = anthropic.Anthropic(base_url=BASE_URL, api_key=key, max_retries=2)
    return [
        (of_openai, openai, lambda c: c.chat.completions.create(model="m", messages=QUESTION)),
        (of_openai, openai, lambda c: c.responses.create(model="m", input="hi")),
        (of_anthropic, anthropic, lambda c: c.messages.create(model="m", max_tokens=9, messages=QUESTION)),
    ]


def refusal(kind, ask):
    """The error of that kind that the call must raise, at once."""
    began = time.monotonic()
    try:
        ask()
    except kind as error:
        assert time.monotonic() - began < 10, "the client tried again in vain"
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def facts_of(error):
    """The object with the limit, where each client keeps the body."""
    body = error.body.get("error", error.body)
    return body["weighhouse"]


def use_up(client, library, ask):
    """Takes what the key still may ask, which on a slow machine comes back between two facts."""
    try:
        ask(client.with_options(max_retries=0))
    except library.RateLimitError:
        pass


def is_moment(text, at_most):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return timedelta(0) < moment - datetime.now(timezone.utc) <= at_most


def a_limit_of_a_minute_says_when_to_ask_again():
    for client, library, ask in clients(MINUTE_KEY):
        use_up(client, library, ask)
        error = refusal(library.RateLimitError, lambda: ask(client.with_options(max_retries=0)))
        headers = error.response.headers
        wait = client._parse_retry_after_header(headers)
        assert 0 < wait <= 61 and "x-should-retry" not in headers, headers
        facts = facts_of(error)
        assert (facts["scope"], facts["limit_type"]) == ("api_key", "requests"), facts
        assert (facts["limit"], facts["remaining"]) == (1, 0), facts
        assert is_moment(facts["reset_at"], timedelta(seconds=62)), facts
        if library is openai:
            assert headers["x-ratelimit-limit-requests"] == "1", headers
            assert headers["x-ratelimit-remaining-requests"] == "0", headers
            assert headers["x-ratelimit-reset-requests"].endswith("s"), headers
        else:
            assert error.type == "rate_limit_error", error
            assert headers["anthropic-ratelimit-requests-limit"] == "1", headers
            assert headers["anthropic-ratelimit-requests-remaining"] == "0", headers
            assert is_moment(headers["anthropic-ratelimit-requests-reset"], timedelta(seconds=62)), headers


def nobody_sleeps_until_tomorrow():
    use_up(*clients(DAY_KEY)[0])
    for client, library, ask in clients(DAY_KEY):
        error = refusal(library.RateLimitError, lambda: ask(client))
        assert client._parse_retry_after_header(error.response.headers) > 3600, error.response.headers
        assert facts_of(error)["limit_type"] == "requests_per_day", error.body


def a_budget_with_windows_says_when_the_next_one_begins():
    for client, library, ask in clients(WINDOWED_KEY):
        error = refusal(library.APIStatusError, lambda: ask(client))
        # A budget of nothing bears no call in any window.
        assert "retry-after" not in error.response.headers, error.response.headers
        facts = facts_of(error)
        assert facts["limit_type"] == "budget" and "reset_at" not in facts, facts
        assert "The next window of this budget begins at" in str(error), error


def a_spent_budget_is_final():
    for client, library, ask in clients(SPENT_KEY):
        kind = openai.UnprocessableEntityError if library is openai else anthropic.RateLimitError
        error = refusal(kind, lambda: ask(client))
        headers = error.response.headers
        assert headers["x-should-retry"] == "false" and "retry-after" not in headers, headers
        facts = facts_of(error)
        assert (facts["limit"], facts["settled"], facts["held"]) == (0, 0, 0), facts
        if library is anthropic:
            assert error.type == "billing_error", error


FACTS = [
    a_limit_of_a_minute_says_when_to_ask_again,
    nobody_sleeps_until_tomorrow,
    a_budget_with_windows_says_when_the_next_one_begins,
    a_spent_budget_is_final,
]

for fact in FACTS:
    print(fact.__name__, flush=True)
    fact()
print("all hold", flush=True)
