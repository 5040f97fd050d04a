//! The doors as a page for people. Start at [`groups`].

use super::{
    door::{Door, Operation, Parameter, Token},
    meaning,
};
use harvestd_web::doors as web;

/// In the order in which the groups first come.
pub fn groups(doors: &[Door]) -> Vec<web::Group> {
    let mut groups: Vec<web::Group> = Vec::new();
    for door in doors {
        let operations = door.operations.iter().map(|does| shown(door, does));
        match groups.iter_mut().find(|group| group.name == door.group) {
            Some(group) => group.operations.extend(operations),
            None => groups.push(web::Group {
                name: door.group,
                operations: operations.collect(),
            }),
        }
    }
    groups
}

fn shown(door: &Door, operation: &Operation) -> web::Operation {
    let parameter = |parameter: &Parameter| {
        let needed = if parameter.required { ", needed" } else { "" };
        [
            parameter.name.to_owned(),
            format!("{}{needed}", parameter.place),
            parameter.about.to_owned(),
        ]
    };
    let answers = operation.answers.iter().map(|answer| {
        let forms = answer.media_types.join(", ");
        let meaning = meaning(answer.status).to_owned();
        [answer.status.to_string(), forms, meaning]
    });
    web::Operation {
        verb: operation.verb.word().to_uppercase(),
        path: door.template(),
        summary: operation.summary,
        token: match operation.token {
            Some(Token::Needed) => "with a token",
            Some(Token::Possible) => "with a token, or without",
            None => "",
        },
        takes: operation.bodies.join(", "),
        parameters: operation.parameters.iter().map(parameter).collect(),
        answers: answers.collect(),
    }
}
