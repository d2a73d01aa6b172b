//! How a digest becomes mails that are not too large: which lists are attached, and in how many parts.

use super::digest::{Digest, Measure};
use super::{list, size};
use crate::exit::Failure;
use crate::ndjson;
use crate::record::Attachment;

/// What a record may come to; the rest of its line is for texts, headers and recipients.
const RECORD: usize = ndjson::LINE_LIMIT - 2 * 1024 * 1024;
/// An alert id in a record.
const ID: usize = 67;
/// A list that has less room than this is not begun.
const LEAST: usize = 8_000;
/// A part header with its boundary, and the attachment's name.
const FRAME: usize = 400;

/// What is attached, and to how many mails.
pub(super) struct Parts {
    /// How many items each mail stands for.
    pub(super) sizes: Vec<usize>,
    csv: bool,
    json: bool,
    /// Why something is not attached.
    pub(super) left_out: Option<String>,
}

impl Parts {
    /// What fits into mails that have this much room left beside their texts.
    pub(super) fn of(
        digest: &mut Digest,
        shown: usize,
        room: usize,
        max_size: usize,
    ) -> Result<Self, Failure> {
        let all = digest.measure;
        let has_list = all.items > shown && !digest.audience.hides;
        let fits = |lists: &[(usize, usize)]| {
            let bytes: usize = lists.iter().map(|(bytes, _)| size::in_base64(*bytes) + FRAME).sum();
            let record: usize = lists.iter().map(|(_, record)| record).sum();
            bytes <= room && record + ID * all.items <= RECORD
        };
        let csv = (all.csv + list::head().len(), all.record_csv);
        let json = (all.json + 8, all.record_json);
        let mut parts = Self { sizes: vec![all.items], csv: has_list, json: has_list, left_out: None };
        if has_list && fits(&[csv, json]) {
            return Ok(parts);
        }
        parts.json = false;
        let why = format!("the mail would be larger than {max_size} bytes");
        if has_list && room >= LEAST {
            parts.left_out = Some(format!("The JSON list is left out: with it, {why}."));
        } else if has_list {
            parts.csv = false;
            parts.left_out = Some(format!("The full list is left out: with it, {why}."));
        }
        if !(parts.csv && fits(&[csv])) {
            parts.sizes = parts.cut(digest, room)?;
        }
        Ok(parts)
    }

    /// Fills one mail after the other.
    fn cut(&self, digest: &mut Digest, room: usize) -> Result<Vec<usize>, Failure> {
        let head = list::head().len();
        let mut sizes = Vec::new();
        let mut part = Measure::default();
        let mut lines = digest.list.lines()?;
        while let Some(line) = lines.next_line()? {
            let mut with = part;
            with.add(&line);
            let csv = if self.csv { size::in_base64(head + with.csv) + FRAME } else { 0 };
            let record = if self.csv { with.record_csv } else { 0 };
            let is_full = csv > room || record + ID * with.items > RECORD;
            if is_full && part.items > 0 {
                sizes.push(part.items);
                with = Measure::default();
                with.add(&line);
            }
            part = with;
        }
        sizes.push(part.items);
        Ok(sizes)
    }

    /// What each mail has attached, in words.
    pub(super) fn attached(&self) -> Vec<String> {
        let lists = [("CSV", self.csv), ("JSON", self.json)].into_iter().filter(|(_, wanted)| *wanted);
        lists.map(|(name, _)| name.to_owned()).collect()
    }

    /// The alert ids and attachments of the next mail, from a list that is read from its beginning.
    pub(super) fn next(
        &self,
        part: usize,
        items: usize,
        lines: &mut super::spill::Lines<'_>,
        room: usize,
    ) -> Result<(Vec<String>, Vec<Attachment>), Failure> {
        let mut ids = Vec::with_capacity(items);
        let mut csv = if self.csv { list::head() } else { String::new() };
        let mut json = String::new();
        for _ in 0..items {
            let Some(line) = lines.next_line()? else { break };
            ids.push(line.id.to_owned());
            // The only item of a mail may still be too long for it.
            if self.csv && size::in_base64(csv.len() + line.csv.len() + 2) + FRAME <= room {
                csv.push_str(line.csv);
                csv.push_str("\r\n");
            }
            if self.json {
                json.push_str(if json.is_empty() { "[\n" } else { ",\n" });
                json.push_str(line.json);
            }
        }
        json.push_str("\n]\n");
        let suffix = if self.sizes.len() > 1 { format!("-{part}") } else { String::new() };
        let mut attachments = Vec::new();
        for (wanted, end, media_type, text) in
            [(self.csv, "csv", "text/csv", csv), (self.json, "json", "application/json", json)]
        {
            if wanted {
                let name = format!("alerts{suffix}.{end}");
                attachments.push(Attachment { name, media_type: media_type.to_owned(), text });
            }
        }
        Ok((ids, attachments))
    }
}
