//! JSON that strangers send.

use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Something that is read from an object alone.
///
/// A list would be taken for it too, each value for the field in its place.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Named(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct One {
        a: i64,
    }

    #[test]
    fn a_list_is_no_object() {
        let read = |json| serde_json::from_str::<Object<One>>(json).map(|Object(one)| one);
        assert_eq!(read(r#" {"a":1,"b":2} "#).unwrap(), One { a: 1 });
        for json in ["[1]", "1", "null", "\"a\"", "{\"a\":1,\"a\":2}"] {
            assert!(read(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<One>("[1]").is_ok());
    }
}
