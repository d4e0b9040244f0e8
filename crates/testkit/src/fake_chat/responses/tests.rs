//! What the fake promises.

use serde_json::{Value, json};

use super::super::{FakeChat, Wire};
use crate::http::{Reply, Request, send};

fn post(fake: &FakeChat, body: &Value) -> Reply {
    send(fake.address(), &Request::post("/v1/responses", body).bearer("sk-x")).unwrap()
}

fn ask(more: Value) -> Value {
    let mut body = json!({"model": "m", "input": "hello"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn what_the_real_one_refuses_is_refused_in_its_words() {
    let fake = FakeChat::start(Wire::Responses);
    let call = json!({"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "c1", "output": "x"});
    for (more, words) in [
        (json!({"foo": 1}), "Unknown parameter: 'foo'."),
        (json!({"stop": ["a"]}), "Unknown parameter: 'stop'."),
        (json!({"model": null}), "Missing required parameter: 'model'."),
        (json!({"input": null}), "Missing required parameter: 'input'."),
        (json!({"input": [{"role": "tool", "content": "a"}]}), "Invalid value: 'tool'"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}),
            "Invalid value: 'text'",
        ),
        (
            json!({"input": [{"role": "user", "content": "a", "cache_control": {}}]}),
            "Unknown parameter: 'input[0].cache_control'",
        ),
        (json!({"input": [output]}), "No tool call found for function call output with call_id c1."),
        (json!({"input": [call]}), "No tool output found for function call c1."),
        (json!({"max_output_tokens": 5}), "below minimum value"),
        (json!({"model": "gpt-5.1", "temperature": 1}), "'temperature' is not supported"),
        (json!({"include": ["everything"]}), "Invalid value: 'everything'"),
        (json!({"tools": [{"type": "function", "name": "a b", "strict": false}]}), "does not match pattern"),
        (
            json!({"tools": [{"type": "function", "name": "a", "parameters": {"type": "object"}}]}),
            "additionalProperties",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "a"}}]}),
            "Unknown parameter: 'tools[0].function'",
        ),
        (json!({"previous_response_id": "resp_x"}), "Previous response with id 'resp_x' not found."),
        (json!({"text": {"format": {"type": "json_schema", "schema": {}}}}), "text.format.name"),
        (json!({"metadata": {"a": 1}}), "metadata.a"),
        (
            json!({"input": [{"type": "reasoning", "summary": [], "encrypted_content": "sig_0"}]}),
            "could not be verified",
        ),
    ] {
        let reply = post(&fake, &ask(more.clone()));
        assert_eq!(reply.status(), 400, "{more}: {}", reply.text());
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{more}: {message}");
    }
    let without_key = send(fake.address(), &Request::post("/v1/responses", &ask(json!({})))).unwrap();
    assert_eq!(without_key.status(), 401);
}

#[test]
fn answers_are_kept_gone_on_from_and_forgotten() {
    let fake = FakeChat::start(Wire::Responses);
    let first = post(&fake, &ask(json!({}))).json();
    assert_eq!(first["output"][0]["content"][0]["text"], "You said: hello");
    let second = post(&fake, &ask(json!({"input": "more", "previous_response_id": first["id"]}))).json();
    assert_eq!(second["output"][0]["content"][0]["text"], "You said: more");
    let path = format!("/v1/responses/{}", first["id"].as_str().unwrap());
    let get = |path: &str| send(fake.address(), &Request::get(path).bearer("sk-x")).unwrap();
    assert_eq!(get(&path).json()["id"], first["id"]);
    assert_eq!(get(&format!("{path}/input_items")).json()["data"].as_array().unwrap().len(), 1);
    let gone = send(fake.address(), &Request::new("DELETE", &path).bearer("sk-x")).unwrap();
    assert_eq!(gone.json()["deleted"], true);
    assert_eq!(get(&path).status(), 404);
}

#[test]
fn a_stream_has_the_official_order_and_its_proofs_come_back() {
    let fake = FakeChat::start(Wire::Responses);
    let tools = json!([{"type": "function", "name": "a", "strict": false, "parameters": {"type": "object"}}]);
    let body = ask(json!({
        "input": "call a", "stream": true, "tools": tools, "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "store": false,
    }));
    let reply = post(&fake, &body);
    let text = reply.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: response.")).collect();
    assert_eq!(names.first(), Some(&"created"));
    assert_eq!(names.last(), Some(&"completed"));
    assert!(
        names.contains(&"reasoning_summary_text.delta") && names.contains(&"function_call_arguments.done")
    );
    let last: Value = serde_json::from_str(
        text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap(),
    )
    .unwrap();
    let output = last["response"]["output"].as_array().unwrap().clone();
    let mut input = vec![json!({"role": "user", "content": "call a"})];
    input.extend(output);
    let call_id = input[2]["call_id"].clone();
    input.push(json!({"type": "function_call_output", "call_id": call_id, "output": "sunny"}));
    let answered = post(&fake, &ask(json!({"input": input, "tools": tools}))).json();
    assert_eq!(answered["output"][0]["content"][0]["text"], "The tool said: sunny");
}
