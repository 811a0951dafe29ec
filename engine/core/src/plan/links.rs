//! Where the inputs of a command stage appear in its private folder.

use super::{Input, InputSource, Plan, Stage, Work};
use std::collections::BTreeMap;

impl Plan {
    /// What `{in.NAME}` stands for, by name: `in/NAME.EXT` with the extension of the file it comes from, or for an input of many parts
    /// the folder `in/NAME`. Relative to the private folder.
    #[must_use]
    pub fn links(&self, stage: &Stage) -> BTreeMap<String, String> {
        let firsts = stage.inputs.chunk_by(|a, b| a.name == b.name).map(|parts| &parts[0]);
        let path = |input: &Input| match input.part {
            None => self.link(input),
            Some(_) => format!("in/{}", input.name),
        };
        firsts.map(|input| (input.name.to_string(), path(input))).collect()
    }

    /// Path of the link to one input: `in/NAME.EXT`, or `in/NAME/PART.EXT`.
    #[must_use]
    pub fn link(&self, input: &Input) -> String {
        let extension = self.extension(input.source);
        match &input.part {
            None => format!("in/{}{extension}", input.name),
            Some(part) => format!("in/{}/{part}{extension}", input.name),
        }
    }

    /// Extension of the file that an input comes from, with its dot; empty where it has none.
    fn extension(&self, source: InputSource) -> String {
        let path = match source {
            InputSource::Local(id) => self.local(id).path.clone(),
            InputSource::Stage(id, output) => match &self.stage(id).work {
                Work::Command(command) => command.output_path(usize::from(output)),
                Work::Download(work) if !work.many => work.file.source.file_name().to_owned(),
                _ => return String::new(),
            },
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        match name.rfind('.') {
            Some(at) if at > 0 => name[at..].to_owned(),
            _ => String::new(),
        }
    }
}
