//! The order of turns, and signatures that have to come back.

use serde_json::{Value, json};

use super::*;

const EACH: &str = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.";
const CALL_ORDER: &str = "Please ensure that function call turn comes immediately after a user turn or after a function response turn.";
const RESULT_ORDER: &str =
    "Please ensure that function response turn comes immediately after a function call turn.";

#[test]
fn turns_are_refused_out_of_order() {
    check(
        OLD,
        vec![
            (with(vec![call(&["f"]), results(&["f"])]), CALL_ORDER),
            (
                with(vec![
                    user("a"),
                    json!({"role": "model", "parts": [{"text": "b"}]}),
                    call(&["f"]),
                    results(&["f"]),
                ]),
                CALL_ORDER,
            ),
            (with(vec![user("a"), results(&["f"])]), RESULT_ORDER),
            (with(vec![user("a"), call(&["f", "g"]), results(&["f"]), results(&["g"])]), EACH),
            (with(vec![user("a"), call(&["f"]), results(&["f", "f"])]), EACH),
            (with(vec![user("a"), call(&["f"]), user("b")]), EACH),
            (with(vec![user("a"), call(&["f"])]), EACH),
            (
                with(vec![user("a"), call(&["f"]), results(&["call_1"])]),
                "Request contains an invalid argument.",
            ),
            (
                with(vec![user("a"), call(&["f"]), results(&[""])]),
                "contents[2].parts[0].function_response.name: Name cannot be empty.",
            ),
        ],
    );
    let silent = json!({"role": "model", "parts": [{"text": ""}]});
    let thought = json!({"role": "model", "parts": [{"text": "hm", "thought": true}]});
    let replayed = with(vec![user("a"), thought, call(&["f"]), silent, results(&["f"])]);
    assert_eq!(generate(&fake(), OLD, &replayed).status(), 200);
    let ends = with(vec![user("a"), json!({"role": "model", "parts": [{"text": "b"}]})]);
    check("gemini-3.6-flash", vec![(ends.clone(), "Requests ending with a model turn are not supported.")]);
    assert_eq!(generate(&fake(), "gemini-3.5-flash", &ends).status(), 200);
}

#[test]
fn signatures_have_to_come_back_untouched() {
    let fake = fake();
    let body = say("call get_weather and get_time", json!({"tools": weather_tools()}));
    let content = answer(&fake, NEW, &body)["candidates"][0]["content"].clone();
    let replay = |model: &str, change: &dyn Fn(&mut Value)| {
        let mut content = content.clone();
        change(&mut content["parts"]);
        let reply =
            generate(&fake, model, &with(vec![user("a"), content, results(&["get_weather", "get_time"])]));
        (reply.status(), reply.text())
    };
    assert_eq!(replay(NEW, &|_| {}).0, 200);
    for waiver in ["skip_thought_signature_validator", "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv"] {
        assert_eq!(replay(NEW, &|parts| parts[0]["thoughtSignature"] = json!(waiver)).0, 200);
    }
    let lost = |parts: &mut Value| drop(parts[0].as_object_mut().unwrap().remove("thoughtSignature"));
    let (status, text) = replay(NEW, &lost);
    assert!(
        status == 400 && text.contains("function call `default_api:get_weather` , position 2."),
        "{text}"
    );
    assert_eq!(replay(OLD, &lost).0, 200);
    let moved = |parts: &mut Value| {
        parts[1]["thoughtSignature"] = parts[0]["thoughtSignature"].take();
        parts.as_array_mut().unwrap().swap(0, 1);
    };
    let (status, text) = replay(OLD, &moved);
    assert!(status == 400 && text.contains("Corrupted thought signature."), "{text}");
    let (status, text) = replay(OLD, &|parts| parts[0]["thoughtSignature"] = json!("c2lnXw=="));
    assert!(status == 400 && text.contains("Corrupted thought signature."), "{text}");
}
