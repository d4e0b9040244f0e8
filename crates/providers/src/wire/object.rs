//! The macro that makes a wire object: named members, each at most once, and the rest kept as it came.

/// Declares a wire object. Every member may be missing or null; members without a name here are kept in
/// `unknown`. A member that stands twice is refused, because readers disagree on which one counts.
/// A member may have several spellings (`"topP" | "top_p"`).
///
/// ```ignore
/// wire_object! {
///     /// One message.
///     struct Message<'a> {
///         "role" => role: Text<'a>,
///         "content" => content: TextOr<'a, Vec<Part<'a>>>,
///     }
/// }
/// ```
macro_rules! wire_object {
    ($(#[$doc:meta])* struct $name:ident<'a> { $($key:literal $(| $other:literal)* => $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: Option<$type>,)*
            /// Members that have no name here.
            pub(crate) unknown: $crate::wire::Members<'a>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<'a>(std::marker::PhantomData<&'a ()>);

                impl<'de: 'a, 'a> serde::de::Visitor<'de> for ObjectVisitor<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        out.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<$crate::wire::Text<'a>>()? {
                            match key.as_str() {
                                $($key $(| $other)* => {
                                    if object.$field.is_some() {
                                        return Err(serde::de::Error::duplicate_field($key));
                                    }
                                    object.$field = map.next_value()?;
                                })*
                                _ => {
                                    let value: &'a serde_json::value::RawValue = map.next_value()?;
                                    object.unknown.push((key, value));
                                }
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use wire_object;

#[cfg(test)]
mod tests {
    use crate::wire::{Number, OneOrMany, Text, TextOr};

    wire_object! {
        /// For the tests.
        struct Part<'a> {
            "type" => kind: Text<'a>,
            "text" => text: Text<'a>,
        }
    }

    wire_object! {
        /// For the tests.
        struct Message<'a> {
            "role" => role: Text<'a>,
            "content" => content: TextOr<'a, Vec<Part<'a>>>,
            "warmth" => warmth: Number,
            "parts" => parts: OneOrMany<Part<'a>>,
        }
    }

    #[test]
    fn known_members_are_read_and_others_kept_as_they_came() {
        let text = r#"{"odd":1.0000000000000000001,"role":"us\u0065r","content":[{"text":"a","type":"text","x":{}}],"warmth":1}"#;
        let message: Message<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(message.role.unwrap().as_str(), "user");
        assert_eq!(message.warmth, Some(Number(1.0)));
        assert_eq!(message.unknown[0].1.get(), "1.0000000000000000001");
        let Some(TextOr::Other(parts)) = message.content else { panic!("a list") };
        assert_eq!(parts[0].kind.as_ref().unwrap().as_str(), "text");
        assert_eq!(parts[0].unknown[0].1.get(), "{}");
    }

    #[test]
    fn forms_are_told_apart_and_null_is_nothing() {
        let of = |text: &'static str| serde_json::from_str::<Message<'_>>(text);
        assert!(matches!(of(r#"{"content":"a"}"#).unwrap().content, Some(TextOr::Text(_))));
        assert!(of(r#"{"content":null,"role":null}"#).unwrap().content.is_none());
        assert_eq!(of(r#"{"parts":{"text":"a"}}"#).unwrap().parts.unwrap().0.len(), 1);
        assert!(of(r#"{"role":"a","role":"b"}"#).unwrap_err().to_string().contains("duplicate field `role`"));
        assert!(of(r#"{"role":5}"#).unwrap_err().to_string().contains("expected a string"));
    }
}
