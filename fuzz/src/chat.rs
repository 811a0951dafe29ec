//! A model's chat template: what it makes of a conversation has every message in it, told apart from the template's own text.

use std::collections::BTreeMap;
use xlt_core::chat::{ChatInput, Date, Message, Role, Variable, render};

/// The input is a template; after a byte 1, what the user says.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (template, said) = text.split_once('\u{1}').unwrap_or((text, "How are you?"));
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    let whole = [message(Role::System, "Be brief."), message(Role::User, said), message(Role::Assistant, "Well.")];
    for messages in [&whole[1..2], &whole] {
        let input = ChatInput {
            messages,
            add_generation_prompt: messages.len() == 1,
            bos: "<s>",
            eos: "</s>",
            variables: &BTreeMap::from([("enable_thinking".to_owned(), Variable::Flag(false))]),
            date: Date::new(2026, 1, 15).expect("a day"),
            slot: None,
        };
        if let Ok(segments) = render(template, &input) {
            let prompt: String = segments.iter().map(|segment| segment.text.as_str()).collect();
            for message in messages {
                assert!(prompt.contains(message.content.trim()), "{prompt:?} lacks {:?}", message.content);
            }
            assert!(segments.windows(2).all(|pair| pair[0].data != pair[1].data));
        }
    }
}
