//! What a model can do, as a set of named bits.

/// Something that a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Capability {
    /// Calls tools.
    Tools,
    /// Calls several tools in one answer.
    ParallelTools,
    /// Can be told which tool to call.
    ToolChoice,
    /// Reads images.
    Vision,
    /// Reads PDF files.
    Pdf,
    /// Hears audio.
    AudioInput,
    /// Speaks.
    AudioOutput,
    /// Watches videos.
    VideoInput,
    /// Draws images in its answers.
    ImageOutput,
    /// Answers in JSON of a given schema.
    JsonSchema,
    /// Thinks before it answers.
    Reasoning,
    /// Reads long prompts from a cache.
    PromptCaching,
    /// Takes system messages.
    SystemMessages,
    /// Searches the web.
    WebSearch,
    /// Goes on from a begun answer.
    AssistantPrefill,
    /// Uses a computer.
    ComputerUse,
    /// Reads what stands at an address.
    UrlContext,
}

impl Capability {
    /// All capabilities in their fixed order.
    pub const ALL: [Self; 17] = [
        Self::Tools,
        Self::ParallelTools,
        Self::ToolChoice,
        Self::Vision,
        Self::Pdf,
        Self::AudioInput,
        Self::AudioOutput,
        Self::VideoInput,
        Self::ImageOutput,
        Self::JsonSchema,
        Self::Reasoning,
        Self::PromptCaching,
        Self::SystemMessages,
        Self::WebSearch,
        Self::AssistantPrefill,
        Self::ComputerUse,
        Self::UrlContext,
    ];

    /// The name in the catalogue's file and in APIs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::ParallelTools => "parallel_tools",
            Self::ToolChoice => "tool_choice",
            Self::Vision => "vision",
            Self::Pdf => "pdf",
            Self::AudioInput => "audio_input",
            Self::AudioOutput => "audio_output",
            Self::VideoInput => "video_input",
            Self::ImageOutput => "image_output",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::PromptCaching => "prompt_caching",
            Self::SystemMessages => "system_messages",
            Self::WebSearch => "web_search",
            Self::AssistantPrefill => "assistant_prefill",
            Self::ComputerUse => "computer_use",
            Self::UrlContext => "url_context",
        }
    }

    /// The capability of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

/// A set of capabilities. What is not in it is not known to be there: sources rarely say no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Whether the model is known to have it.
    #[must_use]
    pub const fn has(self, capability: Capability) -> bool {
        self.0 >> capability as u8 & 1 == 1
    }

    /// The same set with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u8)
    }

    /// Those in the set, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.has(*capability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_stand_at_their_own_place_and_name() {
        for (place, capability) in Capability::ALL.into_iter().enumerate() {
            assert_eq!(capability as usize, place);
            assert_eq!(Capability::from_name(capability.name()), Some(capability));
            let set = Capabilities::default().with(capability);
            assert_eq!(set.iter().collect::<Vec<_>>(), [capability]);
        }
    }
}
