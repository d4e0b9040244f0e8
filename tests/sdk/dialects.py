"""The official clients of OpenAI (chat and responses), Anthropic and Google against every kind of provider.

    dialects.py ADDRESS KEY [only]

The models `via-chat`, `via-responses`, `via-anthropic` and `via-gemini` are strict fakes that behave like a small
model: they repeat what was said, call the tools that they are told to call, say what the tools said, and keep to a
schema. Every function of a client class is one fact; all of them are shown for all sixteen pairs. The program ends
with status 1 and every pair's failures.
"""

import base64
import json
import struct
import sys
import traceback
import zlib

import anthropic
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types

ADDRESS, KEY = sys.argv[1:3]
ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
MODELS = ["via-chat", "via-responses", "via-anthropic", "via-gemini"]

HELLO = "hello there"
ECHO = "You said: hello there"
ASK_TOOLS = "please call get_weather and get_time"
TOOL_WORDS = {"get_weather": "sunny", "get_time": "noon"}
TOLD = "The tool said: sunny | noon"
SCHEMAS = {
    "get_weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "get_time": {
        "type": "object",
        "properties": {"zone": {"type": "string", "enum": ["utc", "local"]}},
        "required": ["zone"],
        "additionalProperties": False,
    },
}
ARGUMENTS = {"get_weather": {"city": "x"}, "get_time": {"zone": "utc"}}
ANSWER_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "kelvin": {"type": "integer"}},
    "required": ["city", "kelvin"],
    "additionalProperties": False,
}


def png():
    """A picture of one pixel."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


PNG = base64.b64encode(png()).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").decode()


def holds(condition, *what):
    if not condition:
        raise AssertionError(*what)


def refusal(kind, ask):
    """The error of that kind that the call must raise."""
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


class Chat:
    """openai.chat.completions"""

    tools = [
        {"type": "function", "function": {"name": name, "description": f"runs {name}", "parameters": schema}}
        for name, schema in SCHEMAS.items()
    ]

    def __init__(self):
        self.client = openai.OpenAI(base_url=f"{ADDRESS}/v1", api_key=KEY, max_retries=0)

    def create(self, model, messages, **more):
        return self.client.chat.completions.create(model=model, messages=messages, **more)

    def text(self, model):
        messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": HELLO}]
        # Models that reason take no temperature.
        more = {} if model == "via-responses" else {"temperature": 0.5}
        answer = self.create(model, messages, max_tokens=100, **more)
        holds(answer.choices[0].message.content == ECHO, answer)
        holds(answer.choices[0].finish_reason == "stop", answer)
        holds(answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer)
        holds(answer.model == model, answer)

    def stream(self, model):
        options = {"include_usage": True}
        chunks = list(self.create(
            model, [{"role": "user", "content": HELLO}], stream=True, stream_options=options
        ))
        words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        holds(words == ECHO, words)
        holds(chunks[-1].usage.completion_tokens > 0, chunks[-1])
        holds([chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop", chunks)

    def parallel_tools_streamed(self, model):
        with self.client.chat.completions.stream(
            model=model, messages=[{"role": "user", "content": ASK_TOOLS}], tools=self.tools
        ) as stream:
            for _ in stream:
                pass
            answer = stream.get_final_completion()
        calls = answer.choices[0].message.tool_calls
        holds({call.function.name: json.loads(call.function.arguments) for call in calls} == ARGUMENTS, answer)
        holds(answer.choices[0].finish_reason == "tool_calls", answer)

    def turns_with_tools_and_reasoning(self, model):
        messages = [{"role": "user", "content": ASK_TOOLS}]
        first = self.create(model, messages, tools=self.tools, reasoning_effort="low", max_tokens=4000)
        message = first.choices[0].message
        holds(len(message.tool_calls) == 2, first)
        messages.append(message.to_dict())
        for call in message.tool_calls:
            words = TOOL_WORDS[call.function.name]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": words})
        second = self.create(model, messages, tools=self.tools, reasoning_effort="low", max_tokens=4000)
        holds(second.choices[0].message.content == TOLD, second)
        if model in ("via-anthropic", "via-gemini"):
            holds(first.choices[0].message.reasoning_content == "Let me think.", first)

    def picture_and_document(self, model):
        content = [
            {"type": "text", "text": HELLO},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
        ]
        answer = self.create(model, [{"role": "user", "content": content}])
        holds(answer.choices[0].message.content == ECHO, answer)

    def structured_output(self, model):
        form = {"type": "json_schema", "json_schema": {"name": "place", "schema": ANSWER_SCHEMA, "strict": True}}
        answer = self.create(model, [{"role": "user", "content": HELLO}], response_format=form)
        holds(json.loads(answer.choices[0].message.content) == {"city": "x", "kelvin": 1}, answer)

    def an_unknown_model_is_refused(self, _model):
        error = refusal(openai.BadRequestError, lambda: self.create("nobody", [{"role": "user", "content": "a"}]))
        holds("nobody" in str(error), error)

    def a_stream_is_given_up(self, model):
        with self.create(model, [{"role": "user", "content": HELLO}], stream=True) as stream:
            next(iter(stream))


class Responses:
    """openai.responses"""

    tools = [
        {"type": "function", "name": name, "description": f"runs {name}", "parameters": schema, "strict": False}
        for name, schema in SCHEMAS.items()
    ]

    def __init__(self):
        self.client = openai.OpenAI(base_url=f"{ADDRESS}/v1", api_key=KEY, max_retries=0)

    def create(self, model, input, **more):
        return self.client.responses.create(model=model, input=input, **more)

    def text(self, model):
        answer = self.create(model, HELLO, instructions="be brief", max_output_tokens=100)
        holds(answer.output_text == ECHO, answer)
        holds(answer.status == "completed" and answer.id.startswith("resp_"), answer)
        holds(answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer)
        holds(answer.model == model, answer)

    def stream(self, model):
        with self.client.responses.stream(model=model, input=HELLO) as stream:
            events = list(stream)
            final = stream.get_final_response()
        words = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        holds(words == ECHO and final.output_text == ECHO, events)
        numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
        holds(numbers == sorted(numbers), numbers)
        holds(final.usage.output_tokens > 0, final)

    def parallel_tools_streamed(self, model):
        with self.client.responses.stream(model=model, input=ASK_TOOLS, tools=self.tools) as stream:
            for _ in stream:
                pass
            answer = stream.get_final_response()
        calls = [item for item in answer.output if item.type == "function_call"]
        holds({call.name: json.loads(call.arguments) for call in calls} == ARGUMENTS, answer)

    def turns_with_tools_and_reasoning(self, model):
        said = [{"role": "user", "content": ASK_TOOLS}]
        more = {
            "tools": self.tools, "reasoning": {"effort": "low", "summary": "auto"}, "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        first = self.create(model, said, **more)
        calls = [item for item in first.output if item.type == "function_call"]
        holds(len(calls) == 2, first)
        if model != "via-chat":
            holds(any(item.type == "reasoning" for item in first.output), first)
        said += [item.to_dict() for item in first.output]
        for call in calls:
            output = TOOL_WORDS[call.name]
            said.append({"type": "function_call_output", "call_id": call.call_id, "output": output})
        second = self.create(model, said, **more)
        holds(second.output_text == TOLD, second)

    def picture_and_document(self, model):
        content = [
            {"type": "input_text", "text": HELLO},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
        ]
        answer = self.create(model, [{"role": "user", "content": content}])
        holds(answer.output_text == ECHO, answer)

    def structured_output(self, model):
        form = {"type": "json_schema", "name": "place", "schema": ANSWER_SCHEMA, "strict": True}
        answer = self.create(model, HELLO, text={"format": form})
        holds(json.loads(answer.output_text) == {"city": "x", "kelvin": 1}, answer)

    def tokens_are_counted(self, model):
        counted = self.client.responses.input_tokens.count(model=model, input=HELLO)
        holds(counted.input_tokens > 0, counted)

    def a_coding_agents_conversation(self, model):
        """What Codex sends, turn after turn: developer messages, a namespace of tools, a custom tool, no store."""
        tools = self.tools + [
            {"type": "custom", "name": "apply_patch", "description": "patches", "format": {"type": "text"}},
            {"type": "namespace", "name": "files", "description": "works on files", "tools": [
                {"type": "function", "name": "read", "description": "reads", "strict": False, "parameters": {
                    "type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"],
                }},
            ]},
        ]
        said = [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "you are Codex"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": HELLO}]},
        ]
        more = {
            "tools": tools, "store": False, "include": ["reasoning.encrypted_content"], "parallel_tool_calls": True,
            "prompt_cache_key": "thread-1", "reasoning": {"effort": "low"}, "tool_choice": "auto",
        }
        for turn in range(4):
            with self.create(model, said, stream=True, **more) as stream:
                answer = list(stream)[-1].response
            said += [item.to_dict() for item in answer.output]
            calls = [item for item in answer.output if item.type == "function_call"]
            if turn % 2 == 1:
                holds(len(calls) == 2, turn, answer)
                for call in calls:
                    said.append({"type": "function_call_output", "call_id": call.call_id, "output": "it rains"})
            else:
                holds(not calls and answer.output_text, turn, answer)
                content = [{"type": "input_text", "text": ASK_TOOLS}]
                said.append({"type": "message", "role": "user", "content": content})

    def an_unknown_model_is_refused(self, _model):
        error = refusal(openai.BadRequestError, lambda: self.create("nobody", "a"))
        holds("nobody" in str(error), error)

    def a_stream_is_given_up(self, model):
        with self.create(model, HELLO, stream=True) as stream:
            next(iter(stream))

    def a_kept_response_is_gone_on_from(self, model):
        if model != "via-responses":
            # What the key never made is not there, whoever would keep it.
            refusal(openai.NotFoundError, lambda: self.create(model, "more", previous_response_id="resp_x"))
            return
        first = self.create(model, HELLO)
        second = self.create(model, "and again", previous_response_id=first.id)
        holds(second.output_text == "You said: and again", second)
        holds(self.client.responses.retrieve(first.id).id == first.id)
        holds(len(self.client.responses.input_items.list(first.id).data) == 1)
        self.client.responses.delete(first.id)
        refusal(openai.NotFoundError, lambda: self.client.responses.retrieve(first.id))


class Messages:
    """anthropic.messages"""

    tools = [
        {"name": name, "description": f"runs {name}", "input_schema": schema} for name, schema in SCHEMAS.items()
    ]

    def __init__(self):
        self.client = anthropic.Anthropic(base_url=ADDRESS, api_key=KEY, max_retries=0)

    def create(self, model, messages, max_tokens=4000, **more):
        return self.client.messages.create(model=model, messages=messages, max_tokens=max_tokens, **more)

    def text(self, model):
        answer = self.create(model, [{"role": "user", "content": HELLO}], system="be brief")
        holds(answer.content[0].text == ECHO and len(answer.content) == 1, answer)
        holds(answer.stop_reason == "end_turn", answer)
        holds(answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer)
        holds(answer.model == model, answer)

    def stream(self, model):
        with self.client.messages.stream(
            model=model, max_tokens=100, messages=[{"role": "user", "content": HELLO}]
        ) as stream:
            words = "".join(stream.text_stream)
            final = stream.get_final_message()
        holds(words == ECHO, words)
        holds(final.usage.output_tokens > 0 and final.stop_reason == "end_turn", final)

    def parallel_tools_streamed(self, model):
        with self.client.messages.stream(
            model=model, max_tokens=4000, messages=[{"role": "user", "content": ASK_TOOLS}], tools=self.tools
        ) as stream:
            answer = stream.get_final_message()
        calls = [block for block in answer.content if block.type == "tool_use"]
        holds({call.name: call.input for call in calls} == ARGUMENTS, answer)
        holds(answer.stop_reason == "tool_use", answer)

    def turns_with_tools_and_reasoning(self, model):
        said = [{"role": "user", "content": ASK_TOOLS}]
        more = {"tools": self.tools, "thinking": {"type": "enabled", "budget_tokens": 1024}}
        first = self.create(model, said, **more)
        calls = [block for block in first.content if block.type == "tool_use"]
        holds(len(calls) == 2, first)
        if model != "via-chat":
            holds(first.content[0].type == "thinking", first)
        said.append({"role": "assistant", "content": [block.to_dict() for block in first.content]})
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": TOOL_WORDS[call.name]} for call in calls
        ]
        said.append({"role": "user", "content": results})
        second = self.create(model, said, **more)
        holds(second.content[-1].text == TOLD, second)

    def picture_and_document(self, model):
        content = [
            {"type": "text", "text": HELLO},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
        ]
        answer = self.create(model, [{"role": "user", "content": content}])
        holds(answer.content[0].text == ECHO, answer)

    def structured_output(self, model):
        form = {"type": "json_schema", "schema": ANSWER_SCHEMA}
        answer = self.create(model, [{"role": "user", "content": HELLO}], output_config={"format": form})
        holds(json.loads(answer.content[0].text) == {"city": "x", "kelvin": 1}, answer)

    def tokens_are_counted(self, model):
        counted = self.client.messages.count_tokens(model=model, messages=[{"role": "user", "content": HELLO}])
        holds(counted.input_tokens > 0, counted)

    def a_coding_agents_conversation(self, model):
        """What Claude Code sends, turn after turn: marks, deferred tools, a system message in the middle, betas."""
        system = [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
        ]
        tools = [
            {**tool, "input_schema": {"$schema": "http://json-schema.org/draft-07/schema#", **tool["input_schema"]}}
            for tool in self.tools
        ]
        tools[-1]["cache_control"] = {"type": "ephemeral"}
        said = [
            {"role": "user", "content": [{"type": "text", "text": "<system-reminder>be kind</system-reminder>"}]},
        ]
        said[0]["content"].append({"type": "text", "text": HELLO})
        more = {
            "system": system, "tools": tools, "thinking": {"type": "enabled", "budget_tokens": 2048},
            "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s"})},
            "extra_headers": {"anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14"},
        }
        for turn in range(4):
            with self.client.messages.stream(model=model, max_tokens=8000, messages=said, **more) as stream:
                answer = stream.get_final_message()
            said.append({"role": "assistant", "content": [block.to_dict() for block in answer.content]})
            calls = [block for block in answer.content if block.type == "tool_use"]
            if turn % 2 == 1:
                holds(len(calls) == 2 and answer.stop_reason == "tool_use", turn, answer)
                results = [
                    {"type": "tool_result", "tool_use_id": calls[0].id, "content": "it rains", "is_error": True},
                    {"type": "tool_result", "tool_use_id": calls[1].id, "content": [
                        {"type": "text", "text": "noon", "cache_control": {"type": "ephemeral"}},
                    ]},
                ]
                said.append({"role": "user", "content": results})
            else:
                holds(answer.stop_reason == "end_turn", turn, answer)
                if turn:
                    holds("it rains" in answer.content[-1].text, answer)
                said.append({"role": "user", "content": [{"type": "text", "text": ASK_TOOLS}]})

    def an_unknown_model_is_refused(self, _model):
        error = refusal(
            anthropic.NotFoundError, lambda: self.create("nobody", [{"role": "user", "content": "a"}])
        )
        holds(error.body["type"] == "error" and "nobody" in str(error), error)

    def a_wrong_key_is_refused(self, model):
        stranger = anthropic.Anthropic(base_url=ADDRESS, api_key="sk-nobody-knows-this", max_retries=0)
        ask = [{"role": "user", "content": "a"}]
        error = refusal(
            anthropic.AuthenticationError,
            lambda: stranger.messages.create(model=model, messages=ask, max_tokens=1),
        )
        holds(error.body["error"]["type"] == "authentication_error", error.body)

    def a_stream_is_given_up(self, model):
        with self.create(model, [{"role": "user", "content": HELLO}], stream=True) as stream:
            next(iter(stream))


class Google:
    """google.genai.models"""

    def __init__(self):
        self.client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=ADDRESS))
        declared = [
            types.FunctionDeclaration(name=name, description=f"runs {name}", parameters_json_schema=schema)
            for name, schema in SCHEMAS.items()
        ]
        self.tools = [types.Tool(function_declarations=declared)]

    def config(self, **more):
        off = types.AutomaticFunctionCallingConfig(disable=True)
        return types.GenerateContentConfig(automatic_function_calling=off, **more)

    def create(self, model, contents, **more):
        return self.client.models.generate_content(model=model, contents=contents, config=self.config(**more))

    def text(self, model):
        answer = self.create(
            model, HELLO, system_instruction="be brief", temperature=0.5, top_k=40, max_output_tokens=100
        )
        holds(answer.text == ECHO, answer)
        holds(answer.candidates[0].finish_reason == types.FinishReason.STOP, answer)
        holds(answer.usage_metadata.prompt_token_count > 0, answer)

    def stream(self, model):
        chunks = list(self.client.models.generate_content_stream(
            model=model, contents=HELLO, config=self.config()
        ))
        holds("".join(chunk.text or "" for chunk in chunks) == ECHO, chunks)
        holds(chunks[-1].usage_metadata.candidates_token_count > 0, chunks[-1])

    def parallel_tools_streamed(self, model):
        chunks = list(self.client.models.generate_content_stream(
            model=model, contents=ASK_TOOLS, config=self.config(tools=self.tools)
        ))
        calls = [call for chunk in chunks for call in chunk.function_calls or []]
        holds({call.name: call.args for call in calls} == ARGUMENTS, chunks)

    def turns_with_tools_and_reasoning(self, model):
        said = [types.Content(role="user", parts=[types.Part(text=ASK_TOOLS)])]
        thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        more = {"tools": self.tools, "thinking_config": thinking}
        first = self.create(model, said, **more)
        calls = first.function_calls
        holds(len(calls) == 2, first)
        if model != "via-chat":
            holds(any(part.thought for part in first.candidates[0].content.parts), first)
        said.append(first.candidates[0].content)
        results = [
            types.Part(function_response=types.FunctionResponse(
                id=call.id, name=call.name, response={"result": TOOL_WORDS[call.name]}
            )) for call in calls
        ]
        said.append(types.Content(role="user", parts=results))
        second = self.create(model, said, **more)
        holds(second.text == TOLD, second)

    def picture_and_document(self, model):
        parts = [
            types.Part(text=HELLO),
            types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png"),
            types.Part.from_bytes(data=base64.b64decode(PDF), mime_type="application/pdf"),
        ]
        answer = self.create(model, [types.Content(role="user", parts=parts)])
        holds(answer.text == ECHO, answer)

    def structured_output(self, model):
        answer = self.create(
            model, HELLO, response_mime_type="application/json", response_json_schema=ANSWER_SCHEMA
        )
        holds(json.loads(answer.text) == {"city": "x", "kelvin": 1}, answer)

    def tokens_are_counted(self, model):
        counted = self.client.models.count_tokens(model=model, contents=HELLO)
        holds(counted.total_tokens > 0, counted)

    def an_unknown_model_is_refused(self, _model):
        error = refusal(google_errors.ClientError, lambda: self.create("nobody", "a"))
        holds(error.code == 400 and error.status == "INVALID_ARGUMENT" and "nobody" in str(error), error)

    def a_stream_is_given_up(self, model):
        next(iter(self.client.models.generate_content_stream(model=model, contents=HELLO, config=self.config())))


def main():
    failures, count = [], 0
    for kind in (Chat, Responses, Messages, Google):
        client = kind()
        for name, fact in vars(kind).items():
            if name.startswith("_") or name in ("create", "config", "tools"):
                continue
            for model in MODELS:
                title = f"{kind.__name__}.{name}({model})"
                if ONLY not in title:
                    continue
                count += 1
                try:
                    fact(client, model)
                except Exception:
                    failures.append(f"{title}\n{traceback.format_exc(limit=-2)}")
    for failure in failures:
        print(failure)
    if failures:
        print(f"{len(failures)} of {count} facts do not hold")
        sys.exit(1)
    print("all hold")


main()
