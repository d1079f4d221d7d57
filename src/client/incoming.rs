//! What the gateway sends, told apart.

use std::time::Duration;

use super::refusal::{Refusal, millis};
use crate::osc::{Argument, Message};

/// One message from the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The answer to a call.
    Reply {
        /// The call's number.
        number: i32,
        /// `OK`, or why not.
        code: String,
        /// What follows the code.
        arguments: Vec<Argument>,
    },
    /// A session began: one's own, where one does not follow this.
    Connected {
        /// The client's name.
        name: String,
        /// Where it speaks from.
        endpoint: String,
    },
    /// A session ended.
    Disconnected {
        /// The client's name.
        name: String,
        /// Where it spoke from.
        endpoint: String,
        /// Why.
        cause: String,
    },
    /// An address was locked.
    Locked {
        /// The address.
        address: String,
        /// Who holds it.
        holder: String,
        /// How long the lock lasts without renewal.
        timeout: Duration,
    },
    /// An address is free again.
    Unlocked {
        /// The address.
        address: String,
        /// Who held it; empty where nobody did.
        holder: String,
        /// Why it ended.
        cause: String,
    },
    /// Something was refused.
    Denied {
        /// The address.
        address: String,
        /// Why.
        refusal: Refusal,
    },
    /// The answer to a question about an address.
    Meta(Meta),
    /// The answer to a heartbeat, with what was sent.
    Pong(Vec<Argument>),
    /// A request failed that is about no one address.
    Error {
        /// The request.
        request: String,
        /// The code.
        code: String,
        /// The gateway's words.
        text: String,
    },
    /// Any other message of the gateway itself.
    Status(Message),
    /// An ordinary message: a value that was written, or an event.
    Update(Message),
}

/// All that the gateway tells about one address.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// The address.
    pub address: String,
    /// Who holds its lock; `None` if it is free.
    pub holder: Option<String>,
    /// How long that lock lasts if its holder does nothing.
    pub remaining: Duration,
    /// How often it was written; 0: never.
    pub revision: i64,
    /// Who wrote it last; empty if nobody did.
    pub writer: String,
    /// Its values.
    pub values: Vec<Argument>,
}

impl Meta {
    /// Reads `ADDRESS LOCKED HOLDER REMAINING_MS REVISION WRITER values…`.
    #[must_use]
    pub fn of_arguments(arguments: Vec<Argument>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let address = text(arguments.next())?;
        let locked = arguments.next()?;
        if !matches!(locked, Argument::True | Argument::False) {
            return None;
        }
        let holder = text(arguments.next())?;
        let Some(Argument::Int(remaining)) = arguments.next() else {
            return None;
        };
        let Some(Argument::Long(revision)) = arguments.next() else {
            return None;
        };
        Some(Self {
            address,
            holder: (locked == Argument::True).then_some(holder),
            remaining: millis(remaining),
            revision,
            writer: text(arguments.next())?,
            values: arguments.collect(),
        })
    }
}

impl Incoming {
    /// Tells a message apart. One of the gateway's own whose arguments are not as expected (it may
    /// be newer than this program) is a [`Incoming::Status`].
    #[must_use]
    pub fn of_message(message: Message) -> Self {
        if !message.address.starts_with("/oscgate/") {
            return Self::Update(message);
        }
        Self::told_apart(&message).unwrap_or(Self::Status(message))
    }

    fn told_apart(message: &Message) -> Option<Self> {
        use Argument::{Int, String};
        let told = match (message.address.as_str(), message.arguments.as_slice()) {
            ("/oscgate/reply", [Int(number), String(code), rest @ ..]) => Self::Reply {
                number: *number,
                code: code.clone(),
                arguments: rest.to_vec(),
            },
            ("/oscgate/pong", arguments) => Self::Pong(arguments.to_vec()),
            ("/oscgate/status/connected", [String(name), String(endpoint), ..]) => {
                Self::Connected {
                    name: name.clone(),
                    endpoint: endpoint.clone(),
                }
            }
            (
                "/oscgate/status/disconnected",
                [String(name), String(endpoint), String(cause), ..],
            ) => Self::Disconnected {
                name: name.clone(),
                endpoint: endpoint.clone(),
                cause: cause.clone(),
            },
            ("/oscgate/status/locked", [String(address), String(holder), Int(timeout), ..]) => {
                Self::Locked {
                    address: address.clone(),
                    holder: holder.clone(),
                    timeout: millis(*timeout),
                }
            }
            ("/oscgate/status/unlocked", [String(address), String(holder), String(cause), ..]) => {
                Self::Unlocked {
                    address: address.clone(),
                    holder: holder.clone(),
                    cause: cause.clone(),
                }
            }
            (
                "/oscgate/status/denied",
                [
                    String(address),
                    String(code),
                    String(holder),
                    Int(remaining),
                    ..,
                ],
            ) => Self::Denied {
                address: address.clone(),
                refusal: Refusal {
                    code: code.clone(),
                    holder: holder.clone(),
                    remaining: millis(*remaining),
                    text: std::string::String::new(),
                },
            },
            ("/oscgate/status/meta", arguments) => {
                Self::Meta(Meta::of_arguments(arguments.to_vec())?)
            }
            ("/oscgate/status/error", [String(request), String(code), String(text), ..]) => {
                Self::Error {
                    request: request.clone(),
                    code: code.clone(),
                    text: text.clone(),
                }
            }
            _ => return None,
        };
        Some(told)
    }
}

fn text(argument: Option<Argument>) -> Option<String> {
    if let Argument::String(text) = argument? {
        Some(text)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_its_number_its_code_and_what_follows() {
        let reply = told(
            "/oscgate/reply",
            vec![Argument::Int(-7), string("OK"), Argument::Long(3)],
        );
        assert_eq!(
            reply,
            Incoming::Reply {
                number: -7,
                code: "OK".into(),
                arguments: vec![Argument::Long(3)],
            }
        );
    }

    #[test]
    fn meta_tells_a_free_address_from_a_held_one() {
        let meta = |locked, holder| {
            Meta::of_arguments(vec![
                string("/a"),
                locked,
                string(holder),
                Argument::Int(900),
                Argument::Long(2),
                string("desk"),
                Argument::Float(0.5),
            ])
        };
        let held = meta(Argument::True, "tablet").unwrap();
        assert_eq!(held.holder.as_deref(), Some("tablet"));
        assert_eq!(held.remaining, Duration::from_millis(900));
        assert_eq!(held.writer, "desk");
        assert_eq!(held.values, [Argument::Float(0.5)]);
        assert_eq!(meta(Argument::False, "").unwrap().holder, None);
        assert_eq!(meta(Argument::Nil, ""), None);
    }

    #[test]
    fn what_is_not_understood_is_kept_as_it_is() {
        let newer = told("/oscgate/status/locked", vec![Argument::Nil]);
        assert!(matches!(newer, Incoming::Status(_)));
        let write = told("/oscgateway", vec![]);
        assert!(matches!(write, Incoming::Update(_)));
    }

    fn told(address: &str, arguments: Vec<Argument>) -> Incoming {
        Incoming::of_message(Message {
            address: address.into(),
            arguments,
        })
    }

    fn string(text: &str) -> Argument {
        Argument::String(text.into())
    }
}
