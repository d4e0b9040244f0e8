//! The shape of answers.

use serde_json::{Value, json};

use super::*;
use crate::fake_chat::{Said, SaidBlock};

fn parts(answer: &Value) -> &Value {
    &answer["candidates"][0]["content"]["parts"]
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"))
}

#[test]
fn a_whole_answer_has_googles_shape_and_is_billed() {
    let fake = fake();
    fake.enqueue(Said::text("Good day to you.").input(12).cache(5, 0).output(7));
    let answer = answer(&fake, OLD, &say("hi", json!({})));
    assert_eq!(
        answer,
        json!({
            "candidates": [{
                "content": {"role": "model", "parts": [{"text": "Good day to you."}]},
                "index": 0, "finishReason": "STOP",
            }],
            "usageMetadata": {
                "promptTokenCount": 17, "candidatesTokenCount": 7, "totalTokenCount": 24,
                "cachedContentTokenCount": 5,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 17}],
                "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 5}],
            },
            "modelVersion": OLD, "responseId": "fake-response-1",
        })
    );
    let bill = fake.bill();
    assert_eq!((bill.calls, bill.input_tokens, bill.cache_read_tokens, bill.output_tokens), (1, 12, 5, 7));
}

#[test]
fn an_answer_goes_over_several_lines() {
    let fake = fake();
    let text = generate(&fake, OLD, &say("hi", json!({}))).text();
    assert!(text.starts_with("{\n  \"candidates\": [\n") && text.ends_with("}\n"), "{text}");
}

#[test]
fn both_spellings_of_names_are_taken() {
    let fake = fake();
    let body = json!({
        "system_instruction": {"parts": {"text": "be kind"}},
        "contents": {"parts": [{"text": "hi"}, {"inline_data": {"mime_type": "image/png", "data": "aGk="}}]},
        "generation_config": {"max_output_tokens": "2", "topK": 40.0, "stop_sequences": ["zzz"]},
        "safety_settings": [{"category": "harm_category_harassment", "threshold": "BLOCK_NONE"}],
    });
    let answer = answer(&fake, OLD, &body);
    assert_eq!(parts(&answer)[0]["text"], "You said:");
    assert_eq!(answer["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(answer["usageMetadata"]["promptTokenCount"], 3);
}

#[test]
fn every_version_is_served() {
    let fake = fake();
    for version in ["v1", "v1beta", "v1alpha"] {
        let path = format!("/{version}/models/{OLD}:generateContent?key=k");
        let body = say("hi", json!({"systemInstruction": {"parts": [{"text": "be kind"}]}}));
        assert_eq!(send(fake.address(), &Request::post(&path, &body)).unwrap().status(), 200);
    }
}

#[test]
fn a_stream_comes_in_events_with_carriage_returns() {
    let fake = fake();
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&ask(OLD, "streamGenerateContent?alt=sse", &say("hi", json!({})))).unwrap();
    let head = connection.head().unwrap();
    assert!(head.header("content-type").unwrap().starts_with("text/event-stream"), "{head:?}");
    let body = String::from_utf8(connection.body().unwrap()).unwrap();
    let events: Vec<&str> = body.split_terminator("\r\n\r\n").collect();
    assert_eq!(events.len(), 3, "{body}");
    let last = parsed(events[2].strip_prefix("data: ").unwrap());
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"]["candidatesTokenCount"], 3);
    let first = parsed(events[0].strip_prefix("data: ").unwrap());
    assert_eq!(parts(&first)[0]["text"], "You ");
    assert_eq!(first["candidates"][0].get("finishReason"), None);
    assert_eq!(first["usageMetadata"]["candidatesTokenCount"], 1);
    assert_eq!(fake.bill().output_tokens, 3);
}

#[test]
fn without_sse_a_stream_is_an_array() {
    let fake = fake();
    for (text, items) in [("hi", 3), ("hi you there", 5)] {
        let reply = send(fake.address(), &ask(OLD, "streamGenerateContent", &say(text, json!({})))).unwrap();
        assert_eq!(reply.head.header("content-type"), Some("application/json"));
        assert_eq!(reply.json().as_array().unwrap().len(), items, "{}", reply.text());
    }
}

#[test]
fn thoughts_are_shown_only_if_asked_for() {
    let fake = fake();
    fake.set_default(Said::thinking("Hm, well.").and(SaidBlock::Redacted("?".into())).and_text("Yes."));
    let hidden = answer(&fake, OLD, &say("hi", json!({})));
    assert_eq!(parts(&hidden), &json!([{"text": "Yes."}]));
    assert_eq!(hidden["usageMetadata"]["thoughtsTokenCount"], 3);
    let wish =
        json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingBudget": 1024}}});
    let shown = answer(&fake, OLD, &say("hi", wish.clone()));
    assert_eq!(parts(&shown), &json!([{"text": "Hm, well.", "thought": true}, {"text": "Yes."}]));
    let events = stream(&fake, OLD, &say("hi", wish));
    assert_eq!(parts(&parsed(&events[0])), &json!([{"text": "Hm, ", "thought": true}]));
}

#[test]
fn the_first_call_and_the_end_of_a_text_bear_signatures() {
    let fake = fake();
    let body = say("call get_weather and get_time", json!({"tools": weather_tools()}));
    let answer_ = answer(&fake, NEW, &body);
    let calls = parts(&answer_).as_array().unwrap().clone();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["functionCall"]["args"], json!({"city": "x"}));
    assert_eq!(calls[1]["functionCall"]["args"], json!({"zone": "utc"}));
    assert!(calls[0]["thoughtSignature"].is_string() && calls[1].get("thoughtSignature").is_none());
    assert_ne!(calls[0]["functionCall"]["id"], calls[1]["functionCall"]["id"]);
    assert_eq!(answer_["candidates"][0]["finishReason"], "STOP");

    let text = answer(&fake, NEW, &say("hi", json!({})));
    assert!(parts(&text)[0]["thoughtSignature"].is_string());
    let events = stream(&fake, NEW, &say("hi", json!({})));
    let last = parsed(events.last().unwrap());
    assert_eq!(parts(&last)[0]["text"], "");
    assert!(parts(&last)[0]["thoughtSignature"].is_string());
    let events = stream(&fake, NEW, &body);
    assert_eq!(events.len(), 2);
    assert!(parts(&parsed(&events[0]))[1]["functionCall"].is_object());
    assert_eq!(parts(&parsed(&events[1])), &json!([{"text": ""}]));
}

#[test]
fn a_whole_loop_with_tools_is_taken() {
    let fake = fake();
    for model in ["m", OLD, NEW, "gemini-3.8-flash", "gemini-4-argon"] {
        let mut body = say("call get_weather and get_time", json!({"tools": weather_tools()}));
        let first = answer(&fake, model, &body);
        let contents = body["contents"].as_array_mut().unwrap();
        contents.push(first["candidates"][0]["content"].clone());
        let results: Vec<Value> = parts(&first)
            .as_array()
            .unwrap()
            .iter()
            .map(|part| {
                let mut result =
                    json!({"name": part["functionCall"]["name"], "response": {"output": "fine"}});
                if part["functionCall"]["id"].is_string() {
                    result["id"] = part["functionCall"]["id"].clone();
                }
                json!({"functionResponse": result})
            })
            .collect();
        contents.push(json!({"role": "user", "parts": results}));
        let second = answer(&fake, model, &body);
        assert_eq!(parts(&second)[0]["text"], "The tool said: fine | fine", "{model}");
        // Once the user speaks again, older calls need no signatures.
        let contents = body["contents"].as_array_mut().unwrap();
        contents.push(second["candidates"][0]["content"].clone());
        contents.push(user("and now?"));
        contents[1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
        assert_eq!(parts(&answer(&fake, model, &body))[0]["text"], "You said: and now?", "{model}");
    }
}

#[test]
fn tools_are_called_as_demanded() {
    let fake = fake();
    let cases = [
        (json!({"mode": "ANY"}), json!("get_weather")),
        (json!({"mode": "any", "allowedFunctionNames": ["get_time"]}), json!("get_time")),
        (json!({"mode": "AUTO"}), Value::Null),
        (json!({"mode": "NONE"}), Value::Null),
    ];
    for (config, called) in cases {
        let more = json!({"tools": weather_tools(), "toolConfig": {"functionCallingConfig": config}});
        let answer = answer(&fake, OLD, &say("hi", more));
        assert_eq!(parts(&answer)[0]["functionCall"]["name"], called, "{config}");
    }
}

#[test]
fn json_is_said_by_either_schema() {
    let fake = fake();
    let google = json!({"type": "OBJECT", "properties": {"a": {"type": "STRING", "enum": ["p", "q"]}}, "required": ["a"]});
    let standard = json!({"type": "object", "properties": {"a": {"const": 5}}, "required": ["a"], "additionalProperties": false});
    for (name, schema, said) in
        [("responseSchema", google, "{\"a\":\"p\"}"), ("responseJsonSchema", standard, "{\"a\":5}")]
    {
        let config = json!({"generationConfig": {"responseMimeType": "application/json", name: schema}});
        assert_eq!(parts(&answer(&fake, OLD, &say("hi", config)))[0]["text"], said);
    }
}

#[test]
fn tokens_are_counted_of_contents_or_of_a_request() {
    let fake = fake();
    for body in [
        say("twelve bytes", json!({})),
        json!({"generateContentRequest": {
            "model": format!("models/{OLD}"), "contents": [user("bytes")], "systemInstruction": {"parts": [{"text": "twelve "}]},
        }}),
    ] {
        let reply = send(fake.address(), &ask(OLD, "countTokens", &body)).unwrap();
        assert_eq!(reply.json()["totalTokens"], 3, "{}", reply.text());
    }
    assert_eq!(fake.bill().calls, 0);
}

#[test]
fn what_no_sdk_knows_is_strewn_in_on_wish() {
    let fake = fake();
    fake.set_default(Said::text("a b").unknown_members());
    let text = generate(&fake, OLD, &say("hi", json!({}))).text();
    assert!(text.contains("12345678901234567890123") && text.contains("unknownInPart"), "{text}");
    let events = stream(&fake, OLD, &say("hi", json!({})));
    assert_eq!(events.len(), 3);
    assert_eq!(parsed(&events[1]).as_object().unwrap().len(), 1);
}

#[test]
fn errors_come_whole_and_in_the_middle() {
    let fake = fake();
    fake.enqueue(Said::refused(429, "RESOURCE_EXHAUSTED", "Quota."));
    let reply = generate(&fake, OLD, &say("hi", json!({})));
    assert_eq!(reply.status(), 429);
    let error = json!({"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}});
    assert_eq!(reply.json(), error);
    fake.enqueue(Said::text("a b c").error_after(1));
    let events = stream(&fake, OLD, &say("hi", json!({})));
    assert_eq!(events.len(), 2);
    assert_eq!(parsed(&events[1])["error"]["status"], "UNAVAILABLE");
}
