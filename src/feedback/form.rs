//! A remark as a page's form sends it, for who has no scripts. Start at [`read`].

use super::{
    FeedbackError, Row,
    said::{Kind, Said, Sent},
};

const KNOWN: &str = "dataset, text and who";

pub(super) fn read(body: &[u8]) -> Result<Sent, FeedbackError> {
    let mut said = Said::nothing("", Kind::Remark);
    for (name, value) in url::form_urlencoded::parse(body) {
        let value = value.into_owned();
        match &*name {
            "dataset" => said.dataset = value,
            // Browsers send the ends of lines as CR and LF.
            "text" => said.text = Some(value.replace("\r\n", "\n")),
            "who" => said.who = Some(value),
            other => {
                return Err(FeedbackError::Refused(vec![Row::new(
                    other, "a field", KNOWN,
                )]));
            }
        }
    }
    Ok(Sent {
        said,
        contact: None,
    })
}
