//! The answer to the question for one dataset. It maps nothing. Start reading at [`Interchange::read_dataset`].

use super::{
    DATASET, Interchange, Note, PUBLISHER, agent,
    envelope::{self, Said},
    fields::{Fields, json},
    listing::key_refused,
};
use crate::{
    Answer, Location, Page, ReadError, ReadErrorKind, RecordId, Request, Stop, saying::segment,
};
use harvestd_vocab::{Class, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::ops::ControlFlow;

/// What stands around a result, at most.
const ENVELOPE_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) id: String,
    /// The filter of a run of changes, where this dataset is to tell whether the platform obeys it.
    pub(super) not_before: Option<String>,
}

impl Interchange {
    pub(super) fn ask_dataset(&self, asked: Asked) -> Request {
        let mut url = self.datasets.clone();
        url.set_path(&format!("{}/{}", url.path(), segment(&asked.id)));
        Request {
            any_status: true,
            ..Request::get(url, "application/json").note(&Note::Dataset(asked))
        }
    }

    pub(super) fn read_dataset(
        &self,
        asked: &Asked,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let doing = format!("asking for the dataset {}", asked.id);
        if matches!(answer.status, 429 | 503) {
            let found = format!("status {}", answer.status);
            let expected = "a platform that answers";
            return Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                doing,
                found,
                expected,
            ));
        }
        let bytes_max = self.record_bytes_max.saturating_add(ENVELOPE_BYTES_MAX);
        let refused = match envelope::read(answer.status, answer.body, bytes_max)? {
            Said::Result(raw) => match self.hand_out(asked, &raw, page) {
                Ok(_stopped) => return Ok(()),
                Err(why) => why,
            },
            Said::NotFound(_) => {
                let _stopped = page.gone(RecordId::dataset(&asked.id));
                return Ok(());
            }
            Said::KeyRefused(words) => return Err(key_refused(&doing, &words)),
            Said::Failed(words) => Refusal::new("source-failed", &asked.id, &words, "the dataset"),
            Said::Unreadable { code, found } => Refusal::new(
                code,
                &asked.id,
                &found,
                "{\"success\": true, \"result\": {…}}",
            ),
            Said::TooLarge => self.too_large(&asked.id),
        };
        let at = Location {
            key: Some(asked.id.clone()),
            ..Location::default()
        };
        let _stopped = page.refused(at, refused);
        Ok(())
    }

    fn hand_out(
        &self,
        asked: &Asked,
        raw: &RawValue,
        page: &mut dyn Page,
    ) -> Result<ControlFlow<Stop>, Refusal> {
        let raw = match serde_json::from_str::<[&RawValue; 1]>(raw.get()) {
            Ok([only]) => only,
            Err(_) => raw,
        };
        let bytes = raw.get().as_bytes();
        if bytes.len() > self.record_bytes_max {
            return Err(self.too_large(&asked.id));
        }
        let value = json(DATASET, bytes)?;
        let fields = Fields::of(&value);
        if fields.text(&["title"]).is_empty() && fields.objects(&["distribution"]).is_empty() {
            let expected = "a dataset with a title or a distribution";
            return Err(Refusal::new(
                "not-a-dataset",
                &asked.id,
                raw.get(),
                expected,
            ));
        }
        Ok(hand_out_parts(asked, &fields, bytes, page))
    }

    fn too_large(&self, id: &str) -> Refusal {
        let expected = format!("at most {} bytes", self.record_bytes_max);
        Refusal::new("record-too-large", id, "a longer answer", expected)
    }
}

fn hand_out_parts(
    asked: &Asked,
    fields: &Fields<'_>,
    raw: &[u8],
    page: &mut dyn Page,
) -> ControlFlow<Stop> {
    let modified = fields.text(super::describe::MODIFIED);
    if let Some(not_before) = &asked.not_before
        && !modified.is_empty()
        // Both in Taiwan's time; days are enough to tell.
        && modified.get(..10) < not_before.get(..10)
    {
        let text = format!(
            "asked for changes since {not_before}, {} is of {modified}",
            asked.id
        );
        page.noticed("filter-ignored", text)?;
    }
    if let Some(agent) = agent::record_of(fields) {
        let id = RecordId::new(Class::Agent, agent.key());
        page.part(id, PUBLISHER, agent.raw().as_bytes())?;
    }
    page.part(RecordId::dataset(&asked.id), DATASET, raw)
}
