"""The official `openai` client against a gateway: what people's programs do, done once each.

    suite.py BASE_URL KEY DENIED_KEY LIMITED_KEY

The models are fakes with known behaviour: `m` says ten words, `tools` calls a function, `json` answers with an
object, `slow` never begins, `endless` says three words and falls silent.
Every function is one fact; the first that does not hold ends the program with a traceback and status 1.
"""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

BASE_URL, KEY, DENIED_KEY, LIMITED_KEY = sys.argv[1:5]
WORDS = "tok " * 10
QUESTION = [{"role": "user", "content": "hi"}]
TOOLS = [{
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}]


class Weather(BaseModel):
    city: str
    kelvin: int


def client(key=KEY, **more):
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, **more)


def refusal(kind, ask):
    """The error of that kind that the call must raise."""
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def a_chat_is_answered():
    answer = client().chat.completions.create(model="m", messages=QUESTION)
    assert answer.choices[0].message.content == WORDS, answer
    assert answer.model == "m" and answer.usage.completion_tokens == 10, answer


def raw_headers_are_read():
    raw = client().chat.completions.with_raw_response.create(model="m", messages=QUESTION)
    assert raw.headers["x-litellm-call-id"], raw.headers
    assert raw.parse().choices[0].finish_reason == "stop"


def a_stream_is_read_to_its_end():
    with client().chat.completions.create(model="m", messages=QUESTION, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == WORDS
    assert all(chunk.usage is None for chunk in chunks)


def a_stream_tells_its_usage_when_asked():
    options = {"include_usage": True}
    stream = client().chat.completions.create(
        model="m", messages=QUESTION, stream=True, stream_options=options
    )
    assert list(stream)[-1].usage.completion_tokens == 10


def the_stream_helper_accumulates():
    with client().chat.completions.stream(model="m", messages=QUESTION) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == WORDS


def tools_are_called():
    answer = client().chat.completions.create(model="tools", messages=QUESTION, tools=TOOLS)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "weather" and json.loads(call.function.arguments) == {"city": "Delft"}


def tools_are_called_in_a_stream():
    stream = client().chat.completions.create(model="tools", messages=QUESTION, tools=TOOLS, stream=True)
    name, arguments, finish = "", "", None
    for chunk in stream:
        choice = chunk.choices[0]
        for call in choice.delta.tool_calls or []:
            name += call.function.name or ""
            arguments += call.function.arguments or ""
        finish = choice.finish_reason or finish
    assert (name, json.loads(arguments), finish) == ("weather", {"city": "Delft"}, "tool_calls")


def structured_output_is_parsed():
    answer = client().chat.completions.parse(model="json", messages=QUESTION, response_format=Weather)
    assert answer.choices[0].message.parsed == Weather(city="Delft", kelvin=288), answer


def completions_are_answered():
    answer = client().completions.create(model="m", prompt="once", max_tokens=2)
    assert answer.choices[0].text == "tok tok " and answer.choices[0].finish_reason == "length"


def embeddings_are_unpacked():
    # The client asks for base64 and unpacks it by itself.
    answer = client().embeddings.create(model="m", input=["a", "b"])
    assert [item.embedding for item in answer.data] == [[0.0, 0.125, 0.25, 0.375], [0.125, 0.25, 0.375, 0.5]]
    assert answer.usage.prompt_tokens == 1
    floats = client().embeddings.create(model="m", input="a", encoding_format="float")
    assert floats.data[0].embedding == [0.0, 0.125, 0.25, 0.375]


def models_are_listed():
    assert {"m", "tools", "json"} <= {model.id for model in client().models.list()}
    assert client().models.retrieve("m").id == "m"


def errors_are_of_their_classes():
    def chat(key=KEY, **more):
        ask = {"model": "m", "messages": QUESTION, **more}
        return lambda: client(key).chat.completions.create(**ask)

    error = refusal(openai.AuthenticationError, chat("sk-nobody-knows-this"))
    assert error.code == "401" and error.type == "token_not_found_in_db", error
    error = refusal(openai.BadRequestError, chat(model="nobody-has-it"))
    assert error.code == "400" and "nobody-has-it" in error.message, error
    error = refusal(openai.BadRequestError, chat(temperature=9))
    assert "temperature" in error.message, error
    assert refusal(openai.PermissionDeniedError, chat(DENIED_KEY)).code == "403"
    chat(LIMITED_KEY)()
    error = refusal(openai.RateLimitError, chat(LIMITED_KEY))
    assert int(error.response.headers["retry-after"]) >= 1, error
    refusal(openai.RateLimitError, chat(LIMITED_KEY, stream=True))
    refusal(openai.InternalServerError, chat(model="broken"))
    refusal(openai.NotFoundError, lambda: client().models.retrieve("nobody-has-it"))


def an_error_within_a_stream_is_raised():
    def read():
        for _ in client().chat.completions.create(model="halves", messages=QUESTION, stream=True):
            pass

    error = refusal(openai.APIError, read)
    assert "error" in error.message.lower(), error


def a_client_gives_up_in_its_own_time():
    hurried = client(timeout=0.5)
    refusal(openai.APITimeoutError, lambda: hurried.chat.completions.create(model="slow", messages=QUESTION))


async def an_asynchronous_stream_is_left_in_the_middle():
    async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0) as hurried:
        stream = await hurried.chat.completions.create(model="endless", messages=QUESTION, stream=True)
        words = 0
        async for chunk in stream:
            words += bool(chunk.choices[0].delta.content)
            if words == 3:
                break
        await stream.close()
        # The client is as good as before.
        answer = await hurried.chat.completions.create(model="m", messages=QUESTION)
        assert answer.choices[0].message.content == WORDS


async def many_at_once_are_answered():
    async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0) as busy:
        asked = (busy.chat.completions.create(model="m", messages=QUESTION) for _ in range(30))
        answers = await asyncio.gather(*asked)
    assert all(answer.choices[0].message.content == WORDS for answer in answers)


FACTS = [
    a_chat_is_answered,
    raw_headers_are_read,
    a_stream_is_read_to_its_end,
    a_stream_tells_its_usage_when_asked,
    the_stream_helper_accumulates,
    tools_are_called,
    tools_are_called_in_a_stream,
    structured_output_is_parsed,
    completions_are_answered,
    embeddings_are_unpacked,
    models_are_listed,
    errors_are_of_their_classes,
    an_error_within_a_stream_is_raised,
    a_client_gives_up_in_its_own_time,
    an_asynchronous_stream_is_left_in_the_middle,
    many_at_once_are_answered,
]

for fact in FACTS:
    print(fact.__name__, flush=True)
    if asyncio.iscoroutinefunction(fact):
        asyncio.run(fact())
    else:
        fact()
print("all hold", flush=True)
