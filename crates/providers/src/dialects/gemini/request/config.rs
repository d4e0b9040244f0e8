//! `generationConfig`, written.

use weighhouse_types::chat::{ChatRequest, Json, OutputFormat, Sampling};
use weighhouse_types::{Dialect, Error};

use super::super::model::Model;
use super::super::schema;
use crate::translation::Leaving;
use crate::wire::{Object, object};

/// Members of `generationConfig` that OpenAI's clients send at the top level, in both spellings.
const MEMBERS: [(&str, &str); 9] = [
    ("topK", "top_k"),
    ("speechConfig", "speech_config"),
    ("mediaResolution", "media_resolution"),
    ("imageConfig", "image_config"),
    ("audioTimestamp", "audio_timestamp"),
    ("thinkingConfig", "thinking_config"),
    ("responseModalities", "response_modalities"),
    ("routingConfig", "routing_config"),
    ("enableEnhancedCivicAnswers", "enable_enhanced_civic_answers"),
];

/// Writes `generationConfig`.
///
/// # Errors
/// `Unsupported`, naming what the model cannot be told.
pub(super) fn generation(
    request: &ChatRequest,
    model: Model,
    has_functions: bool,
    leaving: &mut Leaving<'_>,
) -> Result<Vec<u8>, Error> {
    let sampling = &request.sampling;
    let has_penalty = sampling.frequency_penalty.is_some() || sampling.presence_penalty.is_some();
    // Gemini 3 refuses penalties (contract §8d).
    let takes_penalties = !model.is_third();
    if has_penalty && !takes_penalties {
        leaving.out("frequency_penalty", sampling.frequency_penalty.is_some())?;
        leaving.out("presence_penalty", sampling.presence_penalty.is_some())?;
    }
    let thinking = request.reasoning.as_ref().and_then(|ask| model.thinking(ask));
    let thinks = thinking.is_some_and(|thinking| thinking.budget != Some(0));
    if !model.thinks() {
        leaving.out("reasoning_effort", thinks)?;
    }
    // Models before 3 refuse JSON beside functions (<https://ai.google.dev/gemini-api/docs/structured-output>).
    let takes_output = model.is_third() || !has_functions;
    leaving.out("response_format", !takes_output && request.output != OutputFormat::Text)?;
    Ok(object(|config| {
        write_sampling(sampling, takes_penalties, config);
        config.number_if("candidateCount", request.choices);
        config.number_if("maxOutputTokens", request.max_output);
        if !request.stop.is_empty() {
            config.texts("stopSequences", &request.stop);
        }
        if takes_output {
            write_output(&request.output, model, config);
        }
        if let Some(thinking) = thinking.filter(|_| model.thinks()) {
            config.object("thinkingConfig", |said| {
                said.flag("includeThoughts", thinking.shown);
                if let Some(budget) = thinking.budget {
                    said.signed("thinkingBudget", budget);
                }
                said.text_if("thinkingLevel", thinking.level);
            });
        }
        write_modalities(request, config);
        write_extra(request, thinking.is_some(), config);
    }))
}

fn write_sampling(sampling: &Sampling, takes_penalties: bool, config: &mut Object<'_>) {
    config.float_if("temperature", sampling.temperature);
    config.float_if("topP", sampling.top_p);
    config.number_if("topK", sampling.top_k);
    if let Some(seed) = sampling.seed {
        config.signed("seed", seed);
    }
    if takes_penalties {
        config.float_if("presencePenalty", sampling.presence_penalty);
        config.float_if("frequencyPenalty", sampling.frequency_penalty);
    }
    config.flag_if("responseLogprobs", sampling.logprobs);
    config.number_if("logprobs", sampling.top_logprobs);
}

fn write_output(output: &OutputFormat, model: Model, config: &mut Object<'_>) {
    match output {
        OutputFormat::Text => {}
        OutputFormat::Json => config.text("responseMimeType", "application/json"),
        OutputFormat::Schema { schema, .. } => {
            config.text("responseMimeType", "application/json");
            if model.takes_json_schema() {
                config.json("responseJsonSchema", &schema::for_json_schema(schema));
            } else {
                config.json_if("responseSchema", schema::for_openapi(schema).as_ref());
            }
        }
    }
}

/// Models that speak give nothing else; models that draw give text beside.
fn write_modalities(request: &ChatRequest, config: &mut Object<'_>) {
    let has = |name: &str| request.modalities.iter().any(|modality| modality == name);
    if has("audio") {
        config.array("responseModalities", |list| list.text("AUDIO"));
    } else if has("image") {
        config.array("responseModalities", |list| {
            list.text("TEXT");
            list.text("IMAGE");
        });
    }
    if let Some(voice) = request.audio.as_ref().and_then(voice_of) {
        config.object("speechConfig", |speech| {
            speech.object("voiceConfig", |config| {
                config.object("prebuiltVoiceConfig", |built| built.text("voiceName", &voice));
            });
        });
    }
}

fn voice_of(audio: &Json) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Audio {
        voice: String,
    }
    audio.read::<Audio>().map(|audio| audio.voice)
}

fn write_extra(request: &ChatRequest, has_thinking: bool, config: &mut Object<'_>) {
    match request.extra.origin {
        Some(Dialect::Gemini) => {
            if let Some(members) = request.extra.get("generationConfig") {
                config.members_of(members);
            }
        }
        Some(Dialect::OpenAiChat) => {
            let is_said = |name: &str| match name {
                "topK" => request.sampling.top_k.is_some(),
                "thinkingConfig" => has_thinking,
                "responseModalities" => !request.modalities.is_empty(),
                "speechConfig" => request.audio.is_some(),
                _ => false,
            };
            for (camel, snake) in MEMBERS.iter().filter(|(camel, _)| !is_said(camel)) {
                config.json_if(camel, request.extra.get(camel).or_else(|| request.extra.get(snake)));
            }
        }
        Some(Dialect::OpenAiResponses | Dialect::AnthropicMessages) | None => {}
    }
}
