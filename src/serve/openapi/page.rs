//! The doors as a page for people: no scripts, no other host. Start at [`page`].

use super::{
    super::html::{self, escape},
    door::{Door, Operation, Token},
    meaning,
};

pub fn page(prefix: &str, doors: &[Door]) -> String {
    let mut groups: Vec<&str> = Vec::new();
    for door in doors {
        if !groups.contains(&door.group) {
            groups.push(door.group);
        }
    }
    let mut body = format!(
        "<p>Every public door, as the router was built. For programs: <a href=\"{0}/openapi.json\">openapi.json</a> \
         (OpenAPI 3.1). Whatever answers GET answers HEAD as well.</p>",
        escape(prefix)
    );
    for group in groups {
        body.push_str(&format!("\n<h2>{}</h2>", escape(group)));
        for door in doors.iter().filter(|door| door.group == group) {
            for operation in &door.operations {
                body.push_str(&shown(door, operation));
            }
        }
    }
    html::page(prefix, "The doors", &body)
}

fn shown(door: &Door, operation: &Operation) -> String {
    let mut text = format!(
        "\n<h3>{} {}</h3><p>{}</p>",
        operation.verb.word().to_uppercase(),
        escape(&door.template()),
        escape(operation.summary)
    );
    match operation.token {
        Some(Token::Needed) => text.push_str("<p>With a token.</p>"),
        Some(Token::Possible) => text.push_str("<p>With a token, or without.</p>"),
        None => {}
    }
    if !operation.bodies.is_empty() {
        let bodies = operation.bodies.join(", ");
        text.push_str(&format!("<p>Takes {}.</p>", escape(&bodies)));
    }
    let mut rows = String::new();
    for parameter in &operation.parameters {
        rows.push_str(&format!(
            "<tr><td>{}</td><td>{}{}</td><td>{}</td></tr>",
            escape(parameter.name),
            parameter.place,
            if parameter.required { ", needed" } else { "" },
            escape(parameter.about)
        ));
    }
    if !rows.is_empty() {
        text.push_str(&format!(
            "<table><tr><th>parameter</th><th>where</th><th>what</th></tr>{rows}</table>"
        ));
    }
    let mut rows = String::new();
    for answer in &operation.answers {
        rows.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            answer.status,
            escape(&answer.media_types.join(", ")),
            meaning(answer.status)
        ));
    }
    text.push_str(&format!(
        "<table><tr><th>status</th><th>form</th><th>meaning</th></tr>{rows}</table>"
    ));
    text
}
