//! Whatever a client of this dialect can say is read from what is written for a provider of it.

use proptest::prelude::*;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, ChatRequest, Extra, FunctionTool, Json, Media, MediaKind, MediaSource,
    Message, OutputFormat, Reasoning, Role, Sampling, Signature, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult,
};

use super::super::block::OURS;
use super::super::{read_answer, read_request, write_answer, write_request};
use super::{shown, toward};
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}".prop_map(|text| format!("t{text}"))
}

fn json() -> impl Strategy<Value = Json> {
    prop::sample::select(vec!["{}", r#"{"a":1.0,"b":[null,"x"]}"#, r#"{"é":"\u0041"}"#])
        .prop_map(|text| Json::parse(text).unwrap())
}

fn mark() -> impl Strategy<Value = Option<CacheMark>> {
    prop::option::weighted(0.1, any::<bool>().prop_map(|one_hour| CacheMark { one_hour }))
}

fn media() -> impl Strategy<Value = BlockKind> {
    let source = prop_oneof![
        Just(MediaSource::Base64("iVBORw0KGgo=".into())),
        "https://[a-z]{1,8}\\.com".prop_map(MediaSource::Url),
        "file_[a-zA-Z0-9]{4}".prop_map(MediaSource::FileId),
    ];
    (source, prop::option::of(text()), any::<bool>()).prop_map(|(source, name, is_image)| {
        let media_type = matches!(source, MediaSource::Base64(_))
            .then(|| if is_image { "image/png" } else { "application/pdf" }.to_owned());
        BlockKind::Media(Media {
            kind: if is_image { MediaKind::Image } else { MediaKind::Document },
            source,
            media_type,
            name: name.filter(|_| !is_image),
            detail: None,
            context: None,
            cites: false,
        })
    })
}

fn user_block() -> impl Strategy<Value = Block> {
    let result = (prop::collection::vec(text(), 0..3), any::<bool>()).prop_map(|(texts, is_error)| {
        BlockKind::ToolResult(ToolResult {
            call_id: "toolu_1".into(),
            name: None,
            kind: ToolKind::Function,
            content: texts.into_iter().map(Block::text).collect(),
            is_error,
        })
    });
    let kind = prop_oneof![text().prop_map(|text| Block::text(text).kind), media(), result];
    (kind, mark()).prop_map(|(kind, cache)| Block { kind, cache })
}

fn assistant_block() -> impl Strategy<Value = Block> {
    let thought = (prop::option::of(text()), any::<bool>()).prop_map(|(said, redacted)| {
        BlockKind::Reasoning(Reasoning {
            id: None,
            parts: said.filter(|_| !redacted).into_iter().collect(),
            signature: Some(Signature { origin: OURS, value: "c2ln".into() }),
            redacted,
        })
    });
    let call = ("toolu_[a-z]{3}", "[a-zA-Z_]{1,20}", json()).prop_map(|(id, name, input)| {
        BlockKind::ToolCall(ToolCall {
            id,
            name,
            namespace: None,
            kind: ToolKind::Function,
            arguments: input.text().to_owned(),
            signature: None,
        })
    });
    let kind = prop_oneof![text().prop_map(|text| Block::text(text).kind), thought, call];
    kind.prop_map(Into::into)
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let user = prop::collection::vec(user_block(), 1..4).prop_map(|blocks| Message::new(Role::User, blocks));
    let assistant = prop::collection::vec(assistant_block(), 1..4)
        .prop_map(|blocks| Message::new(Role::Assistant, blocks));
    let system = text().prop_map(|text| Message::new(Role::System, vec![Block::text(text)])).boxed();
    let turn = prop_oneof![4 => user, 3 => assistant].boxed();
    (
        prop::option::of(system.clone()),
        turn.clone(),
        prop::collection::vec(prop_oneof![6 => turn, 1 => system], 0..5),
    )
        .prop_map(|(leading, first, rest)| leading.into_iter().chain([first]).chain(rest).collect())
}

fn tools() -> impl Strategy<Value = Vec<Tool>> {
    let tool = ("[a-z_]{1,12}", prop::option::of(text()), any::<bool>(), prop::option::of(any::<bool>()));
    prop::collection::btree_map("[a-z]{1,8}", tool, 0..3).prop_map(|tools| {
        let function = |(name, (_, description, deferred, strict))| {
            Tool::Function(FunctionTool {
                name,
                description,
                parameters: Json::parse(r#"{"type":"object","properties":{}}"#),
                strict,
                deferred,
                ..FunctionTool::default()
            })
        };
        tools.into_iter().map(function).collect()
    })
}

prop_compose! {
    fn request()(
        messages in messages(),
        tools in tools(),
        forced in any::<bool>(),
        schema in prop::option::of(json()),
        temperature in prop::option::of(0_u8..=10),
        max_output in 0_u64..64_000,
        stop in prop::collection::vec("[a-z]{1,4}", 0..3),
        stream in any::<bool>(),
        user in prop::option::of(text()),
        unknown in prop::option::of(json()),
    ) -> ChatRequest {
        let mut extra = Extra::of(OURS);
        if let Some(unknown) = unknown {
            extra.put("member_of_tomorrow", unknown);
        }
        ChatRequest {
            tool_choice: (forced && !tools.is_empty()).then_some(ToolChoice::Required),
            messages,
            tools,
            output: schema.map_or(OutputFormat::Text, |schema| OutputFormat::Schema {
                name: None, description: None, schema, strict: None,
            }),
            sampling: Sampling {
                temperature: temperature.map(|tenths| f64::from(tenths) / 10.0), ..Sampling::default()
            },
            max_output: Some(max_output),
            stop,
            stream,
            user,
            extra,
            ..ChatRequest::default()
        }
    }
}

/// Marks beyond the fourth are left out, so a request has no more of them.
fn with_four_marks(mut request: ChatRequest) -> ChatRequest {
    let marked = request.messages.iter_mut().flat_map(|message| &mut message.blocks);
    marked.filter(|block| block.cache.is_some()).skip(4).for_each(|block| block.cache = None);
    request
}

proptest! {
    #[test]
    fn requests_read_as_they_were_written(request in request().prop_map(with_four_marks)) {
        let written = write_request(&request, &toward("claude-sonnet-4-5")).unwrap();
        prop_assert!(written.dropped.is_empty());
        let read = read_request(&written.body).unwrap();
        prop_assert_eq!(read, request, "{}", String::from_utf8_lossy(&written.body));
    }

    #[test]
    fn answers_read_as_they_were_written(blocks in prop::collection::vec(assistant_block(), 0..5)) {
        let body = weighhouse_types::chat::ChatAnswer {
            id: "msg_1".into(),
            choices: vec![weighhouse_types::chat::Choice { blocks, ..Default::default() }],
            ..Default::default()
        };
        let written = write_answer(&body, &shown());
        let read = read_answer(&written, &ReplyNotes::default(), UsageRules::default()).unwrap();
        prop_assert_eq!(read.choices, body.choices);
    }

    #[test]
    fn no_body_makes_the_reader_panic(body in "\\PC{0,60}") {
        drop(read_request(body.as_bytes()));
        drop(read_answer(body.as_bytes(), &ReplyNotes::default(), UsageRules::default()));
    }
}
